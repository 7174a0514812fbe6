//! Prompts for the applications that play them.

use std::sync::Arc;
use std::time::Duration;

use sidetone_dialplan::Stop;
use sidetone_media::{Playback, PlaybackId, Prompt};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::Happening;

use super::digits;

/// How a list of prompts ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Played {
    /// A digit interrupted it.
    Digit(char),
    /// All were played, or what could be.
    Done,
    /// Nothing could be played: there are no such prompts, or there is no audio.
    Failed,
}

/// What a digit does to the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digits<'a> {
    /// It interrupts.
    Interrupt,
    /// It interrupts when it is an extension of this context by itself, and is lost otherwise.
    Extension(&'a str),
    /// It is kept for later.
    Keep,
}

fn find(channel: &Channel, names: &str, language: Option<&str>) -> Vec<Arc<Prompt>> {
    let language = language.map_or_else(|| channel.language(), str::to_owned);
    let mut prompts: Vec<Arc<Prompt>> = Vec::new();
    for name in names.split('&').map(str::trim).filter(|name| !name.is_empty()) {
        match channel.exchange().prompt(name, &language) {
            Some(prompt) => prompts.push(prompt),
            None => tracing::warn!("{}: there is no prompt '{name}'", channel.name()),
        }
    }
    prompts
}

/// How long `a&b&c` lasts.
pub(super) fn length(channel: &Channel, names: &str) -> Duration {
    let lasts = |prompt: &Arc<Prompt>| {
        let samples = u64::try_from(prompt.samples.len()).unwrap_or(u64::MAX);
        Duration::from_millis(samples.saturating_mul(1_000) / u64::from(prompt.rate.max(1)))
    };
    find(channel, names, None).iter().map(lasts).sum()
}

/// Begins to play `a&b&c`; missing prompts are named in the log and left out. `None` when nothing
/// can be played.
pub(super) async fn begin(channel: &mut Channel, names: &str) -> Option<PlaybackId> {
    begin_in(channel, names, None).await
}

async fn begin_in(
    channel: &mut Channel,
    names: &str,
    language: Option<&str>,
) -> Option<PlaybackId> {
    let prompts = find(channel, names, language);
    if prompts.is_empty() {
        return None;
    }
    channel.stop_background().await;
    let started = channel.play(Playback { prompts, ..Playback::default() }).await;
    started
        .inspect_err(|error| {
            tracing::warn!("{}: cannot play '{names}': {error}", channel.name());
        })
        .ok()
}

/// Plays `a&b&c` as [`begin`] does, to its end or to a digit.
pub(super) async fn play(
    channel: &mut Channel,
    names: &str,
    digits: Digits<'_>,
) -> Result<Played, Stop> {
    play_in(channel, names, None, digits).await
}

fn interrupts(channel: &Channel, digits: Digits<'_>, digit: char) -> bool {
    match digits {
        Digits::Interrupt => true,
        Digits::Extension(context) => digits::is_extension(channel, context, digit),
        Digits::Keep => false,
    }
}

/// [`play`] in another language than the channel's.
pub(super) async fn play_in(
    channel: &mut Channel,
    names: &str,
    language: Option<&str>,
    digits: Digits<'_>,
) -> Result<Played, Stop> {
    let Some(id) = begin_in(channel, names, language).await else {
        return Ok(Played::Failed);
    };
    loop {
        let happening = match digits {
            Digits::Interrupt | Digits::Extension(_) => channel.wait(None).await?,
            Digits::Keep => channel.wait_keeping_digits(None).await?,
        };
        match happening {
            Happening::Played(ended) if ended == id => return Ok(Played::Done),
            Happening::Digit(digit) if interrupts(channel, digits, digit) => {
                channel.stop_playback(id).await;
                return Ok(Played::Digit(digit));
            }
            _ => {}
        }
    }
}
