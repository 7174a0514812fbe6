//! PUSH: a field added to a list.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Written, add};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "PUSH",
        synopsis: "Adds a field at the end of a list",
        syntax: "varname[,delimiter]",
        description: "Set(PUSH(varname)=field).",
        arguments: &[
            ("varname", "The name of the variable that holds the list"),
            ("delimiter", "The character between fields; a comma by default"),
        ],
        see_also: &["POP()", "SHIFT()"],
        ..Doc::EMPTY
    },
    read: None,
    write: Some(write),
};

fn write(host: &mut dyn FunctionHost, arguments: &str, value: &str) -> Written {
    add(host, arguments, value, |old, value| [old, value])
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn lists_grow_at_the_end() {
        let mut host = host();
        set(&mut host, "PUSH", "LIST", "d");
        assert_eq!(host.variable("LIST").as_deref(), Some("a,b,c,d"));
        set(&mut host, "PUSH", "NEW,-", "x");
        set(&mut host, "PUSH", "NEW,-", "y");
        assert_eq!(host.variable("NEW").as_deref(), Some("x-y"));
    }
}
