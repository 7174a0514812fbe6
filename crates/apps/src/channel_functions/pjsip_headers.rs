//! `PJSIP_HEADERS`: the names of the headers of the INVITE.

use sidetone_dialplan::Doc;
use sidetone_pbx::Channel;

use super::{Read, Write, headers};
use sidetone_functions::{Function, Outcome};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "PJSIP_HEADERS",
        synopsis: "Lists the headers of the INVITE that began the channel",
        syntax: "[prefix]",
        description: "The names in the order they came, each once, with commas between.",
        arguments: &[("prefix", "Only names that begin so, as in X-")],
        see_also: &["PJSIP_HEADER"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    let invite = channel.request();
    Ok(invite.map(|invite| headers::names(&invite.headers, arguments)).unwrap_or_default())
}
