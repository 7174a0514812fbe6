//! BASE64_ENCODE: bytes as letters.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "BASE64_ENCODE",
        synopsis: "Encodes a text in Base64",
        syntax: "string",
        arguments: &[("string", "The text")],
        see_also: &["BASE64_DECODE()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(STANDARD.encode(arguments))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("hello", "aGVsbG8="), ("", "")] {
            check(&mut host, "BASE64_ENCODE", arguments, expected);
        }
    }
}
