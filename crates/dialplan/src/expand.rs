//! `${…}` and `$[…]` in a text replaced by what they stand for.
//!
//! Structure first, values second: parentheses and colons inside a value never change which
//! function is called, unless the whole name comes from a variable (`${${NAME}}`). Lengths and
//! offsets count characters, so that no UTF-8 sequence is cut.

use std::fmt;

use crate::host::{FunctionError, RunEvent};
use crate::limits::{MAX_EXPANSION_DEPTH, MAX_VALUE_BYTES};
use crate::{BoxFuture, Host, expression, functions};

/// Why a text could not be expanded. Nothing is cut: the priority does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpandError {
    /// The result is longer than [`MAX_VALUE_BYTES`].
    TooLong,
    /// Nested deeper than [`MAX_EXPANSION_DEPTH`].
    TooDeep,
    /// A function that is not there: which, and why.
    Missing(String),
}

impl fmt::Display for ExpandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the value is longer than {MAX_VALUE_BYTES} bytes"),
            Self::TooDeep => {
                write!(f, "variables are nested deeper than {MAX_EXPANSION_DEPTH} levels")
            }
            Self::Missing(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for ExpandError {}

/// Expands a text. What a function cannot answer and an expression cannot compute is reported as
/// a warning and counts as empty.
///
/// # Errors
/// A bound is exceeded, or the text names a function that is not there.
pub async fn expand<H: Host>(host: &mut H, text: &str) -> Result<String, ExpandError> {
    if !text.contains('$') {
        return bounded(text.to_owned());
    }
    expand_nested(host, text, 0).await
}

/// [`expand`] from inside an expansion: `depth` counts on.
pub(crate) fn expand_nested<'a, H: Host>(
    host: &'a mut H,
    text: &'a str,
    depth: usize,
) -> BoxFuture<'a, Result<String, ExpandError>> {
    Box::pin(async move {
        if depth >= MAX_EXPANSION_DEPTH {
            return Err(ExpandError::TooDeep);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(part) = next_part(rest) {
            match part {
                Part::Literal(text, after) => {
                    out.push_str(text);
                    rest = after;
                }
                Part::Variable(inner, after) => {
                    out.push_str(&reference(host, inner, depth + 1).await?);
                    rest = after;
                }
                Part::Expression(inner, after) => {
                    let inner = expand_nested(host, inner, depth + 1).await?;
                    out.push_str(&compute(host, &inner));
                    rest = after;
                }
                Part::Unclosed(text) => {
                    warn(host, &format!("`{text}` has no closing bracket and is left as it is"));
                    out.push_str(text);
                    rest = "";
                }
            }
            if out.len() > MAX_VALUE_BYTES {
                return Err(ExpandError::TooLong);
            }
        }
        Ok(out)
    })
}

pub(crate) fn warn<H: Host>(host: &mut H, message: &str) {
    host.report(RunEvent::Warning { message });
}

fn bounded(text: String) -> Result<String, ExpandError> {
    if text.len() > MAX_VALUE_BYTES { Err(ExpandError::TooLong) } else { Ok(text) }
}

fn compute<H: Host>(host: &mut H, text: &str) -> String {
    match expression::evaluate(text) {
        Ok(outcome) => {
            if let Some(warning) = outcome.warning {
                warn(host, &format!("$[{text}]: {warning}"));
            }
            outcome.text
        }
        Err(error) => {
            warn(host, &format!("$[{text}] is empty: {error}"));
            String::new()
        }
    }
}

/// The next piece of a text; `None` at its end.
pub(crate) enum Part<'t> {
    /// Text to be copied, and what follows.
    Literal(&'t str, &'t str),
    /// Between `${` and `}`, and what follows.
    Variable(&'t str, &'t str),
    /// Between `$[` and `]`, and what follows.
    Expression(&'t str, &'t str),
    /// `${` or `$[` up to the end of the text.
    Unclosed(&'t str),
}

pub(crate) fn next_part(text: &str) -> Option<Part<'_>> {
    if text.is_empty() {
        return None;
    }
    let opening = |(at, _): &(usize, _)| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'['));
    let Some((start, _)) = text.match_indices('$').find(opening) else {
        return Some(Part::Literal(text, ""));
    };
    if start > 0 {
        let (literal, after) = text.split_at(start);
        return Some(Part::Literal(literal, after));
    }
    let is_variable = text.starts_with("${");
    let (open, close) = if is_variable { ('{', '}') } else { ('[', ']') };
    let inside = text.get(2..).unwrap_or_default();
    let Some(end) = find_closing(inside, open, close) else {
        return Some(Part::Unclosed(text));
    };
    let (inner, after) = (inside.get(..end)?, inside.get(end + 1..)?);
    Some(if is_variable { Part::Variable(inner, after) } else { Part::Expression(inner, after) })
}

/// The position of the bracket that closes one opened before the text.
fn find_closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 1_usize;
    for (index, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}

