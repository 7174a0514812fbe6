//! Functions of the dialplan that need no call: text, numbers, lists, time, hashes.
//!
//! Each is one file with its reference page, its code and its tests; [`FUNCTIONS`] lists them.
//! What they need of the channel is [`FunctionHost`]. Functions bound to a call (CHANNEL,
//! PJSIP_HEADER, …) have the same shape with other code types: [`Function`] is generic over
//! them. EVAL, LOCAL, LOCAL_PEEK, STACK_PEEK, EXCEPTION and DIALPLAN_EXISTS belong to the dialplan
//! itself (`sidetone_dialplan::functions`).

#![forbid(unsafe_code)]

mod abs;
mod array;
mod base64_decode;
mod base64_encode;
mod basename;
mod csv_quote;
mod cut;
mod db;
mod db_delete;
mod db_exists;
mod db_keycount;
mod db_keys;
mod dec;
mod delete;
mod digit_sum;
mod dirname;
mod env;
mod exists;
mod fieldnum;
mod fieldqty;
mod filter;
mod global;
mod global_delete;
mod global_exists;
mod hash;
mod hashkeys;
mod if_;
mod iftime;
mod inc;
mod isnull;
mod keypadhash;
mod len;
mod listfilter;
mod ltrim;
mod math;
mod max;
mod md5;
mod min;
mod passthru;
mod pop;
mod push;
mod quote;
mod rand;
mod regex;
mod replace;
mod rtrim;
mod set;
mod sha1;
mod shift;
mod sort;
mod sprintf;
mod strbetween;
mod strftime;
mod strptime;
mod strreplace;
mod tolower;
mod toupper;
mod trim;
mod unshift;
mod uridecode;
mod uriencode;
mod uuid;
mod variable_exists;
mod version;

mod hashes;
mod host;
#[cfg(test)]
mod testing;

pub use hashes::{Hashes, HashesFull, MAX_HASH_BYTES, MAX_HASH_KEYS};
pub use host::FunctionHost;

use sidetone_dialplan::expand::slice;
use sidetone_dialplan::{Doc, FunctionError, arguments};

/// What reading a function gives.
pub type Outcome = Result<String, FunctionError>;

/// What setting a function gives.
pub type Written = Result<(), FunctionError>;

/// The code of a function that is read: host and arguments.
pub type Read = fn(&mut dyn FunctionHost, &str) -> Outcome;

/// The code of a function that is set: host, arguments and value.
pub type Write = fn(&mut dyn FunctionHost, &str, &str) -> Written;

/// A function with its reference page. Those that need more than a [`FunctionHost`] bring their
/// own types of code, for instance `fn(&mut Channel, &str) -> Outcome`.
#[derive(Clone, Copy, Debug)]
pub struct Function<R = Read, W = Write> {
    /// What `core show function` prints.
    pub doc: Doc,
    /// `${NAME(…)}`.
    pub read: Option<R>,
    /// `Set(NAME(…)=…)`.
    pub write: Option<W>,
}

