//! Where a stream's packets go, and what it plays.

use std::sync::Arc;
use std::time::Duration;

use sidetone_base::LegId;

/// What happens to the packets a stream receives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// They are counted, answered with RTCP and DTMF events, and dropped.
    #[default]
    Discard,
    /// They go back to the sender on the same stream.
    Echo,
    /// They go to these streams, the own leg's included. At most [`Route::MAX_TARGETS`].
    Forward(Vec<(LegId, usize)>),
}

impl Route {
    /// Targets of one stream: more receivers than this is a conference, which has its own node.
    pub const MAX_TARGETS: usize = 64;
}

/// Whether telephone-events received on a stream travel along its route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DtmfRelay {
    /// Digits go to the target like other packets.
    #[default]
    Pass,
    /// Digits are only reported.
    Stop,
}

/// Recorded speech or music, mono. Shared by all legs that play it.
pub use sidetone_codec::Prompt;

/// Names one playback of one leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlaybackId(pub u64);

/// How often a playback runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// Once through the list.
    #[default]
    Once,
    /// Until stopped (music on hold).
    Forever,
}

/// Prompts to play one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Playback {
    /// What to play, in order.
    pub prompts: Vec<Arc<Prompt>>,
    /// Once or for ever.
    pub repeat: Repeat,
    /// Samples of the first prompt to leave out, at its own rate.
    pub skip_samples: u64,
}

impl Playback {
    /// The same from where it stood after so many samples, each counted at the rate of its prompt.
    #[must_use]
    pub fn after(&self, samples_played: u64) -> Self {
        let len = |prompt: &Arc<Prompt>| prompt.samples.len() as u64;
        let total: u64 = self.prompts.iter().map(len).sum();
        if total == 0 {
            return self.clone();
        }
        let mut rest = (self.skip_samples + samples_played) % total;
        let mut prompts = self.prompts.clone();
        while let Some(first) = prompts.first().map(len).filter(|first| *first <= rest) {
            rest -= first;
            prompts.rotate_left(1);
        }
        Self { prompts, repeat: self.repeat, skip_samples: rest }
    }
}

/// A cadence of one or two frequencies, as in `indications.conf`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tone {
    /// The steps; an empty list is silence.
    pub steps: Vec<ToneStep>,
    /// Whether the steps repeat until stopped.
    pub repeat: Repeat,
}

/// One step of a tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToneStep {
    /// First frequency in Hz; 0 is silence.
    pub first_hz: u16,
    /// Second frequency in Hz, added to the first; 0 is none.
    pub second_hz: u16,
    /// How long; zero is for ever.
    pub duration: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_playback_goes_on_where_it_stopped() {
        let prompt = |rate, count| Arc::new(Prompt { rate, samples: vec![1; count] });
        let (short, long) = (prompt(8000, 100), prompt(16_000, 1000));
        let playback = Playback {
            prompts: vec![Arc::clone(&short), Arc::clone(&long)],
            repeat: Repeat::Forever,
            skip_samples: 10,
        };
        let check = |samples_played, first: &Arc<Prompt>, skip_samples| {
            let after = playback.after(samples_played);
            assert!(Arc::ptr_eq(&after.prompts[0], first), "{samples_played}");
            assert_eq!(after.skip_samples, skip_samples, "{samples_played}");
        };
        check(0, &short, 10);
        check(89, &short, 99);
        check(90, &long, 0);
        check(1_089, &long, 999);
        check(1_090, &short, 0);
        check(1_090 + 1_100 * 7 + 5, &short, 5);
        assert_eq!(playback.after(500).after(600), playback, "once round is where it began");
        let empty = Playback { prompts: vec![prompt(8000, 0)], ..Playback::default() };
        assert_eq!(empty.after(7), empty);
    }
}
