//! `HANGUPCAUSE` and `HANGUPCAUSE_KEYS`: how each of the channels that were called ended.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;

use super::{Read, Write};
use sidetone_functions::{Function, Outcome};

pub(super) const CAUSE: Function<Read, Write> = Function {
    doc: Doc {
        name: "HANGUPCAUSE",
        synopsis: "Tells how a channel that was called ended",
        syntax: "channel[,type]",
        description: "After Dial(): tech gives the words of SIP, such as SIP 486 Busy Here, ast \
            the cause in words, such as User busy. The variable HANGUPCAUSE, without brackets, is \
            the number of the last cause.",
        arguments: &[
            ("channel", "Its name; HANGUPCAUSE_KEYS() lists them"),
            ("type", "tech (default) or ast"),
        ],
        see_also: &["HANGUPCAUSE_KEYS", "HangupCauseClear"],
        ..Doc::EMPTY
    },
    read: Some(cause),
    write: None,
};

pub(super) const KEYS: Function<Read, Write> = Function {
    doc: Doc {
        name: "HANGUPCAUSE_KEYS",
        synopsis: "Lists the channels of which HANGUPCAUSE knows the end",
        syntax: "",
        description: "The names with commas between, in the order in which they ended.",
        see_also: &["HANGUPCAUSE", "HangupCauseClear"],
        ..Doc::EMPTY
    },
    read: Some(keys),
    write: None,
};

fn cause(channel: &mut Channel, arguments: &str) -> Outcome {
    let (name, kind) = arguments.split_once(',').unwrap_or((arguments, "tech"));
    let mut causes = channel.sip().causes.iter();
    let Some(found) = causes.find(|known| known.channel == name.trim()) else {
        return Ok(String::new());
    };
    match kind.trim().to_ascii_lowercase().as_str() {
        "" | "tech" => Ok(found.tech.clone()),
        "ast" => Ok(found.cause.words().to_owned()),
        other => Err(FunctionError::Arguments(format!("'{other}' is neither tech nor ast"))),
    }
}

fn keys(channel: &mut Channel, _: &str) -> Outcome {
    let names: Vec<&str> =
        channel.sip().causes.iter().map(|known| known.channel.as_str()).collect();
    Ok(names.join(","))
}
