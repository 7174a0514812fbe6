//! A price list as carriers send it: lines of `prefix,price[,description]`, or with a first line
//! that names its columns.

use std::borrow::Cow;

use sidetone_conf::{Diagnostic, Span};

use crate::{Draft, Price, Rate};

/// The longest line: prefix, two prices and a description.
const MAX_LINE_BYTES: usize = 4_096;

/// Where things stand in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    prefix: usize,
    price: usize,
    fee: Option<usize>,
    description: Option<usize>,
}

/// Without a line of names.
const USUAL: Columns = Columns { prefix: 0, price: 1, fee: None, description: Some(2) };

/// Names of columns, as far as they are known.
const PREFIX: &[&str] = &["prefix", "code", "dial code", "dialcode", "destination code"];
const PRICE: &[&str] = &["price", "rate", "price per minute", "rate per minute"];
const FEE: &[&str] = &["fee", "connect fee", "connection fee", "setup fee"];
const DESCRIPTION: &[&str] = &["description", "destination", "name", "country"];

/// Reads a price list into the draft. Lines that begin with `#` are notes; columns are separated
/// by commas, semicolons or tabs, whichever comes first, and a comma in a price is a decimal point
/// if it separates nothing.
pub fn read_sheet(file: &str, bytes: &[u8], into: &mut Draft) {
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let file: std::sync::Arc<str> = file.into();
    let mut layout: Option<(char, Columns)> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if line.trim_start().is_empty() || line.starts_with('#') {
            continue;
        }
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let at = Span::new(std::sync::Arc::clone(&file), number, 0);
        if line.len() > MAX_LINE_BYTES {
            let words = format!("a line of a price list has at most {MAX_LINE_BYTES} bytes");
            into.say(Diagnostic::error(&at, words));
            continue;
        }
        let Some((separator, columns)) = layout else {
            let separator = separator(line);
            let fields = fields(line, separator);
            if !is_header(&fields) {
                layout = Some((separator, USUAL));
                row(&fields, USUAL, separator, &at, into);
                continue;
            }
            match header(&fields) {
                Some(columns) => layout = Some((separator, columns)),
                None => {
                    let words = "the first line names no column 'prefix' or none 'price'";
                    let hint = "write prefix,price,description, or no line of names";
                    return into.say(Diagnostic::error(&at, words).hint(hint));
                }
            }
            continue;
        };
        row(&fields(line, separator), columns, separator, &at, into);
    }
}

/// What separates the columns, by the first line: a description at its end may hold other marks.
fn separator(line: &str) -> char {
    let mut quoted = false;
    let separates = |c: &char| {
        quoted ^= *c == '"';
        !quoted && matches!(c, ',' | ';' | '\t')
    };
    line.chars().find(separates).unwrap_or(',')
}

/// A line of names has no digit in its first columns.
fn is_header(fields: &[Cow<'_, str>]) -> bool {
    let is_word = |field: &Cow<'_, str>| {
        field.contains(|c: char| c.is_alphabetic()) && !field.contains(|c: char| c.is_ascii_digit())
    };
    fields.iter().take(2).all(is_word)
}

fn header(fields: &[Cow<'_, str>]) -> Option<Columns> {
    let place = |names: &[&str]| {
        let is = |field: &Cow<'_, str>| {
            let field = field.trim().replace('_', " ");
            names.iter().any(|name| name.eq_ignore_ascii_case(&field))
        };
        fields.iter().position(is)
    };
    Some(Columns {
        prefix: place(PREFIX)?,
        price: place(PRICE)?,
        fee: place(FEE),
        description: place(DESCRIPTION),
    })
}

fn row(fields: &[Cow<'_, str>], columns: Columns, separator: char, at: &Span, into: &mut Draft) {
    let field = |place: usize| fields.get(place).map_or("", |field| field.trim());
    let price = |text: &str| match separator {
        ',' => Price::new(text),
        _ => Price::new(&text.replacen(',', ".", 1)),
    };
    let fee = columns.fee.map_or("", field);
    let rate = price(field(columns.price)).and_then(|per_minute| {
        let fee = if fee.is_empty() { Price::default() } else { price(fee)? };
        Ok(Rate { price: per_minute, fee })
    });
    match rate {
        Ok(rate) => {
            into.add(field(columns.prefix), rate, columns.description.map_or("", field), at);
        }
        Err(words) => into.say(Diagnostic::error(at, words)),
    }
}

/// The fields of a line. One in double quotes may hold the separator, and a quote written twice.
fn fields(line: &str, separator: char) -> Vec<Cow<'_, str>> {
    if !line.contains('"') {
        return line.split(separator).map(Cow::from).collect();
    }
    let (mut all, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            c if c == separator && !quoted => all.push(Cow::from(std::mem::take(&mut field))),
            c => field.push(c),
        }
    }
    all.push(Cow::from(field));
    all
}
