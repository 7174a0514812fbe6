//! VARIABLE_EXISTS: whether a variable is there.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "VARIABLE_EXISTS",
        synopsis: "Tells whether a variable exists",
        syntax: "varname",
        description: "1 if it exists, even if it is empty; 0 if not.",
        arguments: &[("varname", "The variable")],
        see_also: &["EXISTS()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(u8::from(host.variable(arguments.trim()).is_some()).to_string())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("EMPTY", "1"), ("NOSUCH", "0")] {
            check(&mut host, "VARIABLE_EXISTS", arguments, expected);
        }
    }
}
