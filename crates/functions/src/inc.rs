//! INC: a counter.

use sidetone_dialplan::Doc;
use sidetone_dialplan::expression::format_decimal;

use super::{Function, FunctionHost, Outcome, failed, number};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "INC",
        synopsis: "Adds 1 to a variable and gives its new value",
        syntax: "variable",
        arguments: &[("variable", "The name of the variable, without ${}")],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let name = arguments.trim();
    let Some(value) = host.variable(name).filter(|value| !value.is_empty()) else {
        return Err(failed(format!("the variable {name} has no value to count from")));
    };
    let counted = match value.trim().parse::<i64>().ok().and_then(|value| value.checked_add(1)) {
        Some(whole) => whole.to_string(),
        None => format_decimal(number(&value)? + 1.0),
    };
    host.set_variable(name, Some(counted.clone()));
    Ok(counted)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("NUM", "42"), ("DEC", "2.5")] {
            check(&mut host, "INC", arguments, expected);
        }
    }

    #[test]
    fn the_variable_is_changed() {
        let mut host = host();
        check(&mut host, "INC", "NUM", "42");
        assert_eq!(host.variable("NUM").as_deref(), Some("42"));
        refuse("INC", "NOSUCH");
        refuse("INC", "TEXT");
    }
}
