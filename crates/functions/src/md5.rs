//! MD5: a digest.

use md5::{Digest, Md5};
use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "MD5",
        synopsis: "Computes an MD5 digest",
        syntax: "data",
        description: "In hexadecimal. MD5 is broken: for old formats only, never for \
                      passwords.",
        arguments: &[("data", "The text")],
        see_also: &["SHA1()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(super::hexadecimal(&Md5::digest(arguments)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in
            [("", "d41d8cd98f00b204e9800998ecf8427e"), ("abc", "900150983cd24fb0d6963f7d28e17f72")]
        {
            check(&mut host, "MD5", arguments, expected);
        }
    }
}
