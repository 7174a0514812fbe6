//! `MusicOnHold`: music until the call is over or the time is.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::Happening;

use super::wait;

pub(super) const DOC: Doc = Doc {
    name: "MusicOnHold",
    synopsis: "Play music",
    syntax: "[class[,duration]]",
    description: "Plays music of a class of musiconhold.conf until the caller hangs up or the time \
        is over. Keys are kept for the application that reads them next.",
    arguments: &[
        ("class", "The class; CHANNEL(musicclass) or default without"),
        ("duration", "Seconds; without end when left out"),
    ],
    see_also: &["StartMusicOnHold", "StopMusicOnHold"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let (class, duration) = args.split_once(',').unwrap_or((args, ""));
    let until = wait::seconds(duration).map(|time| channel.until(time));
    start(channel, class.trim()).await;
    let waited = loop {
        match channel.wait_keeping_digits(until).await {
            Ok(Happening::Deadline) => break Ok(Flow::Next),
            Ok(_) => {}
            Err(stop) => break Err(stop),
        }
    };
    channel.stop_music().await;
    waited
}

/// Starts music and says in the log why it does not.
pub(super) async fn start(channel: &mut Channel, class: &str) {
    if let Err(error) = channel.start_music(class).await {
        tracing::warn!("{}: no music: {error}", channel.name());
    }
}
