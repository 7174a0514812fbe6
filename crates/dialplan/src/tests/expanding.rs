//! Variables, functions, substrings.

use crate::fuzz::{MemoryHost, block_on};
use crate::{ExpandError, Host, expand};

fn host() -> MemoryHost {
    let mut host = MemoryHost::new("");
    for (name, value) in [
        ("NUM", "0301234567"),
        ("NAME", "NUM"),
        ("CALL", "LEN(abc)"),
        ("PART", "NUM:0:3"),
        ("EVIL", "a)b:1,${NUM}"),
        ("UTF", "Grüße"),
        ("EMPTY", ""),
    ] {
        host.set_variable(name, Some(value.to_owned()));
    }
    host
}

fn check(text: &str, expected: &str) {
    let mut host = host();
    assert_eq!(block_on(expand(&mut host, text)).as_deref(), Ok(expected), "{text}");
}

#[test]
fn variables_and_substrings_expand() {
    check("plain $ text 5$", "plain $ text 5$");
    check("${NUM}", "0301234567");
    check("a${NUM:1}b", "a301234567b");
    check("${NUM:0:3}", "030");
    check("${NUM:-4}", "4567");
    check("${NUM:-4:2}", "45");
    check("${NUM:1:-2}", "3012345");
    check("${NUM:3:0}", "");
    check("${NUM:99}", "");
    check("${NUM:-99}", "0301234567");
    check("${NUM:5:-9}", "");
    check("${NUM:${LEN(ab)}:1}", "0");
    check("${NOSUCH}", "");
    check("${UTF:3:1}", "ß");
    check("${EXTEN}@${CONTEXT}:${PRIORITY}", "s@default:1");
}

#[test]
fn names_may_be_computed() {
    check("${${NAME}}", "0301234567");
    check("${${NAME}:0:3}", "030");
    check("${${CALL}}", "3");
    check("${${PART}}", "030");
    check("${N${ECHO(U)}M}", "0301234567");
}

#[test]
fn functions_take_expanded_arguments_and_substrings() {
    check("${LEN(${NUM})}", "10");
    check("${LEN()}", "0");
    check("${ECHO(a:b)}", "a:b");
    check("${ECHO((x))}", "(x)");
    check("${ECHO(abcdef):2:2}", "cd");
    check("${DOUBLE(${DOUBLE(a)})}", "aaaa");
}

#[test]
fn what_a_value_holds_cannot_change_the_structure() {
    check("${ECHO(${EVIL})}", "a)b:1,${NUM}");
    check("${EVIL}", "a)b:1,${NUM}");
    check("${EVAL(${EVIL})}", "a)b:1,0301234567");
}

#[test]
fn expressions_see_expanded_text() {
    check("$[${LEN(${NUM})} + 1]", "11");
    check("$[\"${NUM:0:1}\" = \"0\"]", "1");
    check("$[$[1 + 1] * 3]", "6");
    check("$[\"${NUM}\" =~ \"^0([0-9]{2})\"]", "30");
    check("${NUM:$[2 - 1]:2}", "30");
}

#[test]
fn what_cannot_be_computed_is_empty_and_reported() {
    let mut host = host();
    assert_eq!(block_on(expand(&mut host, "x$[${EMPTY} + 1]y")).as_deref(), Ok("xy"));
    assert_eq!(block_on(expand(&mut host, "${NUM:a}")).as_deref(), Ok("0301234567"));
    assert_eq!(block_on(expand(&mut host, "a${NUM")).as_deref(), Ok("a${NUM"));
    assert_eq!(host.warnings.len(), 3, "{:?}", host.warnings);
}

#[test]
fn a_function_that_is_not_there_is_an_error_however_deep_it_stands() {
    let mut host = host();
    for text in ["x${NOSUCH(1)}y", "$[1 + ${NOSUCH(1)}]", "${EVAL(${NOSUCH(1)})}"] {
        let error = block_on(expand(&mut host, text)).expect_err(text);
        assert_eq!(error.to_string(), "${NOSUCH(1)}: there is no such function", "{text}");
    }
}

#[test]
fn bounds_are_errors_not_cuts() {
    let mut host = host();
    host.set_variable("BIG", Some("x".repeat(40_000)));
    assert_eq!(block_on(expand(&mut host, "${BIG}${BIG}")), Err(ExpandError::TooLong));
    let deep = "${".repeat(1_000) + &"}".repeat(1_000);
    assert_eq!(block_on(expand(&mut host, &deep)), Err(ExpandError::TooDeep));
    host.set_variable("SELF", Some("${EVAL(${SELF})}".to_owned()));
    assert_eq!(block_on(expand(&mut host, "${EVAL(${SELF})}")), Err(ExpandError::TooDeep));
}
