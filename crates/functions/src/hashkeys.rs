//! HASHKEYS: the fields of a table.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "HASHKEYS",
        synopsis: "Lists the fields of a table",
        syntax: "hashname",
        description: "With commas between, in the order in which they were set first.",
        arguments: &[("hashname", "The table")],
        see_also: &["HASH()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    Ok(host.hashes().keys(arguments.trim()).join(","))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn keys_come_in_order_of_assignment() {
        let mut host = host();
        set(&mut host, "HASH", "t,z", "1");
        set(&mut host, "HASH", "t,a", "2");
        check(&mut host, "HASHKEYS", "t", "z,a");
    }
}
