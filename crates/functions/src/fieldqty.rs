//! FIELDQTY: how many fields a list has.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome, arguments_error, delimiter, fields_up_to, value_of};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "FIELDQTY",
        synopsis: "Counts the fields of a text",
        syntax: "varname,delim",
        arguments: &[
            ("varname", "The name of the variable, without ${}"),
            ("delim", "The character between fields"),
        ],
        see_also: &["CUT()", "FIELDNUM()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let parts = fields_up_to(arguments, 2);
    let [name, separator] = parts.as_slice() else {
        return Err(arguments_error("a variable and a delimiter are needed"));
    };
    let value = value_of(host, name)?;
    let count = if value.is_empty() { 0 } else { value.split(delimiter(Some(separator))).count() };
    Ok(count.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in
            [("DASHED,-", "4"), ("LIST,\\,", "3"), ("EMPTY,-", "0"), ("TEXT,-", "1")]
        {
            check(&mut host, "FIELDQTY", arguments, expected);
        }
    }
}
