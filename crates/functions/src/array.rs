//! ARRAY: several variables at once.

use sidetone_dialplan::Doc;
use sidetone_dialplan::arguments::split;

use super::{Function, FunctionHost, Written};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "ARRAY",
        synopsis: "Sets several variables from a list",
        syntax: "var1[,var2[,...][,varN]]",
        description: "Set(ARRAY(a,b)=1,2). Values with commas are written in quotes or with \
                      \\,. Variables without a value become empty.",
        arguments: &[("var1", "A variable for the first value, and so on")],
        ..Doc::EMPTY
    },
    read: None,
    write: Some(write),
};

fn write(host: &mut dyn FunctionHost, arguments: &str, value: &str) -> Written {
    let mut values = split(value).into_iter();
    for name in split(arguments).iter().map(|name| name.trim()) {
        let value = values.next().unwrap_or_default();
        // A column nobody wants has no name.
        if !name.is_empty() {
            host.set_variable(name, Some(value));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn values_go_to_variables_in_order() {
        let mut host = host();
        set(&mut host, "ARRAY", "A,,B,NUM", "1,2,\"3,4\"");
        assert_eq!(host.variable("A").as_deref(), Some("1"));
        assert_eq!(host.variable("B").as_deref(), Some("3,4"));
        assert_eq!(host.variable("NUM").as_deref(), Some(""));
    }
}
