//! `Answer`: the call is answered.

use std::time::Duration;

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::{Cause, Channel};

use super::warn_about;

pub(super) const DOC: Doc = Doc {
    name: "Answer",
    synopsis: "Answer the call",
    syntax: "[delay[,i]]",
    description: "Answers the call if it rings. With a delay the dialplan waits that long \
        afterwards, so that the caller hears the first word.",
    arguments: &[("delay", "Milliseconds to wait after answering")],
    options: &[("i", "Go on at once, without waiting for the caller's media")],
    see_also: &["Hangup", "Ringing"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let (delay, options) = args.split_once(',').unwrap_or((args, ""));
    let delay = delay.trim();
    warn_about(channel, "Answer", options, "i");
    if options.contains('i') {
        answer(channel).await?;
    } else {
        meet(channel).await?;
    }
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
