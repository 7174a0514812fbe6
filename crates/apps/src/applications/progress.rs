//! `Progress`: early media begins.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::{Cause, Channel};

pub(super) const DOC: Doc = Doc {
    name: "Progress",
    synopsis: "Indicate progress",
    syntax: "",
    description: "Sends 183 with a media description: the caller hears prompts and tones before \
        the call is answered.",
    see_also: &["Ringing", "Playback"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, _: &str) -> Result<Flow, Stop> {
    if let Err(error) = channel.progress().await {
        tracing::warn!("{}: no early media: {error}", channel.name());
        return Err(Stop::Hangup { cause: Cause::INCOMPATIBLE.0.into() });
    }
    channel.settle().await?;
    Ok(Flow::Next)
}
