//! HASH: a table of the channel.

use sidetone_dialplan::arguments::split_at_most;
use sidetone_dialplan::{Doc, FunctionError};

use super::{Function, FunctionHost, Outcome, Written, arguments_error, failed};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "HASH",
        synopsis: "Reads or sets one field of a table",
        syntax: "hashname,hashkey",
        arguments: &[("hashname", "The table"), ("hashkey", "The field")],
        see_also: &["HASHKEYS()", "ClearHash"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let (name, key) = name_and_key(arguments)?;
    Ok(host.hashes().value(&name, &key).unwrap_or_default().to_owned())
}

fn write(host: &mut dyn FunctionHost, arguments: &str, value: &str) -> Written {
    let (name, key) = name_and_key(arguments)?;
    let full = |_| failed("the tables of this channel are full; use ClearHash");
    host.hashes().set(&name, &key, value).map_err(full)
}

fn name_and_key(arguments: &str) -> Result<(String, String), FunctionError> {
    let parts = split_at_most(arguments, 2);
    let [name, key] = parts.as_slice() else {
        return Err(arguments_error("a table and a field are needed"));
    };
    Ok((name.trim().to_owned(), key.clone()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn fields_are_set_and_read() {
        let mut host = host();
        check(&mut host, "HASH", "t,a", "");
        set(&mut host, "HASH", "t,a", "1");
        set(&mut host, "HASH", "t,\"b,c\"", "2");
        set(&mut host, "HASH", "t,a", "3");
        check(&mut host, "HASH", "t,a", "3");
        check(&mut host, "HASH", "t,b\\,c", "2");
        check(&mut host, "HASHKEYS", "t", "a,b,c");
        check(&mut host, "HASHKEYS", "u", "");
        refuse("HASH", "t");
    }
}
