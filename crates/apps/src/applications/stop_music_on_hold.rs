//! `StopMusicOnHold`: the end of `StartMusicOnHold`.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;

pub(super) const DOC: Doc = Doc {
    name: "StopMusicOnHold",
    synopsis: "Stop the music that StartMusicOnHold began",
    syntax: "",
    description: "Nothing happens when no music plays.",
    see_also: &["StartMusicOnHold", "MusicOnHold"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, _: &str) -> Result<Flow, Stop> {
    channel.stop_music().await;
    Ok(Flow::Next)
}
