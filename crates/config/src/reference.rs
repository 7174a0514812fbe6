//! The reference pages of all options, made from the tables.

use std::fmt::Write;

use crate::table::{Kind, ObjectSpec, Usage};
use crate::tables;

/// The files that have options, in the order of the tables.
pub fn files() -> Vec<&'static str> {
    let mut files: Vec<&str> = tables::ALL.iter().map(|object| object.file).collect();
    files.dedup();
    files
}

/// The options of one file as Markdown.
pub fn reference(file: &str) -> String {
    let mut page = format!("# Options of {file}\n");
    for object in tables::ALL.iter().filter(|object| object.file == file) {
        write_object(&mut page, object);
    }
    page
}

fn title(object: &ObjectSpec) -> String {
    match object.file {
        "pjsip.conf" => format!("type = {}", object.name),
        _ if object.name == "restriction" => "type = restriction".to_owned(),
        _ => format!("[{}]", object.name),
    }
}

fn write_object(page: &mut String, object: &ObjectSpec) {
    // Writing to a String cannot fail.
    let _ = writeln!(page, "\n## {}\n", title(object));
    if let Usage::Ignored(reason) = object.usage {
        let _ = writeln!(page, "Accepted and ignored: {reason}.\n");
    }
    if !object.aliases.is_empty() {
        let names = object.aliases.iter().map(|(old, new)| format!("`{old}` for `{new}`"));
        let names = names.collect::<Vec<_>>().join(", ");
        let _ = writeln!(page, "Other spellings: {names}.\n");
    }
    let _ = writeln!(page, "| option | values | default | what it does |\n|---|---|---|---|");
    for option in object.options {
        let doc = match option.usage {
            Usage::Works => option.doc.to_owned(),
            Usage::Ignored(reason) => format!("{} *Ignored: {reason}.*", option.doc),
            Usage::Fixed(always, reason) => {
                format!("{} *Always `{always}`: {reason}.*", option.doc)
            }
        };
        let doc = doc.replace('|', "\\|");
        let default = option.default.split_whitespace().collect::<Vec<_>>().join(" ");
        let (name, values) = (option.name, kind(option.kind));
        let _ = writeln!(page, "| `{name}` | {values} | {default} | {doc} |");
    }
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Text => String::from("text"),
        Kind::Secret => String::from("secret"),
        Kind::Flag | Kind::YesNo => String::from("yes, no"),
        Kind::Number { min, max } if max == i64::from(i32::MAX) => format!("number from {min}"),
        Kind::Number { min, max } => format!("{min} to {max}"),
        Kind::Decimal => String::from("number"),
        Kind::Choice(names) => names.join(", "),
        Kind::Choices(names) => format!("some of {}", names.join(", ")),
        Kind::List => String::from("list"),
        Kind::TypeOfService => String::from("0 to 255, `ef`, `cs3`…"),
    }
}
