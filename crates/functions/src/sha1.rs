//! SHA1: a digest.

use sha1::{Digest, Sha1};
use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "SHA1",
        synopsis: "Computes a SHA-1 digest",
        syntax: "data",
        description: "In hexadecimal.",
        arguments: &[("data", "The text")],
        see_also: &["MD5()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(super::hexadecimal(&Sha1::digest(arguments)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_example_holds() {
        check(&mut host(), "SHA1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
    }
}
