//! MAX: the larger of two numbers.

use sidetone_dialplan::Doc;
use sidetone_dialplan::expression::format_decimal;

use super::{Function, FunctionHost, Outcome, arguments_error, number};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "MAX",
        synopsis: "Chooses the larger of two numbers",
        syntax: "num1,num2",
        arguments: &[("num1", "A number"), ("num2", "Another")],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let Some((one, other)) = arguments.split_once(',') else {
        return Err(arguments_error("two numbers are needed"));
    };
    Ok(format_decimal(number(one)?.max(number(other)?)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("2,10", "10"), ("-1.5, -2", "-1.5")] {
            check(&mut host, "MAX", arguments, expected);
        }
    }

    #[test]
    fn two_numbers_are_needed() {
        refuse("MAX", "1");
        refuse("MAX", "1,x");
    }
}
