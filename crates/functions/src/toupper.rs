//! TOUPPER: capital letters.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "TOUPPER",
        synopsis: "Turns small letters into capitals",
        syntax: "string",
        arguments: &[("string", "The text")],
        see_also: &["TOLOWER()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(arguments.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_example_holds() {
        check(&mut host(), "TOUPPER", "abc1ä", "ABC1Ä");
    }
}
