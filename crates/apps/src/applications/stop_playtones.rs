//! `StopPlaytones`: the tone ends.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;

pub(super) const DOC: Doc = Doc {
    name: "StopPlayTones",
    synopsis: "Stop a tone",
    syntax: "",
    description: "Stops what PlayTones or Ringing started.",
    see_also: &["PlayTones"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, _: &str) -> Result<Flow, Stop> {
    channel.stop_background().await;
    Ok(Flow::Next)
}