/// What stands between the braces: `NAME`, `NAME:1:2`, `FUNC(args)`, `FUNC(args):1:2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference<'t> {
    pub(crate) name: &'t str,
    pub(crate) arguments: Option<&'t str>,
    pub(crate) substring: Option<&'t str>,
}

/// Takes a reference apart without looking into nested references.
pub(crate) fn parse_reference(text: &str) -> Reference<'_> {
    let mut braces = 0_usize;
    let mut parentheses = 0_usize;
    let mut open = None;
    let mut closed = None;
    let mut colon = None;
    for (index, c) in text.char_indices() {
        match c {
            '{' | '[' => braces += 1,
            '}' | ']' => braces = braces.saturating_sub(1),
            _ if braces > 0 => {}
            '(' => {
                parentheses += 1;
                open.get_or_insert(index);
            }
            ')' => {
                parentheses = parentheses.saturating_sub(1);
                closed = Some(index);
            }
            ':' if parentheses == 0 => {
                colon = Some(index);
                break;
            }
            _ => {}
        }
    }
    let (call, substring) = match colon {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    };
    let Some(open) = open else {
        return Reference { name: call, arguments: None, substring };
    };
    let end = closed.filter(|closed| *closed > open).unwrap_or(call.len());
    Reference {
        name: call.get(..open).unwrap_or_default(),
        arguments: Some(call.get(open + 1..end).unwrap_or_default()),
        substring,
    }
}

async fn reference<H: Host>(
    host: &mut H,
    inner: &str,
    depth: usize,
) -> Result<String, ExpandError> {
    let raw = parse_reference(inner);
    let name = nested(host, raw.name, depth).await?;
    // `${${A}}` where A holds a whole reference such as `CALLERID(num)`.
    let whole = (raw.arguments.is_none() && raw.name.contains('$')).then(|| parse_reference(&name));
    let own_name = whole.map_or(name.as_str(), |whole| whole.name);
    let arguments = match (raw.arguments, whole.and_then(|whole| whole.arguments)) {
        (Some(raw), _) => Some(nested(host, raw, depth).await?),
        (None, Some(expanded)) => Some(expanded.to_owned()),
        (None, None) => None,
    };
    let value = match arguments {
        Some(arguments) => call(host, own_name, &arguments, depth).await?,
        None => host.variable(own_name).unwrap_or_default(),
    };
    let value = bounded(value)?;
    let substring = match (raw.substring, whole.and_then(|whole| whole.substring)) {
        (Some(raw), _) => nested(host, raw, depth).await?,
        (None, Some(expanded)) => expanded.to_owned(),
        (None, None) => return Ok(value),
    };
    Ok(cut(host, &value, &substring))
}

async fn nested<H: Host>(host: &mut H, text: &str, depth: usize) -> Result<String, ExpandError> {
    if text.contains('$') { expand_nested(host, text, depth).await } else { Ok(text.to_owned()) }
}

/// The value of a function, be it of this crate or of the host.
pub(crate) async fn call<H: Host>(
    host: &mut H,
    name: &str,
    arguments: &str,
    depth: usize,
) -> Result<String, ExpandError> {
    let outcome = match functions::read(host, name, arguments, depth).await? {
        Some(outcome) => outcome,
        None => host.call_function(name, arguments).await,
    };
    outcome.or_else(|error: FunctionError| {
        let what = format!("${{{name}({arguments})}}");
        if error.is_missing() {
            return Err(ExpandError::Missing(format!("{what}: {error}")));
        }
        warn(host, &format!("{what} is empty: {error}"));
        Ok(String::new())
    })
}

fn cut<H: Host>(host: &mut H, value: &str, substring: &str) -> String {
    let (offset, length) = match substring.split_once(':') {
        Some((offset, length)) => (offset, Some(length)),
        None => (substring, None),
    };
    let number = |text: &str| match text.trim() {
        "" => Some(0),
        text => text.parse::<i64>().ok(),
    };
    match (number(offset), length.map(number)) {
        (Some(offset), None) => slice(value, offset, None),
        (Some(offset), Some(Some(length))) => slice(value, offset, Some(length)),
        _ => {
            warn(host, &format!("`:{substring}` is no offset and length; the whole value is used"));
            value.to_owned()
        }
    }
}

/// `length` characters from `offset`. A negative offset counts from the end, a negative length
/// leaves off that many at the end.
#[must_use]
pub fn slice(value: &str, offset: i64, length: Option<i64>) -> String {
    let count = i64::try_from(value.chars().count()).unwrap_or(i64::MAX);
    let start = if offset < 0 { count.saturating_add(offset).max(0) } else { offset.min(count) };
    let end = match length {
        None => count,
        Some(length) if length < 0 => count.saturating_add(length).max(start),
        Some(length) => start.saturating_add(length).min(count),
    };
    let start_index = usize::try_from(start).unwrap_or(usize::MAX);
    let taken = usize::try_from(end - start).unwrap_or(0);
    value.chars().skip(start_index).take(taken).collect()
}
