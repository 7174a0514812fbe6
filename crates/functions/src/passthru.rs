//! PASSTHRU: the text itself.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "PASSTHRU",
        synopsis: "Gives its argument back unchanged",
        syntax: "[string]",
        description: "Turns a text into something that functions which want the name of a \
                      variable accept.",
        arguments: &[("string", "The text")],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(arguments.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("a,b", "a,b"), ("", "")] {
            check(&mut host, "PASSTHRU", arguments, expected);
        }
    }

    #[test]
    fn a_text_serves_where_a_variable_is_wanted() {
        check(&mut host(), "CUT", "PASSTHRU(x-y),-,2", "y");
    }
}
