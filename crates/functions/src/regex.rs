//! REGEX: whether a text matches a pattern.

use sidetone_dialplan::Doc;
use sidetone_dialplan::expression::regexp::{Case, compile};

use super::{Function, FunctionHost, Outcome, arguments_error};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "REGEX",
        synopsis: "Tells whether a regular expression matches a text",
        syntax: "\"regular expression\" string",
        description: "1 if it matches anywhere, 0 if not.",
        arguments: &[
            ("regular expression", "A POSIX extended regular expression in quotes"),
            ("string", "The text"),
        ],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let quoted = arguments.split_once('"').and_then(|(_, rest)| closing_quote(rest));
    let Some((pattern, text)) = quoted else {
        return Err(arguments_error("the regular expression must stand in quotes"));
    };
    let regex = compile(pattern, Case::Sensitive).map_err(arguments_error)?;
    let text = text.strip_prefix([' ', ',']).unwrap_or(text);
    Ok(u8::from(regex.is_match(text)).to_string())
}

/// What stands before and after the quote that is not escaped.
fn closing_quote(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some((text.get(..index)?, text.get(index + 1..)?)),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [
            ("\"^[0-9]{3}$\" 123", "1"),
            ("\"^[0-9]{3}$\" 1234", "0"),
            ("\"a b\" xa bx", "1"),
            ("\"^$\" ", "1"),
            ("\"\\\"\" a\"b", "1"),
        ] {
            check(&mut host, "REGEX", arguments, expected);
        }
    }

    #[test]
    fn wrong_patterns_are_refused() {
        refuse("REGEX", "abc");
        refuse("REGEX", "\"(\" abc");
    }
}
