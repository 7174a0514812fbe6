//! VERSION: which program this is.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome, arguments_error};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "VERSION",
        synopsis: "Tells the version of the running program",
        syntax: "[info]",
        arguments: &[(
            "info",
            "ASTERISK_VERSION_NUM, BUILD_USER, BUILD_HOSTNAME, BUILD_MACHINE, BUILD_OS, \
                BUILD_DATE or BUILD_KERNEL; the version itself without it",
        )],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let unknown = || arguments_error(format!("`{arguments}` is nothing a version has"));
    host.version(arguments.trim()).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("", "0.1.0"), ("BUILD_OS", "Linux")] {
            check(&mut host, "VERSION", arguments, expected);
        }
    }

    #[test]
    fn unknown_items_are_refused() {
        refuse("VERSION", "BUILD_MOOD");
    }
}
