//! URIDECODE: a text from a URI.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome, failed};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "URIDECODE",
        synopsis: "Decodes the %XX of a URI",
        syntax: "data",
        description: "A + stays a +. What is no UTF-8 afterwards is refused.",
        arguments: &[("data", "The encoded text")],
        see_also: &["URIENCODE()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let mut out = Vec::with_capacity(arguments.len());
    let mut rest = arguments.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).filter(|_| *first == b'%');
        let code = code.filter(|code| code.iter().all(u8::is_ascii_hexdigit));
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(out).map_err(|_| failed("the decoded bytes are not UTF-8 text"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in
            [("a%20b%2f%C3%A4", "a b/ä"), ("100%", "100%"), ("%zz+", "%zz+")]
        {
            check(&mut host, "URIDECODE", arguments, expected);
        }
    }
}
