//! Audio that arrives in one codec and leaves in another: a [`Transcoder`] of the stream it leaves
//! on, with the numbering of its packets. Packets are transcoded as they arrive, so that no delay
//! is added; jitter is left to the receiver, and a packet that comes out of order counts as lost.

use std::time::Duration;

use sidetone_codec::{OpusSettings, Transcoder};
use sidetone_rtp::{RtpView, sequence_delta};

use crate::formats::{AudioFormat, FormatKey};

/// Packets missing in a row that are concealed; more is a pause.
const MAX_CONCEALED: i16 = 5;

#[derive(Debug)]
pub(crate) struct Transcoding {
    /// Which stream it serves, and what it reads and writes.
    pub(crate) uid: u64,
    from: FormatKey,
    to: FormatKey,
    transcoder: Option<Box<Transcoder>>,
    in_clock: u32,
    out_ticks: u32,
    last_in: Option<(u16, u32)>,
    sequence: u16,
    timestamp: u32,
}

/// A packet that came out: its length and numbers on the transcoder's own count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transcoded {
    pub(crate) len: usize,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
}

/// What a transcoder should make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) key: Option<FormatKey>,
    /// `None` for a codec that cannot be encoded.
    pub(crate) audio: Option<AudioFormat>,
    pub(crate) time: Duration,
    pub(crate) opus: OpusSettings,
    pub(crate) conceals: bool,
}

impl Transcoding {
    /// A transcoder between two codecs. It goes on where one before it stopped: its numbers when
    /// it served the same stream, its encoder when only the codec that arrives has changed. When
    /// there is no way the pair is remembered as impossible, so that not every packet tries again.
    pub(crate) fn follow(
        before: Option<Box<Self>>,
        uid: u64,
        (from, source): (FormatKey, AudioFormat),
        target: Target,
    ) -> Box<Self> {
        let mut before = before.filter(|before| before.uid == uid);
        let numbers = before.as_ref().map_or((0, 0), |old| (old.sequence, old.timestamp));
        let kept = before.as_mut().filter(|old| Some(old.to) == target.key);
        let kept = kept.and_then(|old| old.transcoder.take());
        let made = target.audio.and_then(|audio| match kept {
            Some(mut kept) => {
                let changed = kept.set_source(source.format, target.time, &target.opus);
                changed.ok().map(|()| kept)
            }
            None => Transcoder::new(source.format, audio.format, target.time, &target.opus)
                .ok()
                .map(Box::new),
        });
        let transcoder = made.map(|mut transcoder| {
            transcoder.set_generic_concealment(target.conceals);
            transcoder
        });
        let millis = u32::try_from(target.time.as_millis()).unwrap_or(20);
        Box::new(Self {
            uid,
            from,
            to: target.key.unwrap_or(from),
            transcoder,
            in_clock: source.clock_rate,
            out_ticks: target.audio.map_or(8000, |audio| audio.clock_rate) * millis / 1000,
            last_in: None,
            sequence: numbers.0,
            timestamp: numbers.1,
        })
    }

    /// Tells the encoder what the peer loses of a hundred packets.
    pub(crate) fn set_expected_loss(&mut self, percent: u8) {
        if let Some(transcoder) = &mut self.transcoder {
            transcoder.encoder_mut().set_expected_loss(percent);
        }
    }

    pub(crate) fn serves(&self, uid: u64, from: FormatKey, to: FormatKey) -> bool {
        (self.uid, self.from, self.to) == (uid, from, to)
    }

    pub(crate) fn is_possible(&self) -> bool {
        self.transcoder.is_some()
    }

    /// What comes next follows a pause, not a loss.
    pub(crate) fn interrupt(&mut self) {
        self.last_in = None;
    }

    /// Takes a packet, filling the gap before it.
    pub(crate) fn handle_packet(&mut self, view: &RtpView<'_>) {
        let Some(transcoder) = &mut self.transcoder else {
            return;
        };
        let (sequence, timestamp) = (view.sequence(), view.timestamp());
        if let Some((last_sequence, last_timestamp)) = self.last_in {
            let delta = sequence_delta(sequence, last_sequence);
            if (-MAX_CONCEALED..=0).contains(&delta) {
                return;
            }
            if (2..=MAX_CONCEALED + 1).contains(&delta) {
                let ticks = timestamp.wrapping_sub(last_timestamp);
                let missing = u64::from(ticks) * u64::from(delta.unsigned_abs() - 1)
                    / u64::from(delta.unsigned_abs());
                let micros = missing * 1_000_000 / u64::from(self.in_clock);
                // Concealment wants whole steps of 2.5 ms.
                let gap = Duration::from_micros(micros - micros % 2500);
                if gap <= Duration::from_millis(120) {
                    let _ = transcoder.handle_loss(gap, Some(view.payload()));
                }
            }
        }
        self.last_in = Some((sequence, timestamp));
        // A payload that cannot be decoded is a lost packet.
        let _ = transcoder.handle_packet(view.payload());
    }

    /// Takes one packet that is ready.
    pub(crate) fn poll_output(&mut self, payload: &mut [u8]) -> Option<Transcoded> {
        loop {
            let len = self.transcoder.as_mut()?.poll_output(payload).ok()??;
            let timestamp = self.timestamp;
            self.timestamp = timestamp.wrapping_add(self.out_ticks);
            if len > 0 {
                let sequence = self.sequence;
                self.sequence = sequence.wrapping_add(1);
                return Some(Transcoded { len, sequence, timestamp });
            }
        }
    }
}
