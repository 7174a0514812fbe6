//! `HangupCauseClear`: forgets how the channels that were called ended.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;

pub(super) const DOC: Doc = Doc {
    name: "HangupCauseClear",
    synopsis: "Forget how called channels ended",
    syntax: "",
    description: "Empties what HANGUPCAUSE_KEYS() lists; Dial() never does so by itself.",
    see_also: &["HANGUPCAUSE", "HANGUPCAUSE_KEYS"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, _: &str) -> Result<Flow, Stop> {
    channel.sip_mut().causes.clear();
    Ok(Flow::Next)
}
