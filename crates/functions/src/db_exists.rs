//! DB_EXISTS: whether a value is kept.

use sidetone_dialplan::Doc;

use super::db::{RESULT, entry};
use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "DB_EXISTS",
        synopsis: "Tells whether a value is kept over restarts",
        syntax: "family/key",
        description: "1 if DB() knows the entry, even if it is empty; 0 if not.",
        arguments: &[("family", "A group of keys"), ("key", "The name within it")],
        variables: &[(RESULT, "The value; it stays as it was when there is none")],
        see_also: &["DB()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let (family, key) = entry(arguments)?;
    let value = host.database().get(family, key);
    let exists = u8::from(value.is_some());
    if value.is_some() {
        host.set_variable(RESULT, value);
    }
    Ok(exists.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::RESULT;

    #[test]
    fn it_tells_an_empty_value_from_none() {
        let mut host = host();
        host.database().put("f", "empty", "").expect("kept");
        check(&mut host, "DB_EXISTS", "f/none", "0");
        assert_eq!(host.variable(RESULT), None);
        check(&mut host, "DB_EXISTS", "f/empty", "1");
        assert_eq!(host.variable(RESULT).as_deref(), Some(""));
        refuse("DB_EXISTS", "f");
    }
}
