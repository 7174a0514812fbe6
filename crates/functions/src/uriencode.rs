//! URIENCODE: a text for a URI.

use std::fmt::Write;

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "URIENCODE",
        synopsis: "Encodes a text for use in a URI",
        syntax: "data",
        description: "All but letters, digits, - . _ and ~ become %XX (RFC 3986 §2.3).",
        arguments: &[("data", "The text")],
        see_also: &["URIDECODE()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let mut out = String::with_capacity(arguments.len());
    for byte in arguments.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("a b/ä", "a%20b%2F%C3%A4"), ("x-._~9", "x-._~9")] {
            check(&mut host, "URIENCODE", arguments, expected);
        }
    }
}
