//! `CALLERID`: who calls.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;

use super::{Read, Write};
use crate::functions::{Function, Outcome, Written};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "CALLERID",
        synopsis: "Reads or sets who calls",
        syntax: "datatype",
        description: "num is the number, name the display name, all both as \"name\" <number>. \
            What is set is shown to whoever is called.",
        arguments: &[("datatype", "num, name, all, ani, dnid or rdnis")],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let caller = channel.caller();
    Ok(match datatype(arguments) {
        "num" | "number" | "ani" | "ANI-num" => caller.number.clone(),
        "name" => caller.name.clone(),
        "all" => format!("\"{}\" <{}>", caller.name, caller.number),
        "dnid" | "DNID" => channel.dialled().to_owned(),
        "rdnis" | "RDNIS" => String::new(),
        other => return Err(FunctionError::Arguments(format!("there is no '{other}'"))),
    })
}

fn write(channel: &mut Channel, arguments: &str, value: &str) -> Written {
    let mut caller = channel.caller().clone();
    match datatype(arguments) {
        "num" | "number" => value.trim().clone_into(&mut caller.number),
        "name" => value.trim().trim_matches('"').clone_into(&mut caller.name),
        "all" => {
            let parsed = sidetone_config::CallerId::parse(value);
            (caller.name, caller.number) = (parsed.name, parsed.number);
        }
        other => return Err(FunctionError::Arguments(format!("'{other}' cannot be set"))),
    }
    caller.name.retain(|c| !c.is_control());
    caller.number.retain(|c| !c.is_control());
    channel.set_caller(caller);
    Ok(())
}

fn datatype(arguments: &str) -> &str {
    arguments.split(',').next().unwrap_or_default().trim()
}
