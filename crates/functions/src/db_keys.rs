//! DB_KEYS: the names below a place of what is kept.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "DB_KEYS",
        synopsis: "Lists the names below a place of what is kept over restarts",
        syntax: "[prefix]",
        description: "The names, sorted and with commas between them, each up to the next slash: \
                      with DB(a/b/c) and DB(a/d) set, DB_KEYS(a) is b,d.",
        arguments: &[(
            "prefix",
            "A family, or a family and the beginning of keys up to a slash; \
                                 without it the families are listed",
        )],
        see_also: &["DB()", "DB_KEYCOUNT()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(host.database().names_below(arguments.trim()).join(","))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn names_are_listed_to_the_next_slash() {
        let mut host = host();
        for (family, key) in [("a", "b/c"), ("a", "d"), ("a", "b/e"), ("other", "x")] {
            host.database().put(family, key, "v").expect("kept");
        }
        for (prefix, expected) in
            [("", "a,other"), ("a", "b,d"), ("/a/", "b,d"), ("a/b", "c,e"), ("none", "")]
        {
            check(&mut host, "DB_KEYS", prefix, expected);
            let count = expected.split(',').filter(|name| !name.is_empty()).count();
            check(&mut host, "DB_KEYCOUNT", prefix, &count.to_string());
        }
    }
}
