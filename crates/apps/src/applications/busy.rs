//! `Busy`: the caller hears that the callee is busy.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::{Cause, Channel};

use super::tones;

pub(super) const DOC: Doc = Doc {
    name: "Busy",
    synopsis: "Indicate busy",
    syntax: "[timeout]",
    description: "A call that is not answered is refused with 486. An answered one hears the busy \
        tone until it hangs up or the time is over.",
    arguments: &[("timeout", "Seconds; without it until the caller hangs up")],
    see_also: &["Congestion", "Hangup"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    tones::refuse(channel, args, "busy", Cause::BUSY).await
}
