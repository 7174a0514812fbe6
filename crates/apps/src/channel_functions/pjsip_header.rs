//! `PJSIP_HEADER`: headers of the INVITE, received or to be sent.

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_pbx::Channel;

use super::headers::{self, Request};
use super::{Read, Write};
use sidetone_functions::{Function, Outcome, Written};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "PJSIP_HEADER",
        synopsis: "Reads headers of the INVITE that came, changes those of the INVITE to be sent",
        syntax: "action,name[,number]",
        description: "read gives a header of the INVITE that began the channel; on a channel that \
            is being called, one of those added before. Set(PJSIP_HEADER(add,X-Name)=value) adds \
            one to the INVITE of a channel that is being called, in a pre-dial handler; update \
            changes one that was added, remove takes it away and, when read, says how many there \
            were. A name that ends with * means all that begin so. For headers of the calls a \
            channel makes, without a handler, there is PJSIP_INHERITABLE_HEADER.",
        arguments: &[
            ("action", "read, add, update or remove"),
            ("name", "The header's name"),
            ("number", "Which one of several, from 1"),
        ],
        see_also: &["PJSIP_HEADERS", "PJSIP_INHERITABLE_HEADER", "PJSIP_RESPONSE_HEADER"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let request = Request::parse(arguments)?;
    match request.action.to_ascii_lowercase().as_str() {
        "read" => Ok(match channel.request() {
            Some(invite) => headers::value(&invite.headers, request.name, request.number),
            None => headers::own_value(&channel.sip().headers, request.name, request.number),
        }),
        "remove" => headers::remove(&mut channel.sip_mut().headers, &request),
        "add" | "update" => Err(FunctionError::Arguments(format!(
            "write Set(PJSIP_HEADER({},{})=value)",
            request.action, request.name
        ))),
        other => Err(headers::unknown(other)),
    }
}

fn write(channel: &mut Channel, arguments: &str, value: &str) -> Written {
    let request = Request::parse(arguments)?;
    if channel.request().is_some() {
        tracing::warn!(
            "{}: PJSIP_HEADER({},{}): this channel was called by its peer and sends no INVITE; \
             use a pre-dial handler, or PJSIP_INHERITABLE_HEADER",
            channel.name(),
            request.action,
            request.name
        );
    }
    headers::change(&mut channel.sip_mut().headers, &request, value)
}
