//! EXISTS: whether a text is there.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "EXISTS",
        synopsis: "Tells whether a text is not empty",
        syntax: "data",
        description: "1 if there is anything, 0 if it is empty.",
        arguments: &[("data", "The text, usually a variable")],
        see_also: &["ISNULL()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(u8::from(!arguments.is_empty()).to_string())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("", "0"), ("0", "1")] {
            check(&mut host, "EXISTS", arguments, expected);
        }
    }
}
