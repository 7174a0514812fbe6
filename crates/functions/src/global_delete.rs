//! GLOBAL_DELETE: a global variable removed.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Written};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "GLOBAL_DELETE",
        synopsis: "Removes a global variable",
        syntax: "varname",
        description: "Set(GLOBAL_DELETE(varname)=); the value is not used.",
        arguments: &[("varname", "The variable")],
        see_also: &["GLOBAL()"],
        ..Doc::EMPTY
    },
    read: None,
    write: Some(write),
};

fn write(host: &mut dyn FunctionHost, arguments: &str, _: &str) -> Written {
    host.set_global(arguments.trim(), None);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn it_is_gone() {
        let mut host = host();
        set(&mut host, "GLOBAL_DELETE", "G", "");
        check(&mut host, "GLOBAL_EXISTS", "G", "0");
    }
}
