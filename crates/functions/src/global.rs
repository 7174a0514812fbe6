//! GLOBAL: a global variable.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome, Written, arguments_error};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "GLOBAL",
        synopsis: "Reads or sets a global variable",
        syntax: "varname",
        arguments: &[("varname", "The variable")],
        see_also: &["GLOBAL_EXISTS()", "GLOBAL_DELETE()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(host.global(arguments.trim()).unwrap_or_default())
}

fn write(host: &mut dyn FunctionHost, arguments: &str, value: &str) -> Written {
    if arguments.trim().is_empty() {
        return Err(arguments_error("a variable is needed"));
    }
    host.set_global(arguments.trim(), Some(value.to_owned()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("G", "global"), ("NUM", "")] {
            check(&mut host, "GLOBAL", arguments, expected);
        }
    }

    #[test]
    fn it_is_set_for_all() {
        let mut host = host();
        set(&mut host, "GLOBAL", "H", "x");
        assert_eq!(host.global("H").as_deref(), Some("x"));
    }
}
