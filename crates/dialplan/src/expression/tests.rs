//! The documented examples of expressions, and the traps people fall into.

use super::*;

fn check(input: &str, expected: &str) {
    let outcome = evaluate(input).unwrap_or_else(|error| panic!("{input}: {error}"));
    assert_eq!(outcome.text, expected, "{input}");
}

#[test]
fn arithmetic_follows_precedence_and_stays_exact_where_it_can() {
    check("2 + 8 / 2", "6");
    check("2+8/2", "6");
    check("(2+8)/2", "5");
    check("(3+8)/2", "5.5");
    check("10/3", "3.33333333333333");
    check("0.1 + 0.2", "0.3");
    check("7 % 3", "1");
    check("-7 % 3", "-1");
    check("2 - 3 - 4", "-5");
    check("- -3", "3");
    check("9007199254740993 + 1", "9007199254740994");
    check("2.50", "2.50");
    check("2.50 + 0", "2.5");
    check("1000000000 * 1000000000 * 1000000000 * 1000000000 * 1000000000", "1e+45");
}

#[test]
fn numbers_compare_as_numbers_and_quoted_text_as_text() {
    check("10 > 9", "1");
    check("1 = 01", "1");
    check("1.0 = 1", "1");
    check("\"10\" > \"9\"", "0");
    check("\"1\" = \"01\"", "0");
    check("\"5\" = 5", "1");
    check("abc < abd", "1");
    check("\"\" = \"\"", "1");
    check("foo != bar", "1");
    check("2 == 2", "1");
    check("1e5 = 100000", "0");
}

#[test]
fn logic_returns_operands() {
    check("0 | foo", "foo");
    check("foo | bar", "foo");
    check("foo & bar", "foo");
    check("foo & 0", "0");
    check("\"\" | \"\"", "");
    check("1 = 1 & 2 = 2", "1");
    check("1 = 2 | 2 = 2", "1");
    check("1 && 1 || 0", "1");
    check("!0", "1");
    check("!foo", "0");
    check("!\"\"", "1");
    check("! 1 = 0", "1");
}

#[test]
fn conditionals_bind_loosest_and_nest_to_the_right() {
    check("1 ? a :: b", "a");
    check("0 ? a :: b", "b");
    check("2 > 1 ? yes :: no", "yes");
    check("0 ? a :: 1 ? b :: c", "b");
    check("\"\" ? \"full\" :: \"empty one\"", "empty one");
}

#[test]
fn regular_expressions_return_the_group_or_the_length() {
    check("\"One Thousand Five Hundred\" =~ \"(T[^ ]+)\"", "Thousand");
    check("\"One Thousand Five Hundred\" =~ \"T[^ ]+\"", "8");
    check("\"One Thousand Five Hundred\" : \"T[^ ]+\"", "0");
    check("\"8015551212\" : \"(...)\"", "801");
    check("\"3075551212\":\"...(...)\"", "555");
    check("!( \"One Thousand Five Hundred\" : \"T[^ ]+\" )", "1");
    check("\"One\" =~ \"(T)\"", "");
    check("5551212 =~ ^555", "3");
    check("\"a[b\" =~ \"[[]b\"", "2");
    check("\"a1\" =~ \"[[:digit:]]\"", "1");
    check("\"+49\" =~ \"^\\+\"", "1");
    check("\"801\" : \"(...)\" + 1", "802");
    check("abc ~~ def", "abcdef");
    check("\"a b\" ~~ \" c\"", "a b c");
}

#[test]
fn functions_round_as_documented() {
    for (input, expected) in [
        ("TRUNC((3+8)/2)", "5"),
        ("FLOOR(-2.5)", "-3"),
        ("CEIL(2.5)", "3"),
        ("CEIL(-2.5)", "-2"),
        ("ROUND(2.5)", "3"),
        ("ROUND(-2.5)", "-3"),
        ("RINT(2.5)", "2"),
        ("RINT(3.5)", "4"),
        ("RINT(-3.5)", "-4"),
        ("POW(2,10)", "1024"),
        ("SQRT(2)", "1.4142135623731"),
    ] {
        check(input, expected);
    }
}

#[test]
fn comparisons_hold_at_equality_where_they_say_so() {
    for (left, smaller, equal, greater) in [("1", "2", "1.0", "0.5"), ("b", "c", "b", "a")] {
        for (operator, holds) in [
            ("<", [true, false, false]),
            ("<=", [true, true, false]),
            (">", [false, false, true]),
            (">=", [false, true, true]),
            ("=", [false, true, false]),
            ("!=", [true, false, true]),
        ] {
            for (right, holds) in [smaller, equal, greater].into_iter().zip(holds) {
                check(&format!("{left} {operator} {right}"), if holds { "1" } else { "0" });
            }
        }
    }
}

#[test]
fn what_is_no_expression_says_why() {
    let error = |text: &str| evaluate(text).expect_err(text);
    assert_eq!(error(" + 1"), ExpressionError::MissingValue(Some("+".into())));
    assert_eq!(error("1 +"), ExpressionError::MissingValue(None));
    assert_eq!(error(""), ExpressionError::MissingValue(None));
    assert_eq!(error(" = 1"), ExpressionError::MissingValue(Some("=".into())));
    assert_eq!(error("hello world"), ExpressionError::MissingOperator("world".into()));
    assert_eq!(error("(1"), ExpressionError::Unclosed(")"));
    assert_eq!(error("1)"), ExpressionError::Unclosed("("));
    assert_eq!(error("1 ? 2"), ExpressionError::Unclosed("::"));
    assert_eq!(error("NOSUCH(1)"), ExpressionError::UnknownFunction("NOSUCH".into()));
    assert_eq!(error(&"(".repeat(100)), ExpressionError::TooDeep);
    assert_eq!(error(&"!".repeat(100_000)), ExpressionError::TooDeep);
}

#[test]
fn wrong_operands_count_as_zero_and_are_named() {
    let outcome = evaluate("abc + 1").expect("an expression");
    assert_eq!(outcome.text, "1");
    assert!(outcome.warning.is_some_and(|text| text.contains("`abc`")));
    assert!(evaluate("1 / 0").expect("an expression").warning.is_some());
    assert!(evaluate("a =~ \"(\"").expect("an expression").warning.is_some());
    assert!(evaluate("a =~ \"((a{900}){900}){900}\"").expect("one").warning.is_some());
}

#[test]
fn decimals_print_fifteen_digits() {
    assert_eq!(format_decimal(1e15), "1e+15");
    assert_eq!(format_decimal(123_456_789_012_345.0), "123456789012345");
    assert_eq!(format_decimal(0.0001), "0.0001");
    assert_eq!(format_decimal(0.000_01), "1e-05");
    assert_eq!(format_decimal(-0.5), "-0.5");
    assert_eq!(format_decimal(f64::INFINITY), "inf");
}
