//! BASE64_DECODE: letters as bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome, arguments_error, failed};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "BASE64_DECODE",
        synopsis: "Decodes a Base64 text",
        syntax: "string",
        description: "What is no UTF-8 afterwards is refused.",
        arguments: &[("string", "The encoded text, with or without padding")],
        see_also: &["BASE64_ENCODE()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let bytes = STANDARD_NO_PAD.decode(arguments.trim().trim_end_matches('='));
    let bytes = bytes.map_err(|_| arguments_error("the text is not Base64"))?;
    String::from_utf8(bytes).map_err(|_| failed("the decoded bytes are not UTF-8 text"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("aGVsbG8=", "hello"), ("aGVsbG8", "hello")] {
            check(&mut host, "BASE64_DECODE", arguments, expected);
        }
    }

    #[test]
    fn what_is_not_text_is_refused() {
        refuse("BASE64_DECODE", "a*b");
        refuse("BASE64_DECODE", "/w==");
    }
}
