//! LISTFILTER: a list without some fields.

use sidetone_dialplan::Doc;

use super::{
    Function, FunctionHost, Outcome, arguments_error, delimiter, fields_up_to, unescape, value_of,
};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "LISTFILTER",
        synopsis: "Removes fields that are equal to a text",
        syntax: "varname,delim,value",
        arguments: &[
            ("varname", "The name of the variable, without ${}"),
            ("delim", "The character between fields; a comma by default"),
            ("value", "The text to be removed"),
        ],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let parts = fields_up_to(arguments, 3);
    let [name, separator, unwanted] = parts.as_slice() else {
        return Err(arguments_error("a variable, a delimiter and a text are needed"));
    };
    let (separator, unwanted) = (delimiter(Some(separator)), unescape(unwanted));
    let value = value_of(host, name)?;
    let kept: Vec<&str> = value.split(separator).filter(|field| *field != unwanted).collect();
    Ok(kept.join(&separator.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in
            [("DUP,\\,,a", "b,c"), ("DASHED,-,two", "one-three-four"), ("DUP,,b", "a,a,c")]
        {
            check(&mut host, "LISTFILTER", arguments, expected);
        }
    }
}
