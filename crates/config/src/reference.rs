//! The reference page of all options, made from the tables.

use std::fmt::Write;

use crate::table::{Kind, ObjectSpec, Usage};
use crate::tables;

/// All options as Markdown.
pub fn reference() -> String {
    let mut page = String::from("# Configuration options\n\nMade from the tables of the server.\n");
    for object in tables::ALL {
        write_object(&mut page, object);
    }
    page
}

fn write_object(page: &mut String, object: &ObjectSpec) {
    // Writing to a String cannot fail.
    let _ = writeln!(page, "\n## {}: {}\n", object.file, object.name);
    if let Usage::Ignored(reason) = object.usage {
        let _ = writeln!(page, "Accepted and ignored: {reason}.\n");
    }
    let _ = writeln!(page, "| option | values | default | what it does |\n|---|---|---|---|");
    for option in object.options {
        let doc = match option.usage {
            Usage::Works => option.doc.to_owned(),
            Usage::Ignored(reason) => format!("{} *Ignored: {reason}.*", option.doc),
        };
        let doc = doc.replace('|', "\\|");
        let default = option.default;
        let _ = writeln!(page, "| `{}` | {} | {default} | {doc} |", option.name, kind(option.kind));
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
