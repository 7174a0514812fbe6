//! PUSH: a field added to a list.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Written, arguments_error, delimiter, fields_up_to};

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
    let parts = fields_up_to(arguments, 2);
    let Some(name) = parts.first().map(|name| name.trim()).filter(|name| !name.is_empty()) else {
        return Err(arguments_error("a variable is needed"));
    };
    let old = host.variable(name).unwrap_or_default();
    let new = match old.is_empty() {
        true => value.to_owned(),
        false => [old.as_str(), value].join(&delimiter(parts.get(1)).to_string()),
    };
    host.set_variable(name, Some(new));
    Ok(())
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
