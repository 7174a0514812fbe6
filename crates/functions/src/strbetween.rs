//! STRBETWEEN: a text between all characters.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome, arguments_error, fields_up_to, unescape, value_of};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "STRBETWEEN",
        synopsis: "Puts a text between the characters of another",
        syntax: "varname,insert-string",
        arguments: &[
            ("varname", "The name of the variable, without ${}"),
            ("insert-string", "What comes between"),
        ],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let parts = fields_up_to(arguments, 2);
    let [name, insert] = parts.as_slice() else {
        return Err(arguments_error("a variable and a text are needed"));
    };
    let letters: Vec<String> = value_of(host, name)?.chars().map(String::from).collect();
    Ok(letters.join(&unescape(insert)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("NUM,w", "4w1"), ("EMPTY,w", "")] {
            check(&mut host, "STRBETWEEN", arguments, expected);
        }
    }
}
