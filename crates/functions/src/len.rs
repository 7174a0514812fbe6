//! LEN: how long a text is.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "LEN",
        synopsis: "Counts the characters of a text",
        syntax: "string",
        arguments: &[("string", "The text")],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(arguments.chars().count().to_string())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("hello", "5"), ("", "0"), ("Grüße", "5"), (" a,b ", "5")] {
            check(&mut host, "LEN", arguments, expected);
        }
    }
}
