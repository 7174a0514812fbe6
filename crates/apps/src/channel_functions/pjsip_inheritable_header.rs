//! `PJSIP_INHERITABLE_HEADER`: headers for the INVITEs of the channels that this one calls.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;

use super::headers::{self, Request};
use super::{Read, Write};
use sidetone_functions::{Function, Outcome, Written};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "PJSIP_INHERITABLE_HEADER",
        synopsis: "Adds headers to the calls that this channel makes",
        syntax: "action,name[,number]",
        description: "Set(PJSIP_INHERITABLE_HEADER(add,X-Name)=value) before Dial() puts the \
            header into the INVITE of every destination, without a pre-dial handler.",
        arguments: &[
            ("action", "add, update or remove"),
            ("name", "The header's name; with remove it may end with *"),
            ("number", "Which one of several, from 1"),
        ],
        see_also: &["PJSIP_HEADER", "SIPAddHeader"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let request = Request::parse(arguments)?;
    if request.action.eq_ignore_ascii_case("remove") {
        return headers::remove(&mut channel.sip_mut().inheritable, &request);
    }
    let text = "only remove can be read: it says how many there were";
    Err(FunctionError::Arguments(text.to_owned()))
}

fn write(channel: &mut Channel, arguments: &str, value: &str) -> Written {
    let request = Request::parse(arguments)?;
    headers::change(&mut channel.sip_mut().inheritable, &request, value)
}
