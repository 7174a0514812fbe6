//! Prompts and tones: our own audio on a stream.

use crate::source::{Playback, PlaybackId, Tone};

#[derive(Debug)]
pub(crate) struct Player {
    pub(crate) id: PlaybackId,
    pub(crate) source: Source,
}

#[derive(Debug)]
pub(crate) enum Source {
    Prompts(Playback),
    Tone(Tone),
}

impl Player {
    pub(crate) fn prompts(id: PlaybackId, playback: Playback) -> Self {
        Self {
            id,
            source: Source::Prompts(playback),
        }
    }

    pub(crate) fn tone(id: PlaybackId, tone: Tone) -> Self {
        Self {
            id,
            source: Source::Tone(tone),
        }
    }
}
