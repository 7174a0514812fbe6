//! Prompts for the applications that play them.

use std::sync::Arc;

use sidetone_dialplan::Stop;
use sidetone_media::{Playback, Prompt};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::Happening;

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
pub(super) enum Digits {
    /// It interrupts.
    Interrupt,
    /// It is kept for later.
    Keep,
}

/// Plays `a&b&c`; missing prompts are named in the log and left out.
pub(super) async fn play(
    channel: &mut Channel,
    names: &str,
    digits: Digits,
) -> Result<Played, Stop> {
    let language = match channel.endpoint().language.as_str() {
        "" => channel.exchange().config().asterisk.default_language.clone(),
        language => language.to_owned(),
    };
    let mut prompts: Vec<Arc<Prompt>> = Vec::new();
    for name in names.split('&').map(str::trim).filter(|name| !name.is_empty()) {
        match channel.exchange().prompt(name, &language) {
            Some(prompt) => prompts.push(prompt),
            None => tracing::warn!("{}: there is no prompt '{name}'", channel.name()),
        }
    }
    if prompts.is_empty() {
        return Ok(Played::Failed);
    }
    channel.stop_background().await;
    let id = match channel.play(Playback { prompts, ..Playback::default() }).await {
        Ok(id) => id,
        Err(error) => {
            tracing::warn!("{}: cannot play '{names}': {error}", channel.name());
            return Ok(Played::Failed);
        }
    };
    loop {
        let happening = match digits {
            Digits::Interrupt => channel.wait(None).await?,
            Digits::Keep => channel.wait_keeping_digits(None).await?,
        };
        match happening {
            Happening::Played(ended) if ended == id => return Ok(Played::Done),
            Happening::Digit(digit) => {
                channel.stop_playback(id).await;
                return Ok(Played::Digit(digit));
            }
            _ => {}
        }
    }
}
