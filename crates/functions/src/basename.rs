//! BASENAME: the file of a path.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "BASENAME",
        synopsis: "Takes the last part of a path",
        syntax: "filename",
        arguments: &[("filename", "The path")],
        see_also: &["DIRNAME()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let path = arguments.trim_end_matches('/');
    if path.is_empty() && !arguments.is_empty() {
        return Ok("/".to_owned());
    }
    Ok(path.rsplit('/').next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in
            [("/a/b.wav", "b.wav"), ("b", "b"), ("/a/b/", "b"), ("/", "/"), ("", "")]
        {
            check(&mut host, "BASENAME", arguments, expected);
        }
    }
}
