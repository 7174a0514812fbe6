//! DB_KEYCOUNT: how many names stand below a place of what is kept.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "DB_KEYCOUNT",
        synopsis: "Counts the names below a place of what is kept over restarts",
        syntax: "[prefix]",
        description: "As many as DB_KEYS() lists.",
        arguments: &[("prefix", "As of DB_KEYS()")],
        see_also: &["DB()", "DB_KEYS()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(host.database().names_below(arguments.trim()).len().to_string())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn the_families_are_counted_without_a_prefix() {
        let mut host = host();
        check(&mut host, "DB_KEYCOUNT", "", "0");
        host.database().put("a", "b", "v").expect("kept");
        host.database().put("a", "c", "v").expect("kept");
        check(&mut host, "DB_KEYCOUNT", "", "1");
        check(&mut host, "DB_KEYCOUNT", "a", "2");
    }
}