/// Every function of this folder, by name.
pub const FUNCTIONS: &[Function] = &[
    abs::FUNCTION,
    array::FUNCTION,
    base64_decode::FUNCTION,
    base64_encode::FUNCTION,
    basename::FUNCTION,
    csv_quote::FUNCTION,
    cut::FUNCTION,
    db::FUNCTION,
    db_delete::FUNCTION,
    db_exists::FUNCTION,
    db_keycount::FUNCTION,
    db_keys::FUNCTION,
    dec::FUNCTION,
    delete::FUNCTION,
    digit_sum::FUNCTION,
    dirname::FUNCTION,
    env::FUNCTION,
    exists::FUNCTION,
    fieldnum::FUNCTION,
    fieldqty::FUNCTION,
    filter::FUNCTION,
    global::FUNCTION,
    global_delete::FUNCTION,
    global_exists::FUNCTION,
    hash::FUNCTION,
    hashkeys::FUNCTION,
    if_::FUNCTION,
    iftime::FUNCTION,
    inc::FUNCTION,
    isnull::FUNCTION,
    keypadhash::FUNCTION,
    len::FUNCTION,
    listfilter::FUNCTION,
    ltrim::FUNCTION,
    math::FUNCTION,
    max::FUNCTION,
    md5::FUNCTION,
    min::FUNCTION,
    passthru::FUNCTION,
    pop::FUNCTION,
    push::FUNCTION,
    quote::FUNCTION,
    rand::FUNCTION,
    regex::FUNCTION,
    replace::FUNCTION,
    rtrim::FUNCTION,
    set::FUNCTION,
    sha1::FUNCTION,
    shift::FUNCTION,
    sort::FUNCTION,
    sprintf::FUNCTION,
    strbetween::FUNCTION,
    strftime::FUNCTION,
    strptime::FUNCTION,
    strreplace::FUNCTION,
    tolower::FUNCTION,
    toupper::FUNCTION,
    trim::FUNCTION,
    unshift::FUNCTION,
    uridecode::FUNCTION,
    uriencode::FUNCTION,
    uuid::FUNCTION,
    variable_exists::FUNCTION,
    version::FUNCTION,
];

/// A function by its exact name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Function> {
    let index = FUNCTIONS.binary_search_by(|function| function.doc.name.cmp(name)).ok()?;
    FUNCTIONS.get(index)
}

/// Reads a function of this folder; `None` when it is not here.
pub fn read(host: &mut dyn FunctionHost, name: &str, arguments: &str) -> Option<Outcome> {
    Some(match find(name)?.read {
        Some(read) => read(host, arguments),
        None => Err(FunctionError::NotReadable),
    })
}

/// Sets a function of this folder; `None` when it is not here.
pub fn write(
    host: &mut dyn FunctionHost,
    name: &str,
    arguments: &str,
    value: &str,
) -> Option<Written> {
    Some(match find(name)?.write {
        Some(write) => write(host, arguments, value),
        None => Err(FunctionError::NotWritable),
    })
}

fn arguments_error(text: impl Into<String>) -> FunctionError {
    FunctionError::Arguments(text.into())
}

fn failed(text: impl Into<String>) -> FunctionError {
    FunctionError::Failed(text.into())
}

/// The content of what an argument names: `NAME`, `NAME:1:2` or `FUNC(arguments)`.
fn value_of(host: &mut dyn FunctionHost, reference: &str) -> Outcome {
    let reference = reference.trim();
    let (whole, substring) = match arguments::find_outside(reference, ':') {
        Some(at) => (reference.get(..at).unwrap_or_default(), reference.get(at + 1..)),
        None => (reference, None),
    };
    let value = match whole.strip_suffix(')').and_then(|call| call.split_once('(')) {
        Some((name, arguments)) => match read(host, name, arguments) {
            Some(outcome) => outcome?,
            None => {
                let outcome = host.channel_function(name, arguments);
                outcome.unwrap_or_else(|| Err(failed(format!("there is no function {name}"))))?
            }
        },
        None => host.variable(whole).unwrap_or_default(),
    };
    let Some(substring) = substring else {
        return Ok(value);
    };
    let (offset, length) = match substring.split_once(':') {
        Some((offset, length)) => (offset, Some(length)),
        None => (substring, None),
    };
    let number = |text: &str| text.trim().parse::<i64>().ok();
    match (number(offset), length.map(number)) {
        (Some(offset), None) => Ok(slice(&value, offset, None)),
        (Some(offset), Some(Some(length))) => Ok(slice(&value, offset, Some(length))),
        _ => Err(arguments_error(format!("`:{substring}` is no offset and length"))),
    }
}

/// Text without surrounding quotes, with `\n`, `\r`, `\t`, `\x2c` and `\,` resolved.
fn unescape(text: &str) -> String {
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('x') => {
                let digits: String = rest.clone().take(2).collect();
                match u8::from_str_radix(&digits, 16) {
                    Ok(byte) => {
                        out.push(char::from(byte));
                        rest = rest.as_str().get(2..).unwrap_or_default().chars();
                    }
                    Err(_) => out.push('x'),
                }
            }
            other => out.push(other.unwrap_or('\\')),
        }
    }
    out
}

