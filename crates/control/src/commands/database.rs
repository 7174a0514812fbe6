//! `database show` and its kin: what the dialplan keeps over restarts with `DB()`.

use std::fmt::Write as _;

use sidetone_store::{AstDb, Entry, MAX_ROWS};

use super::{Context, text, wrong};
use crate::socket::Answer;

/// Bytes of a list of entries: what a console takes in one answer is 64 MiB.
const MAX_LIST_BYTES: usize = 32 * 1024 * 1024;

pub(super) async fn show(context: &Context, args: &[&str]) -> Answer {
    match args {
        [] => list(&context.exchange.database().tree("", "")),
        [family] => list(&context.exchange.database().tree(family, "")),
        [family, tree] => list(&context.exchange.database().tree(family, tree)),
        _ => wrong("Usage: database show [<family> [<keytree>]]\n"),
    }
}

pub(super) async fn showkey(context: &Context, args: &[&str]) -> Answer {
    match args {
        [key] => list(&context.exchange.database().with_key(key)),
        _ => wrong("Usage: database showkey <key>\n"),
    }
}

pub(super) async fn get(context: &Context, args: &[&str]) -> Answer {
    read(context.exchange.database(), args)
}

pub(super) async fn put(context: &Context, args: &[&str]) -> Answer {
    keep(context.exchange.database(), args)
}

pub(super) async fn del(context: &Context, args: &[&str]) -> Answer {
    remove(context.exchange.database(), args)
}

pub(super) async fn deltree(context: &Context, args: &[&str]) -> Answer {
    remove_tree(context.exchange.database(), args)
}

pub(super) async fn query(context: &Context, args: &[&str]) -> Answer {
    if args.is_empty() {
        return wrong("Usage: database query <statement>\n");
    }
    let rows = match context.exchange.database().query(&args.join(" ")).await {
        Ok(rows) => rows,
        Err(error) => return wrong(format!("The query failed: {error}\n")),
    };
    let mut out = String::new();
    for row in &rows {
        for (name, value) in row {
            let _ = writeln!(out, "{:<5}| {}", plain(name), plain(value));
        }
        out.push('\n');
    }
    if rows.len() == MAX_ROWS {
        let _ = writeln!(out, "More than {MAX_ROWS} rows are not shown.");
    }
    text(out)
}

/// Entries come from peers too: nothing of them may move the cursor of whoever reads the list.
fn plain(value: &str) -> String {
    if !value.contains(char::is_control) {
        return value.to_owned();
    }
    let show = |c: char| match c {
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    value.chars().map(show).collect()
}

/// The columns that scripts read.
fn list(entries: &[Entry]) -> Answer {
    let mut out = String::new();
    for (key, value) in entries {
        if out.len() > MAX_LIST_BYTES {
            out.push_str("The rest is left out: name a family.\n");
            break;
        }
        let _ = writeln!(out, "{:<50}: {:<25}", plain(key), plain(value));
    }
    let _ = writeln!(out, "{} results found.", entries.len());
    text(out)
}

fn read(database: &AstDb, args: &[&str]) -> Answer {
    let [family, key] = args else {
        return wrong("Usage: database get <family> <key>\n");
    };
    match database.get(family, key) {
        Some(value) => text(format!("Value: {}\n", plain(&value))),
        None => wrong("Database entry not found.\n"),
    }
}

fn keep(database: &AstDb, args: &[&str]) -> Answer {
    let [family, key, value] = args else {
        return wrong(
            "Usage: database put <family> <key> <value>\nA value with spaces stands in double \
             quotes.\n",
        );
    };
    match database.put(family, key, value) {
        Ok(()) => text("Updated database successfully\n"),
        Err(refused) => wrong(format!("Failed to update entry: {refused}\n")),
    }
}

fn remove(database: &AstDb, args: &[&str]) -> Answer {
    let [family, key] = args else {
        return wrong("Usage: database del <family> <key>\n");
    };
    match database.delete(family, key) {
        Some(_) => text("Database entry removed.\n"),
        None => wrong("Database entry does not exist.\n"),
    }
}

fn remove_tree(database: &AstDb, args: &[&str]) -> Answer {
    let (family, tree) = match args {
        [family] => (*family, ""),
        [family, tree] => (*family, *tree),
        _ => ("", ""),
    };
    // Slashes alone would be everything.
    if family.trim_matches('/').is_empty() {
        return wrong("Usage: database deltree <family> [<keytree>]\n");
    }
    match database.delete_tree(family, tree) {
        0 => wrong("Database entries do not exist.\n"),
        count => text(format!("{count} database entries removed.\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_listed_as_scripts_read_them() {
        let database = AstDb::in_memory();
        assert_eq!(list(&database.tree("", "")).text, "0 results found.\n");
        keep(&database, &["pbx", "UUID", "e4d521a0-9fd9-4bc3-a0de-0991f06a5927"]);
        keep(&database, &["a", "b", "x\u{1b}[2J\ny"]);
        assert_eq!(
            list(&database.tree("", "")).text,
            "/a/b                                              : x\\u{1b}[2J\\ny            \n\
             /pbx/UUID                                         : \
             e4d521a0-9fd9-4bc3-a0de-0991f06a5927\n2 results found.\n"
        );
        let one = "/pbx/UUID                                         : \
                   e4d521a0-9fd9-4bc3-a0de-0991f06a5927\n1 results found.\n";
        assert_eq!(list(&database.tree("pbx", "")).text, one);
        assert_eq!(list(&database.with_key("UUID")).text, one);
    }

    #[test]
    fn an_entry_is_put_shown_and_removed() {
        let database = AstDb::in_memory();
        let put = keep(&database, &["f", "k", "a value"]);
        assert_eq!((put.text.as_str(), put.status), ("Updated database successfully\n", 0));
        assert_eq!(read(&database, &["f", "k"]).text, "Value: a value\n");
        assert_eq!(remove(&database, &["f", "k"]).text, "Database entry removed.\n");
        for missing in [
            read(&database, &["f", "k"]),
            remove(&database, &["f", "k"]),
            remove_tree(&database, &["f"]),
            keep(&database, &["f", "", "v"]),
        ] {
            assert_eq!(missing.status, 1, "{missing:?}");
        }
        for key in ["a", "a/b", "c"] {
            keep(&database, &["f", key, "v"]);
        }
        assert_eq!(remove_tree(&database, &["f", "a"]).text, "2 database entries removed.\n");
    }

    #[test]
    fn what_is_not_asked_for_right_shows_how_and_changes_nothing() {
        let database = AstDb::in_memory();
        keep(&database, &["f", "k", "v"]);
        for answer in [
            read(&database, &["f"]),
            keep(&database, &["f", "k", "two", "words"]),
            remove(&database, &[]),
            remove_tree(&database, &[]),
            remove_tree(&database, &["/"]),
            remove_tree(&database, &["f", "k", "x"]),
        ] {
            assert!(answer.status == 1 && answer.text.starts_with("Usage: database "));
        }
        assert_eq!(database.get("f", "k").as_deref(), Some("v"));
    }
}
