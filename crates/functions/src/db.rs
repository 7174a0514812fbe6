//! DB: a value that is kept over restarts.

use sidetone_dialplan::Doc;

use super::{Function, FunctionError, FunctionHost, Outcome, Written, arguments_error, failed};

/// The variable that reading, asking and removing leave the value in.
pub(super) const RESULT: &str = "DB_RESULT";

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "DB",
        synopsis: "Reads or sets a value that is kept over restarts",
        syntax: "family/key",
        description: "Empty when there is no such entry: DB_EXISTS() can tell. The key may hold \
                      more slashes, and upper and lower case differ. All calls share the entries. \
                      They lie in astdb.sqlite3 in astdbdir of asterisk.conf.",
        arguments: &[("family", "A group of keys"), ("key", "The name within it")],
        variables: &[(RESULT, "The value that was read; it stays as it was when there is none")],
        see_also: &["DB_DELETE()", "DB_EXISTS()", "DB_KEYS()", "DB_KEYCOUNT()", "DBdeltree"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

/// Family and key, parted at the first slash.
pub(super) fn entry(arguments: &str) -> Result<(&str, &str), FunctionError> {
    match arguments.trim().split_once('/') {
        Some((family, key)) if !family.is_empty() && !key.is_empty() => Ok((family, key)),
        _ => Err(arguments_error("a family and a key are needed, as in family/key")),
    }
}

fn read(host: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let (family, key) = entry(arguments)?;
    let Some(value) = host.database().get(family, key) else {
        return Ok(String::new());
    };
    host.set_variable(RESULT, Some(value.clone()));
    Ok(value)
}

fn write(host: &mut dyn FunctionHost, arguments: &str, value: &str) -> Written {
    let (family, key) = entry(arguments)?;
    host.database().put(family, key, value).map_err(|refused| failed(refused.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::RESULT;

    #[test]
    fn what_is_set_is_read_and_left_in_a_variable() {
        let mut host = host();
        check(&mut host, "DB", "cidname/4711", "");
        assert_eq!(host.variable(RESULT), None);
        set(&mut host, "DB", "cidname/4711", "Ada, Lady");
        check(&mut host, "DB", "cidname/4711", "Ada, Lady");
        assert_eq!(host.variable(RESULT).as_deref(), Some("Ada, Lady"));
        set(&mut host, "DB", "cidname/more/4711", "");
        check(&mut host, "DB_EXISTS", "cidname/more/4711", "1");
    }

    #[test]
    fn an_entry_needs_a_family_and_a_key() {
        for arguments in ["", "/", "family", "family/", "/key"] {
            refuse("DB", arguments);
        }
    }

    #[test]
    fn what_is_too_long_is_refused_in_words() {
        let name = format!("f/{}", "k".repeat(300));
        let outcome = super::write(&mut host(), &name, "v");
        let error = outcome.expect_err("too long").to_string();
        assert!(error.contains("at most 255 bytes"), "{error}");
    }
}