/// The first character of an escaped argument; a comma without one.
fn delimiter(text: Option<&String>) -> char {
    text.and_then(|text| unescape(text).chars().next()).unwrap_or(',')
}

/// Takes one field from the list in the variable that the arguments name. `cut` parts the list into
/// what stays and the field; a list it cannot part is its own last field.
fn take(
    host: &mut dyn FunctionHost,
    arguments: &str,
    cut: impl for<'a> Fn(&'a str, char) -> Option<(&'a str, &'a str)>,
) -> Outcome {
    let parts = fields_up_to(arguments, 2);
    let Some(name) = parts.first().map(|name| name.trim()).filter(|name| !name.is_empty()) else {
        return Err(arguments_error("a variable is needed"));
    };
    let list = host.variable(name).unwrap_or_default();
    let (rest, field) = cut(&list, delimiter(parts.get(1))).unwrap_or(("", &list));
    host.set_variable(name, Some(rest.to_owned()));
    Ok(field.to_owned())
}

/// Adds a field to the list in the variable that the arguments name. `order` says which comes
/// first, the old list or the field.
fn add(
    host: &mut dyn FunctionHost,
    arguments: &str,
    value: &str,
    order: impl for<'a> Fn(&'a str, &'a str) -> [&'a str; 2],
) -> Written {
    let parts = fields_up_to(arguments, 2);
    let Some(name) = parts.first().map(|name| name.trim()).filter(|name| !name.is_empty()) else {
        return Err(arguments_error("a variable is needed"));
    };
    let old = host.variable(name).unwrap_or_default();
    let new = match old.is_empty() {
        true => value.to_owned(),
        false => order(&old, value).join(&delimiter(parts.get(1)).to_string()),
    };
    host.set_variable(name, Some(new));
    Ok(())
}

/// Arguments with their quotes and backslashes, at most so many.
fn fields_up_to(text: &str, most: usize) -> Vec<String> {
    arguments::split_raw(text, ',', most)
}

/// A decimal number, perhaps with spaces around it.
fn number(text: &str) -> Result<f64, FunctionError> {
    let wrong = || arguments_error(format!("`{text}` is no number"));
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    let text = text.trim();
    let value: f64 = text.parse().map_err(|_| wrong())?;
    if text.chars().all(plain) && value.is_finite() { Ok(value) } else { Err(wrong()) }
}

/// Text without spaces and one pair of quotes around it.
fn unquoted(text: &str) -> String {
    let text = text.trim();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).to_owned()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::*;
    use super::*;

    #[test]
    fn the_table_is_sorted_and_documented() {
        assert!(FUNCTIONS.is_sorted_by_key(|function| function.doc.name));
        for function in FUNCTIONS {
            let doc = function.doc;
            assert!(!doc.synopsis.is_empty() && !doc.synopsis.ends_with('.'), "{}", doc.name);
            assert!(function.read.is_some() || function.write.is_some(), "{}", doc.name);
            for (argument, _) in doc.arguments {
                assert!(doc.syntax.contains(argument), "{}: {argument}", doc.name);
            }
            assert!(find(doc.name).is_some_and(|found| found.doc == doc));
        }
        assert!(find("NOSUCH").is_none());
    }

    #[test]
    fn escapes_resolve() {
        assert_eq!(unescape("\\x2c\\n\\,\\\\\\x"), ",\n,\\x");
        assert_eq!(unescape("\",\""), ",");
        assert_eq!(unescape("\\xé"), "xé");
    }

    proptest! {
        #[test]
        fn no_argument_makes_a_function_panic(
            arguments in "[a-zA-Z0-9,%:?\"\\\\&().+*/ <>=-]{0,40}|\\PC{0,20}",
            value in "\\PC{0,20}",
        ) {
            let mut host = host();
            for function in FUNCTIONS {
                let _ = super::read(&mut host, function.doc.name, &arguments);
                let _ = write(&mut host, function.doc.name, &arguments, &value);
            }
        }
    }
}
