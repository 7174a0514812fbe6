//! `Hangup`: the call ends.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::{Cause, Channel};

pub(super) const DOC: Doc = Doc {
    name: "Hangup",
    synopsis: "End the call",
    syntax: "[causecode]",
    description: "Ends the call. An unanswered call is refused with the SIP status that belongs to \
        the cause; without a cause it is an ordinary clearing.",
    arguments: &[("causecode", "A Q.850 number, or a name such as BUSY or CONGESTION")],
    see_also: &["Answer", "Busy", "Congestion"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let args = args.trim();
    if args.is_empty() {
        return Err(Stop::NORMAL);
    }
    let cause = Cause::from_argument(args).unwrap_or_else(|| {
        tracing::warn!("{}: Hangup: '{args}' is no cause", channel.name());
        Cause::NORMAL
    });
    Err(Stop::Hangup { cause: cause.0.into() })
}
