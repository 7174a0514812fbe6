//! TOLOWER: small letters.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "TOLOWER",
        synopsis: "Turns capitals into small letters",
        syntax: "string",
        arguments: &[("string", "The text")],
        see_also: &["TOUPPER()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(arguments.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_example_holds() {
        check(&mut host(), "TOLOWER", "AbC1Ä", "abc1ä");
    }
}
