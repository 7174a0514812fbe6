//! `PJSIP_RESPONSE_HEADER` and `PJSIP_RESPONSE_HEADERS`: headers of the 200 to our INVITE.

use sidetone_dialplan::Doc;
use sidetone_pbx::Channel;

use super::headers::{self, Request};
use super::{Read, Write};
use sidetone_functions::{Function, Outcome};

pub(super) const HEADER: Function<Read, Write> = Function {
    doc: Doc {
        name: "PJSIP_RESPONSE_HEADER",
        synopsis: "Reads a header of the 200 that answered our INVITE",
        syntax: "read,name[,number]",
        description: "On the channel that was called (Dial option U), or on the one that called \
            it, after Dial(). A name that ends with * finds those that begin so.",
        arguments: &[
            ("read", "The only action"),
            ("name", "The header's name"),
            ("number", "Which one of several, from 1"),
        ],
        see_also: &["PJSIP_RESPONSE_HEADERS", "PJSIP_HEADER"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

pub(super) const NAMES: Function<Read, Write> = Function {
    doc: Doc {
        name: "PJSIP_RESPONSE_HEADERS",
        synopsis: "Lists the headers of the 200 that answered our INVITE",
        syntax: "[prefix]",
        description: "The names in the order they came, each once, with commas between.",
        arguments: &[("prefix", "Only names that begin so")],
        see_also: &["PJSIP_RESPONSE_HEADER"],
        ..Doc::EMPTY
    },
    read: Some(names),
    write: None,
};

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let request = Request::parse(arguments)?;
    if !request.action.eq_ignore_ascii_case("read") {
        return Err(headers::unknown(request.action));
    }
    let answer = channel.sip().answer.as_ref();
    let value = answer.map(|it| headers::value(&it.headers, request.name, request.number));
    Ok(value.unwrap_or_default())
}

fn names(channel: &mut Channel, arguments: &str) -> Outcome {
    let answer = channel.sip().answer.as_ref();
    Ok(answer.map(|answer| headers::names(&answer.headers, arguments)).unwrap_or_default())
}
