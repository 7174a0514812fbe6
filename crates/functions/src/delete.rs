//! DELETE: a variable removed.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Written};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "DELETE",
        synopsis: "Removes a variable of the channel",
        syntax: "varname",
        description: "Set(DELETE(varname)=); the value is not used.",
        arguments: &[("varname", "The variable")],
        see_also: &["VARIABLE_EXISTS()"],
        ..Doc::EMPTY
    },
    read: None,
    write: Some(write),
};

fn write(host: &mut dyn FunctionHost, arguments: &str, _: &str) -> Written {
    host.set_variable(arguments.trim(), None);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn it_is_gone() {
        let mut host = host();
        set(&mut host, "DELETE", "NUM", "");
        check(&mut host, "VARIABLE_EXISTS", "NUM", "0");
    }
}
