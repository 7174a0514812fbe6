//! FILTER: a text reduced to some characters.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome, arguments_error, fields_up_to, unescape};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "FILTER",
        synopsis: "Keeps only certain characters",
        syntax: "allowed-chars,string",
        description: "Use it on anything a caller can choose before it becomes part of a \
                      dial string.",
        arguments: &[
            (
                "allowed-chars",
                "Characters and ranges such as 0-9; - itself is written \\-, others \\x2c",
            ),
            ("string", "The text"),
        ],
        see_also: &["REPLACE()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let parts = fields_up_to(arguments, 2);
    let [allowed, text] = parts.as_slice() else {
        return Err(arguments_error("the allowed characters and a text are needed"));
    };
    let ranges = ranges(allowed);
    let allowed = |c: &char| ranges.iter().any(|(from, to)| (from..=to).contains(&c));
    Ok(text.chars().filter(allowed).collect())
}

fn ranges(text: &str) -> Vec<(char, char)> {
    // Escapes are resolved one by one: an escaped hyphen makes no range.
    let mut characters = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let hexadecimal = rest.starts_with("\\x");
        let length = if hexadecimal {
            4
        } else if c == '\\' {
            2
        } else {
            1
        };
        let end = rest.char_indices().nth(length).map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(end);
        characters.extend(unescape(piece).chars().next().map(|one| (one, c != '\\')));
        rest = after;
    }
    let mut ranges = Vec::new();
    let mut rest = characters.as_slice();
    while let [(from, _), after @ ..] = rest {
        match after {
            [('-', true), (to, _), more @ ..] => {
                ranges.push((*from, *to));
                rest = more;
            }
            _ => {
                ranges.push((*from, *from));
                rest = after;
            }
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [
            ("0-9,+49 (30) 12", "493012"),
            ("a-c0,abcd0-1", "abc0"),
            ("a\\-c,a-b-c", "a--c"),
            ("\\x2c0-9,1,2;3", "1,23"),
            ("0-9+,+49", "+49"),
            ("-,a-b", "-"),
        ] {
            check(&mut host, "FILTER", arguments, expected);
        }
    }
}
