//! LTRIM: a text without spaces before it.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "LTRIM",
        synopsis: "Removes white space at the beginning",
        syntax: "string",
        arguments: &[("string", "The text")],
        see_also: &["TRIM()", "RTRIM()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(arguments.trim_start().to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_example_holds() {
        check(&mut host(), "LTRIM", "  a b ", "a b ");
    }
}
