//! `SIP_HEADER`, `SIP_HEADERS`: the names of old for `PJSIP_HEADER(read,…)` and `PJSIP_HEADERS`.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;

use super::{Read, Write, headers};
use sidetone_functions::{Function, Outcome};

pub(super) const HEADER: Function<Read, Write> = Function {
    doc: Doc {
        name: "SIP_HEADER",
        synopsis: "Reads a header of the INVITE; the old name of PJSIP_HEADER",
        syntax: "name[,number]",
        description: "The same as PJSIP_HEADER(read,name,number).",
        arguments: &[("name", "The header's name"), ("number", "Which one of several, from 1")],
        see_also: &["PJSIP_HEADER"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

pub(super) const NAMES: Function<Read, Write> = Function {
    doc: Doc {
        name: "SIP_HEADERS",
        synopsis: "Lists the headers of the INVITE; the old name of PJSIP_HEADERS",
        syntax: "[prefix]",
        description: "The same as PJSIP_HEADERS(prefix).",
        arguments: &[("prefix", "Only names that begin so")],
        see_also: &["PJSIP_HEADERS"],
        ..Doc::EMPTY
    },
    read: Some(names),
    write: None,
};

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let (name, number) = arguments.split_once(',').unwrap_or((arguments, ""));
    let number = if number.trim().is_empty() { None } else { Some(headers::number(number)?) };
    if name.trim().is_empty() {
        return Err(FunctionError::Arguments("write the header's name".to_owned()));
    }
    let invite = channel.request();
    let value = invite.map(|it| headers::value(&it.headers, name.trim(), number));
    Ok(value.unwrap_or_default())
}

fn names(channel: &mut Channel, arguments: &str) -> Outcome {
    let invite = channel.request();
    Ok(invite.map(|invite| headers::names(&invite.headers, arguments)).unwrap_or_default())
}
