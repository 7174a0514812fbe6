//! ISNULL: whether a text is empty.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "ISNULL",
        synopsis: "Tells whether a text is empty",
        syntax: "data",
        description: "1 if it is empty, 0 if not.",
        arguments: &[("data", "The text, usually a variable")],
        see_also: &["EXISTS()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(u8::from(arguments.is_empty()).to_string())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("", "1"), ("0", "0"), (" ", "0")] {
            check(&mut host, "ISNULL", arguments, expected);
        }
    }
}
