//! FIELDNUM: where a field is.

use sidetone_dialplan::Doc;

use super::{
    Function, FunctionHost, Outcome, arguments_error, delimiter, fields_up_to, unescape, value_of,
};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "FIELDNUM",
        synopsis: "Finds the first field that is equal to a text",
        syntax: "varname,delim,value",
        description: "The number of the field, from 1; 0 if there is none.",
        arguments: &[
            ("varname", "The name of the variable, without ${}"),
            ("delim", "The character between fields"),
            ("value", "The text looked for"),
        ],
        see_also: &["CUT()", "FIELDQTY()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let parts = fields_up_to(arguments, 3);
    let [name, separator, wanted] = parts.as_slice() else {
        return Err(arguments_error("a variable, a delimiter and a text are needed"));
    };
    let (value, wanted) = (value_of(host, name)?, unescape(wanted));
    let found = value.split(delimiter(Some(separator))).position(|field| field == wanted);
    Ok(found.map_or(0, |index| index + 1).to_string())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in
            [("DASHED,-,three", "3"), ("DASHED,-,five", "0"), ("LIST,\\,,b", "2")]
        {
            check(&mut host, "FIELDNUM", arguments, expected);
        }
    }
}
