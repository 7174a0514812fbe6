//! SHIFT: a field taken from a list.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome, take};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "SHIFT",
        synopsis: "Removes the first field of a list and gives it",
        syntax: "varname[,delimiter]",
        arguments: &[
            ("varname", "The name of the variable that holds the list"),
            ("delimiter", "The character between fields; a comma by default"),
        ],
        see_also: &["PUSH()", "UNSHIFT()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    take(host, arguments, |list, delimiter| {
        list.split_once(delimiter).map(|(field, rest)| (rest, field))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn lists_shrink_until_they_are_empty() {
        let mut host = host();
        for (field, rest) in [("a", "b,c"), ("b", "c"), ("c", ""), ("", "")] {
            check(&mut host, "SHIFT", "LIST", field);
            assert_eq!(host.variable("LIST").as_deref(), Some(rest));
        }
        check(&mut host, "SHIFT", "DASHED,-", "one");
    }
}
