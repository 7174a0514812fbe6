//! CSV_QUOTE: a text for a CSV file.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "CSV_QUOTE",
        synopsis: "Puts a text in quotes as CSV files want it",
        syntax: "string",
        description: "Quotes inside are doubled.",
        arguments: &[("string", "The text")],
        see_also: &["QUOTE()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(format!("\"{}\"", arguments.replace('"', "\"\"")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("a\"b,c", "\"a\"\"b,c\""), ("", "\"\"")] {
            check(&mut host, "CSV_QUOTE", arguments, expected);
        }
    }
}
