//! `CONNECTEDLINE`: who the channel is connected with.

use sidetone_dialplan::Doc;
use sidetone_pbx::Channel;

use super::{Read, Write, party};
use sidetone_functions::{Function, Outcome, Written};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "CONNECTEDLINE",
        synopsis: "Reads or sets who the channel is connected with",
        syntax: "datatype[,i]",
        description: "The parts are those of CALLERID. What is set is shown to the channel's own \
            phone as P-Asserted-Identity or Remote-Party-ID (send_pai, send_rpid): in its next \
            response before the answer, by UPDATE or re-INVITE after it. With i it is noted \
            without being sent, so that several parts can be set before the last one sends all.",
        arguments: &[
            ("datatype", "num, name, all, pres, tag …"),
            ("i", "Do not send an update now"),
        ],
        see_also: &["CALLERID", "REDIRECTING"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: Some(write),
};

fn read(channel: &mut Channel, arguments: &str) -> Outcome {
    party::read(channel.connected(), own(arguments).0)
}

fn write(channel: &mut Channel, arguments: &str, value: &str) -> Written {
    let (item, quiet) = own(arguments);
    let mut connected = channel.connected().clone();
    party::write(&mut connected, item, value)?;
    channel.set_connected(connected, !quiet);
    Ok(())
}

/// The part, and whether it is to be kept quiet.
fn own(arguments: &str) -> (&str, bool) {
    let (item, options) = arguments.split_once(',').unwrap_or((arguments, ""));
    let item = item.trim();
    (item.strip_prefix("priv-").unwrap_or(item), options.contains('i'))
}
