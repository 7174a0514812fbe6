//! DIRNAME: the directory of a path.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "DIRNAME",
        synopsis: "Takes the directory of a path",
        syntax: "filename",
        arguments: &[("filename", "The path")],
        see_also: &["BASENAME()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let path = arguments.trim_end_matches('/');
    Ok(match path.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((directory, _)) => directory.to_owned(),
        None if arguments.starts_with('/') => "/".to_owned(),
        None => ".".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("/a/b.wav", "/a"), ("b", "."), ("/b", "/"), ("/", "/")] {
            check(&mut host, "DIRNAME", arguments, expected);
        }
    }
}
