//! An expression's text cut into tokens.

/// A piece of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// Text without quotes; backslashes stay, regular expressions need them.
    Word(&'t str),
    /// Text between quotes, `\"` still escaped.
    Quoted(&'t str),
    /// One of [`OPERATORS`].
    Operator(&'static str),
}

/// Longer ones before their beginnings.
const OPERATORS: [&str; 22] = [
    "::", "=~", "~~", "!=", "<=", ">=", "==", "||", "&&", "|", "&", "=", "<", ">", "+", "-", "*",
    "/", "%", "!", "?", ":",
];
const PUNCTUATION: [&str; 3] = ["(", ")", ","];

pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (token, after) = next(rest);
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

fn next(text: &str) -> (Token<'_>, &str) {
    if let Some(inside) = text.strip_prefix('"') {
        let end = closing_quote(inside);
        let quoted = inside.get(..end).unwrap_or_default();
        return (Token::Quoted(quoted), inside.get(end + 1..).unwrap_or_default());
    }
    if let Some((operator, after)) = operator(text) {
        return (Token::Operator(operator), after);
    }
    let end = word_end(text);
    (Token::Word(text.get(..end).unwrap_or(text)), text.get(end..).unwrap_or_default())
}

fn operator(text: &str) -> Option<(&'static str, &str)> {
    let all = OPERATORS.into_iter().chain(PUNCTUATION);
    all.into_iter().find_map(|operator| Some((operator, text.strip_prefix(operator)?)))
}

/// The position of the quote that ends a text, or the end of the text.
fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index,
            _ => {}
        }
    }
    text.len()
}

fn word_end(text: &str) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index.max(1),
            c if c.is_whitespace() || "|&=<>+-*/%!?:(),".contains(c) => return index.max(1),
            '~' if text.get(index..).is_some_and(|rest| rest.starts_with("~~")) => return index,
            _ => {}
        }
    }
    text.len()
}
