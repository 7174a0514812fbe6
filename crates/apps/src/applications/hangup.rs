//! `Hangup`: the call ends.

use sidetone_dialplan::{Doc, Flow, Host as _, Stop};
use sidetone_pbx::{Cause, Channel};

pub(super) const DOC: Doc = Doc {
    name: "Hangup",
    synopsis: "End the call",
    syntax: "[causecode]",
    description: "Ends the call. An unanswered call is refused with the SIP status that belongs to \
        the cause. Without a cause it is that of the last Dial, so that a caller hears busy when \
        the callee was, and after none an ordinary clearing.",
    arguments: &[("causecode", "A Q.850 number, or a name such as BUSY or CONGESTION")],
    see_also: &["Answer", "Busy", "Congestion"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let args = args.trim();
    if args.is_empty() {
        let dialled = channel.variable("HANGUPCAUSE").and_then(|cause| cause.parse().ok());
        let dialled = dialled.filter(|cause| *cause > 0);
        return Err(dialled.map_or(Stop::NORMAL, |cause| Stop::Hangup { cause }));
    }
    let cause = Cause::from_argument(args).unwrap_or_else(|| {
        tracing::warn!("{}: Hangup: '{args}' is no cause", channel.name());
        Cause::NORMAL
    });
    Err(Stop::Hangup { cause: cause.0.into() })
}
