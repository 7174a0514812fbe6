//! SET: a variable set in passing.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome, arguments_error};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "SET",
        synopsis: "Sets a variable and gives its value",
        syntax: "varname=value",
        arguments: &[("varname", "The variable"), ("value", "Its new value")],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let Some((name, value)) = arguments.split_once('=') else {
        return Err(arguments_error("write varname=value"));
    };
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() {
        return Err(arguments_error("the variable has no name"));
    }
    host.set_variable(name, Some(value.to_owned()));
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_example_holds() {
        check(&mut host(), "SET", "A=b=c", "b=c");
    }

    #[test]
    fn the_variable_is_set() {
        let mut host = host();
        check(&mut host, "SET", "A= x ", "x");
        assert_eq!(host.variable("A").as_deref(), Some("x"));
        refuse("SET", "A");
    }
}
