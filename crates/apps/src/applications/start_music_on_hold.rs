//! `StartMusicOnHold`: music while the dialplan goes on.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;

use super::music_on_hold;

pub(super) const DOC: Doc = Doc {
    name: "StartMusicOnHold",
    synopsis: "Play music while the dialplan goes on",
    syntax: "[class]",
    description: "Plays until StopMusicOnHold, or until something else is played.",
    arguments: &[("class", "The class; CHANNEL(musicclass) or default without")],
    see_also: &["StopMusicOnHold", "MusicOnHold"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    music_on_hold::start(channel, args.trim()).await;
    Ok(Flow::Next)
}
