//! ABS: a number without its sign.

use sidetone_dialplan::Doc;
use sidetone_dialplan::expression::format_decimal;

use super::{Function, FunctionHost, Outcome, number};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "ABS",
        synopsis: "Makes a number positive",
        syntax: "num",
        arguments: &[("num", "The number")],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(format_decimal(number(arguments)?.abs()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("-5", "5"), ("1.5", "1.5"), ("0", "0")] {
            check(&mut host, "ABS", arguments, expected);
        }
    }

    #[test]
    fn text_is_refused() {
        refuse("ABS", "abc");
        refuse("ABS", "inf");
        refuse("ABS", "");
    }
}
