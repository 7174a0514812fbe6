//! UNSHIFT: a field added to a list.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Written, add};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "UNSHIFT",
        synopsis: "Adds a field at the beginning of a list",
        syntax: "varname[,delimiter]",
        description: "Set(UNSHIFT(varname)=field).",
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
    add(host, arguments, value, |old, value| [value, old])
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn lists_grow_at_the_beginning() {
        let mut host = host();
        set(&mut host, "UNSHIFT", "LIST", "d");
        assert_eq!(host.variable("LIST").as_deref(), Some("d,a,b,c"));
        set(&mut host, "UNSHIFT", "NEW,-", "x");
        set(&mut host, "UNSHIFT", "NEW,-", "y");
        assert_eq!(host.variable("NEW").as_deref(), Some("y-x"));
    }
}
