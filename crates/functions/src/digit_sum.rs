//! DIGIT_SUM: a sum of digits.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "DIGIT_SUM",
        synopsis: "Adds the digits of a number",
        syntax: "num",
        arguments: &[("num", "The digits; other characters do not count")],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(arguments.chars().filter_map(|c| c.to_digit(10)).sum::<u32>().to_string())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("123", "6"), ("", "0"), ("9-9", "18")] {
            check(&mut host, "DIGIT_SUM", arguments, expected);
        }
    }
}
