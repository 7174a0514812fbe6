//! STRREPLACE: a text replaced.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome, arguments_error, fields_up_to, unescape, value_of};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "STRREPLACE",
        synopsis: "Replaces a text inside another",
        syntax: "varname,find-string[,replace-string[,max-replacements]]",
        arguments: &[
            ("varname", "The name of the variable, without ${}"),
            ("find-string", "What is looked for"),
            ("replace-string", "What stands for it; nothing by default"),
            ("max-replacements", "How many times; all by default"),
        ],
        see_also: &["REPLACE()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let parts = fields_up_to(arguments, 4);
    let [name, wanted, rest @ ..] = parts.as_slice() else {
        return Err(arguments_error("a variable and the text to be found are needed"));
    };
    let (value, wanted) = (value_of(host, name)?, unescape(wanted));
    if wanted.is_empty() {
        return Err(arguments_error("the text to be found is empty"));
    }
    let replacement = rest.first().map(|text| unescape(text)).unwrap_or_default();
    let most = match rest.get(1).map(|text| text.trim()) {
        None | Some("") => usize::MAX,
        Some(text) => {
            let wrong = |_| arguments_error(format!("`{text}` is no number of replacements"));
            text.parse().map_err(wrong)?
        }
    };
    Ok(value.replacen(&wanted, &replacement, most))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [
            ("TEXT,world,you", "hello you"),
            ("TEXT,l", "heo word"),
            ("TEXT,l,L,2", "heLLo world"),
            ("DASHED,-,\\,", "one,two,three,four"),
            ("TEXT,l,L,0", "hello world"),
        ] {
            check(&mut host, "STRREPLACE", arguments, expected);
        }
    }

    #[test]
    fn an_empty_text_is_not_looked_for() {
        refuse("STRREPLACE", "TEXT,,x");
        refuse("STRREPLACE", "TEXT,a,b,many");
    }
}
