//! TRIM: a text without spaces around it.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "TRIM",
        synopsis: "Removes white space at both ends",
        syntax: "string",
        arguments: &[("string", "The text")],
        see_also: &["LTRIM()", "RTRIM()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(arguments.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_example_holds() {
        check(&mut host(), "TRIM", "  a b ", "a b");
    }
}
