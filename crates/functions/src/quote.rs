//! QUOTE: a text in quotes.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "QUOTE",
        synopsis: "Puts a text in quotes",
        syntax: "string",
        description: "Quotes and backslashes inside get a backslash.",
        arguments: &[("string", "The text")],
        see_also: &["CSV_QUOTE()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let escaped = arguments.replace('\\', "\\\\").replace('"', "\\\"");
    Ok(format!("\"{escaped}\""))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("a\"b\\c", "\"a\\\"b\\\\c\""), ("", "\"\"")] {
            check(&mut host, "QUOTE", arguments, expected);
        }
    }
}
