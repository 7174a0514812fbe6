//! REPLACE: single characters replaced.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome, arguments_error, fields_up_to, unescape, value_of};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "REPLACE",
        synopsis: "Replaces or removes characters",
        syntax: "varname,find-chars[,replace-char]",
        arguments: &[
            ("varname", "The name of the variable, without ${}"),
            ("find-chars", "The characters looked for"),
            ("replace-char", "What stands for each of them; nothing by default"),
        ],
        see_also: &["STRREPLACE()", "FILTER()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let parts = fields_up_to(arguments, 3);
    let [name, wanted, replacement @ ..] = parts.as_slice() else {
        return Err(arguments_error("a variable and the characters to be found are needed"));
    };
    let (value, wanted) = (value_of(host, name)?, unescape(wanted));
    let replacement = replacement.first().and_then(|text| unescape(text).chars().next());
    let replaced = value.chars().filter_map(|c| match wanted.contains(c) {
        true => replacement,
        false => Some(c),
    });
    Ok(replaced.collect())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [
            ("DASHED,-,_", "one_two_three_four"),
            ("DASHED,-e", "ontwothrfour"),
            ("LIST,\\,,;", "a;b;c"),
            ("TEXT,lo,0", "he000 w0r0d"),
        ] {
            check(&mut host, "REPLACE", arguments, expected);
        }
    }
}
