//! IF: one of two texts.

use sidetone_dialplan::Doc;
use sidetone_dialplan::target::{is_true, split_condition};

use super::{Function, FunctionHost, Outcome, arguments_error};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "IF",
        synopsis: "Chooses one of two texts",
        syntax: "expression?[iftrue][:iffalse]",
        description: "Spaces and one pair of quotes around a text are removed. Both texts \
                      are expanded before the choice.",
        arguments: &[
            ("expression", "Usually $[…]; neither empty nor 0"),
            ("iftrue", "The text if it holds"),
            ("iffalse", "The text if not"),
        ],
        see_also: &["IFTIME()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let (condition, then, otherwise) = split_condition(arguments);
    if then.is_none() && otherwise.is_none() {
        return Err(arguments_error("a `?` with a text after it is needed"));
    }
    let chosen = if is_true(condition) { then } else { otherwise };
    Ok(super::unquoted(chosen.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [
            ("1?yes:no", "yes"),
            ("0?yes:no", "no"),
            ("?yes:no", "no"),
            ("1? \"a:b\" : c", "a:b"),
            ("0?yes", ""),
            ("abc?(x:y):z", "(x:y)"),
        ] {
            check(&mut host, "IF", arguments, expected);
        }
    }

    #[test]
    fn a_condition_without_texts_is_refused() {
        refuse("IF", "1");
        refuse("IF", "1?:");
    }
}
