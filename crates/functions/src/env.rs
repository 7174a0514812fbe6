//! ENV: the environment.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "ENV",
        synopsis: "Reads a variable of the process's environment",
        syntax: "varname",
        description: "It cannot be set: the environment is shared by all calls.",
        arguments: &[("varname", "The variable")],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(host.environment(arguments.trim()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("HOME", "/root"), ("NOSUCH", "")] {
            check(&mut host, "ENV", arguments, expected);
        }
    }
}
