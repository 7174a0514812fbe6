//! `Echo`: the caller hears and sees itself.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_media::Route;
use sidetone_pbx::Channel;
use sidetone_pbx::channel::Happening;

pub(super) const DOC: Doc = Doc {
    name: "Echo",
    synopsis: "Send back what the caller sends",
    syntax: "",
    description: "Every stream and every digit goes back to the caller. The key # ends it.",
    see_also: &["StreamEcho"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, _: &str) -> Result<Flow, Stop> {
    channel.echo(true).await;
    let end = until_hash(channel).await;
    channel.echo(false).await;
    end.map(|()| Flow::Next)
}

/// Waits for the key #.
pub(super) async fn until_hash(channel: &mut Channel) -> Result<(), Stop> {
    loop {
        if matches!(channel.wait(None).await?, Happening::Digit('#')) {
            return Ok(());
        }
    }
}

pub(super) async fn set_route(channel: &Channel, stream: usize, route: Route) {
    if let Err(error) = channel.route(stream, route).await {
        tracing::warn!("{}: stream {stream}: {error}", channel.name());
    }
}
