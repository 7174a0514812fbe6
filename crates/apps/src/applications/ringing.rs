//! `Ringing`: the caller hears that it rings.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::State;

use super::tones;

pub(super) const DOC: Doc = Doc {
    name: "Ringing",
    synopsis: "Indicate ringing",
    syntax: "",
    description: "Sends 180 to a caller who is not answered; one who is hears the ringing tone \
        while the dialplan goes on.",
    see_also: &["Progress", "Busy"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, _: &str) -> Result<Flow, Stop> {
    if channel.state() == State::Up {
        tones::start(channel, "ring").await;
    } else {
        channel.ring().await;
    }
    Ok(Flow::Next)
}
