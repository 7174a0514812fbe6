//! `Congestion`: the caller hears that there is no way through.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::{Cause, Channel};

use super::tones;

pub(super) const DOC: Doc = Doc {
    name: "Congestion",
    synopsis: "Indicate congestion",
    syntax: "[timeout]",
    description: "A call that is not answered is refused with 503. An answered one hears the \
        congestion tone until it hangs up or the time is over.",
    arguments: &[("timeout", "Seconds; without it until the caller hangs up")],
    see_also: &["Busy", "Hangup"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    tones::refuse(channel, args, "congestion", Cause::CONGESTION).await
}
