//! DB_DELETE: a value that is kept no longer.

use sidetone_dialplan::Doc;

use super::db::{RESULT, entry};
use super::{Function, FunctionHost, Outcome, Written};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "DB_DELETE",
        synopsis: "Removes a value that was kept over restarts",
        syntax: "family/key",
        description: "Gives the value that was there, or nothing. It can be set too, as in \
                      Set(DB_DELETE(family/key)=); the value is not used.",
        arguments: &[("family", "A group of keys"), ("key", "The name within it")],
        variables: &[(RESULT, "The value; it stays as it was when there was none")],
        see_also: &["DB()", "DBdel", "DBdeltree"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let (family, key) = entry(arguments)?;
    let Some(value) = host.database().delete(family, key) else {
        return Ok(String::new());
    };
    host.set_variable(RESULT, Some(value.clone()));
    Ok(value)
}

fn write(host: &mut dyn FunctionHost, arguments: &str, _: &str) -> Written {
    read(host, arguments).map(drop)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::RESULT;

    #[test]
    fn the_value_is_given_once_more_and_gone() {
        let mut host = host();
        host.database().put("f", "k", "v").expect("kept");
        check(&mut host, "DB_DELETE", "f/k", "v");
        assert_eq!(host.variable(RESULT).as_deref(), Some("v"));
        check(&mut host, "DB_DELETE", "f/k", "");
        check(&mut host, "DB_EXISTS", "f/k", "0");
        host.database().put("f", "k", "v").expect("kept");
        set(&mut host, "DB_DELETE", "f/k", "");
        check(&mut host, "DB_EXISTS", "f/k", "0");
    }
}
