//! Properties of the parsers for any input, and of the expression arithmetic for any numbers.

use proptest::prelude::*;

use crate::fuzz;
use crate::{arguments, expression};

proptest! {
    #[test]
    fn any_text_is_an_expression_or_an_error(text in "[ 0-9a-z\"()+*/%<>=!~?:&|.,$-]{0,60}") {
        fuzz::fuzz_expression(text.as_bytes());
    }

    #[test]
    fn any_text_expands(text in "[${}\\[\\]():A-C0-9+ -]{0,80}") {
        fuzz::fuzz_expand(text.as_bytes());
    }

    #[test]
    fn any_pattern_prints_as_an_equal_one(
        pattern in "[XZNxzn0-9a-c.!\\[\\]\\\\-]{0,12}",
        dialled in "[0-9a-c-]{0,10}",
    ) {
        fuzz::fuzz_pattern(format!("{pattern}\n{dialled}").as_bytes());
    }

    #[test]
    fn any_dialplan_loads_prints_and_ends(
        lines in proptest::collection::vec(
            "(exten => |same => |include => |\\[a\\]|)[_XN0-9s,n()a-z/=?:$\\[\\]{}]{0,40}", 0..12,
        ),
    ) {
        fuzz::fuzz_dialplan(format!("[a]\n{}", lines.join("\n")).as_bytes());
    }

    #[test]
    fn any_bytes_are_survived(data in proptest::collection::vec(any::<u8>(), 0..200)) {
        fuzz::fuzz_expression(&data);
        fuzz::fuzz_expand(&data);
        fuzz::fuzz_pattern(&data);
        fuzz::fuzz_dialplan(&data);
    }

    #[test]
    fn integers_are_exact(a in any::<i64>(), b in any::<i64>()) {
        let value = |text: String| expression::evaluate(&text).map(|outcome| outcome.text);
        let (x, y) = (i128::from(a), i128::from(b));
        prop_assert_eq!(value(format!("{a} + {b}")), Ok((x + y).to_string()));
        prop_assert_eq!(value(format!("{a} * {b}")), Ok((x * y).to_string()));
        prop_assert_eq!(value(format!("{a} < {b}")), Ok(u8::from(a < b).to_string()));
    }

    #[test]
    fn raw_arguments_join_to_what_they_were(text in "[a-c,\"()\\[\\]\\\\ ]{1,40}") {
        let parts = arguments::split_raw(&text, ',', usize::MAX);
        prop_assert_eq!(parts.join(","), text);
    }
}
