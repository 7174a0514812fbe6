//! The reference pages under `docs/reference/` are made from the tables of the program. This test
//! compares them; `cargo xtask docs` runs it to write them.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use sidetone_config::reference;
use sidetone_control::commands::COMMANDS;
use sidetone_dialplan::{Doc, builtin};

/// Set by `cargo xtask docs`.
const WRITE: &str = "SIDETONE_WRITE_REFERENCE";

/// One page: its file name, its title in the index, and its text.
type Page = (String, String, String);

fn pages() -> Vec<Page> {
    let mut pages = vec![
        ("applications.md".to_owned(), "Dialplan applications".to_owned(), applications()),
        ("functions.md".to_owned(), "Dialplan functions".to_owned(), functions()),
        ("commands.md".to_owned(), "Console commands".to_owned(), commands()),
    ];
    for file in reference::files() {
        pages.push((
            format!("{file}.md"),
            format!("Options of {file}"),
            reference::reference(file),
        ));
    }
    let mut index = String::from(
        "# Reference\n\nMade from the tables of the program by `cargo xtask docs`; not edited by \
         hand. The console has the same: `core show application`, `core show function`, \
         `core show help`.\n\n",
    );
    for (name, title, _) in &pages {
        let _ = writeln!(index, "- [{title}]({name})");
    }
    pages.push(("README.md".to_owned(), String::new(), index));
    pages
}

fn applications() -> String {
    let own = sidetone_apps::CATALOGUE.applications.iter().map(|app| &app.doc);
    let mut all: Vec<&Doc> = own.chain(builtin::BUILTINS.iter().map(|app| app.doc())).collect();
    all.sort_by_key(|doc| doc.name.to_ascii_lowercase());
    entries("Dialplan applications", &all)
}

fn functions() -> String {
    let mut all = (sidetone_apps::CATALOGUE.function_docs)();
    all.sort_by_key(|doc| doc.name.to_ascii_lowercase());
    entries("Dialplan functions", &all)
}

fn entries(title: &str, all: &[&Doc]) -> String {
    let mut page = format!("# {title}\n");
    for doc in all {
        let _ = write!(page, "\n## {}\n\n{}.\n", doc.name, doc.synopsis);
        let _ = write!(page, "\n    {}({})\n", doc.name, doc.syntax);
        if !doc.description.is_empty() {
            let _ = write!(page, "\n{}\n", doc.description);
        }
        for (head, rows) in
            [("Arguments", doc.arguments), ("Options", doc.options), ("Variables", doc.variables)]
        {
            list(&mut page, head, rows);
        }
        if !doc.see_also.is_empty() {
            let _ = write!(page, "\nSee also: {}\n", doc.see_also.join(", "));
        }
    }
    page
}

fn list(page: &mut String, head: &str, rows: &[(&str, &str)]) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(page, "\n{head}:\n\n");
    for (name, meaning) in rows {
        let _ = writeln!(page, "- `{name}`: {meaning}");
    }
}

fn commands() -> String {
    let mut page = String::from(
        "# Console commands\n\nIn `sidetone -r`, or one at a time with `sidetone -rx '…'`.\n\n\
         | command | what it does |\n|---|---|\n",
    );
    for command in COMMANDS {
        let line = format!("{} {}", command.words, command.syntax);
        let line = line.trim_end().replace('|', "\\|");
        let _ = writeln!(page, "| `{line}` | {} |", command.synopsis.replace('|', "\\|"));
    }
    page
}

#[test]
fn the_reference_pages_are_those_of_the_tables() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    let writes = std::env::var_os(WRITE).is_some();
    if writes {
        fs::create_dir_all(&folder).expect("a folder");
    }
    let pages = pages();
    for (name, _, text) in &pages {
        let path = folder.join(name);
        if writes {
            fs::write(&path, text).expect("written");
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert!(there == *text, "docs/reference/{name} is out of date: run `cargo xtask docs`");
    }
    for entry in fs::read_dir(&folder).expect("the folder").flatten() {
        let name = entry.file_name().into_string().expect("a name");
        let known = pages.iter().any(|(page, _, _)| *page == name);
        if writes && !known {
            fs::remove_file(entry.path()).expect("removed");
        }
        assert!(known || writes, "docs/reference/{name} is of nothing: run `cargo xtask docs`");
    }
}
