//! `Answer`: the call is answered.

use std::time::Duration;

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::{Cause, Channel};

pub(super) const DOC: Doc = Doc {
    name: "Answer",
    synopsis: "Answer the call",
    syntax: "[delay]",
    description: "Answers the call if it rings. With a delay the dialplan waits that long \
        afterwards, so that the caller hears the first word.",
    arguments: &[("delay", "Milliseconds to wait after answering")],
    see_also: &["Hangup", "Ringing"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    meet(channel).await?;
    let delay = args.split(',').next().unwrap_or_default().trim();
    if !delay.is_empty() {
        match delay.parse() {
            Ok(delay_ms) => channel.pause(Duration::from_millis(delay_ms)).await?,
            Err(_) => tracing::warn!("{}: Answer: '{delay}' is no delay", channel.name()),
        }
    }
    Ok(Flow::Next)
}

/// Answers and waits until the caller's streams are there, for applications that play or listen.
pub(super) async fn meet(channel: &mut Channel) -> Result<(), Stop> {
    answer(channel).await?;
    channel.settle().await
}

/// Answers; a call whose media cannot be set up ends here.
pub(super) async fn answer(channel: &mut Channel) -> Result<(), Stop> {
    if let Err(error) = channel.answer().await {
        tracing::warn!("{}: cannot answer: {error}", channel.name());
        return Err(Stop::Hangup { cause: Cause::INCOMPATIBLE.0.into() });
    }
    Ok(())
}
