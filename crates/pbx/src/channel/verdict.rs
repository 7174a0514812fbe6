//! Whether audio flows: some seconds after the answer each leg says so, or why not and what to
//! change; a leg for which ICE finds no path ends its call (decision 0051).

use std::time::{Duration, Instant};

use sidetone_media::no_translation;
use sidetone_media::silence::{Source, no_audio_from, no_audio_to};
use sidetone_sdp::plan::{MediaKind, StreamState};

use super::{Channel, State};
use crate::Cause;

/// When the verdict is given, after the answer: ICE and DTLS over a slow link are done by then, and
/// nobody has hung up yet.
const VERDICT: Duration = Duration::from_secs(3);
/// How long a peer whose ICE failed may still restart it, as a browser in a new network does.
const GRACE: Duration = Duration::from_secs(15);

/// What a leg still has to say about its audio.
#[derive(Debug, Default)]
pub(super) struct Ears {
    verdict: Option<Instant>,
    /// There is no path: the call ends then.
    pathless: Option<Instant>,
}

impl Ears {
    pub(super) fn answered(&mut self, now: Instant) {
        self.verdict = Some(now + VERDICT);
    }

    pub(super) fn due(&self) -> Option<Instant> {
        [self.verdict, self.pathless].into_iter().flatten().min()
    }
}

impl Channel {
    fn carries_audio(&self, transport: usize) -> bool {
        let streams = self.plan().map(|plan| plan.streams.as_slice()).unwrap_or_default();
        let audio = streams
            .iter()
            .find(|stream| stream.kind == MediaKind::Audio && stream.state == StreamState::Active);
        audio.is_some_and(|audio| audio.transport == transport)
    }

    pub(super) fn path_found(&mut self, transport: usize) {
        if self.carries_audio(transport) {
            self.ears.pathless = None;
        }
    }

    pub(super) fn path_failed(&mut self, transport: usize) {
        if self.carries_audio(transport) && self.ears.pathless.is_none() {
            self.ears.pathless = Some(self.exchange.now() + GRACE);
            // What died may be an address of ours; the peer may not know of it.
            self.readdress();
        }
    }

    /// Does what is due.
    pub(super) async fn listen(&mut self) {
        let now = self.exchange.now();
        if self.ears.verdict.take_if(|due| *due <= now).is_some() {
            self.judge().await;
        }
        if self.ears.pathless.take_if(|due| *due <= now).is_some() {
            if self.state != State::Up {
                // Nobody speaks yet, and the answer may come from elsewhere.
                self.ears.pathless = Some(now + GRACE);
                return;
            }
            self.tell_media("ICE found no path: the call ends".to_owned());
            self.note_stop(Cause(44));
        }
    }

    async fn judge(&self) {
        let Some(index) = self.audio().filter(|_| self.far_end.is_none()) else {
            return;
        };
        let quality = self.quality().await;
        let Some(stream) = quality.iter().find(|stream| stream.stream == index) else {
            return;
        };
        let source = self.peer.as_ref().map_or(Source::Application, |peer| {
            let audio = |facts: &[super::StreamFact]| {
                let first = facts.iter().find(|fact| fact.kind == MediaKind::Audio);
                first.map(|fact| fact.codecs.clone()).unwrap_or_default()
            };
            let untranslatable = no_translation(&audio(&peer.streams), &audio(&self.streams()));
            Source::Party { name: &peer.name, untranslatable }
        });
        let signalling = self.signalling.flow.map(|flow| flow.remote.ip());
        let from = no_audio_from(stream).map(|why| format!("no audio from it: {why}"));
        let to = no_audio_to(stream, &source, signalling);
        let to = to.map(|why| format!("no audio to it: {why}"));
        let found: Vec<String> = from.into_iter().chain(to).collect();
        if found.is_empty() {
            self.tell_media("audio flows".to_owned());
            return;
        }
        for words in found {
            tracing::warn!("{}: {words}", self.name);
            self.tell_media(words);
        }
    }
}
