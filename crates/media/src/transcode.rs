//! Audio that arrives in one codec and leaves in another: a [`Transcoder`] of the stream it leaves
//! on, with the numbering of its packets. Packets are transcoded as they arrive, so that no delay
//! is added; jitter is left to the receiver, and a packet that comes out of order counts as lost.
//!
//! Time is that of the sender's timestamps: what is missing is concealed or, where it is longer
//! than anybody would believe, left out of our timestamps too. What was made up is never said
//! twice, so sound lasts as long as it took to speak, whatever the way did to its packets.

use std::time::Duration;

use sidetone_codec::{CoderSettings, Transcoder};
use sidetone_rtp::reception::{MAX_DROPOUT, MAX_MISORDER};
use sidetone_rtp::{RtpView, Ssrc, sequence_delta};

use crate::formats::{AudioFormat, FormatKey};
use crate::player::ticks;

/// As much of a gap is concealed; the rest is a pause.
const MAX_CONCEALED_US: u64 = 100_000;
/// Concealment wants whole steps of 2.5 ms.
const STEP_US: u64 = 2_500;
/// A shorter gap of timestamps without one of numbers is a sender that counts wrongly, as those do
/// that count the samples of G.722 and not the ticks of its clock (RFC 3551 §4.5.2).
const MIN_PAUSE_US: u64 = 120_000;
/// A longer jump of timestamps, ahead or back, is a sender that began again.
const MAX_PAUSE_US: u64 = 10_000_000;

#[derive(Debug)]
pub(crate) struct Transcoding {
    /// Which stream it serves, and what it reads and writes.
    pub(crate) uid: u64,
    from: FormatKey,
    to: FormatKey,
    transcoder: Option<Box<Transcoder>>,
    in_clock: u32,
    out_clock: u32,
    out_ticks: u32,
    /// The newest packet.
    last: Option<Last>,
    pause: Pause,
    sequence: u16,
    timestamp: u32,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    ssrc: Ssrc,
    sequence: u16,
    timestamp: u32,
    /// How much sound is in a packet of this sender.
    lasts_us: u64,
}

/// Time without sound, which our timestamps leave out.
#[derive(Clone, Copy, Debug, Default)]
struct Pause {
    us: u64,
    /// So many packets come out before it.
    after: usize,
    /// What is left of pauses that were no whole number of ticks.
    rest: u64,
}

/// Where a packet stands in what its sender says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing is known of what was before.
    First,
    /// Its time is over: it was made up, or left out.
    Late,
    /// Behind the newest one; so much sound is missing between them.
    Next { concealed: Duration, pause_us: u64 },
}

/// A packet that came out: its length and numbers on the transcoder's own count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transcoded {
    pub(crate) len: usize,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    /// It is the first behind a pause.
    pub(crate) resumes: bool,
}

/// What a transcoder should make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) key: Option<FormatKey>,
    /// `None` for a codec that cannot be encoded.
    pub(crate) audio: Option<AudioFormat>,
    pub(crate) time: Duration,
    pub(crate) coder: CoderSettings,
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
        let last = before.as_ref().filter(|old| old.in_clock == source.clock_rate);
        let last = last.and_then(|old| old.last);
        let kept = before.as_mut().filter(|old| Some(old.to) == target.key);
        let kept = kept.and_then(|old| old.transcoder.take());
        let made = target.audio.and_then(|audio| match kept {
            Some(mut kept) => {
                let changed = kept.set_source(source.format, target.time, &target.coder);
                changed.ok().map(|()| kept)
            }
            None => Transcoder::new(source.format, audio.format, target.time, &target.coder)
                .ok()
                .map(Box::new),
        });
        let transcoder = made.map(|mut transcoder| {
            transcoder.set_generic_concealment(target.conceals);
            transcoder
        });
        let out_clock = target.audio.map_or(8000, |audio| audio.clock_rate);
        Box::new(Self {
            uid,
            from,
            to: target.key.unwrap_or(from),
            transcoder,
            in_clock: source.clock_rate,
            out_clock,
            out_ticks: ticks(target.time, out_clock),
            last,
            pause: Pause::default(),
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
        self.last = None;
    }

    /// Takes a packet, filling the gap before it. True when nothing is known of how much time
    /// passed since the one before.
    pub(crate) fn handle_packet(&mut self, view: &RtpView<'_>) -> bool {
        let place = self.place(view);
        let Some(transcoder) = self.transcoder.as_mut().filter(|_| place != Place::Late) else {
            return false;
        };
        if let Place::Next { concealed, pause_us } = place {
            if !concealed.is_zero() {
                let _ = transcoder.handle_loss(concealed, Some(view.payload()));
            }
            if pause_us > 0 {
                self.pause.us += pause_us;
                self.pause.after = transcoder.ready();
            }
        }
        let before = self.last.map_or(0, |last| last.lasts_us);
        let lasts_us = match transcoder.handle_packet(view.payload()) {
            Ok(time) if !time.is_zero() => u64::try_from(time.as_micros()).unwrap_or(before),
            Ok(_) => before,
            Err(_) => {
                // A payload that cannot be decoded is a lost packet.
                let _ = transcoder.handle_loss(whole_steps(before), None);
                before
            }
        };
        let (ssrc, sequence, timestamp) = (view.ssrc(), view.sequence(), view.timestamp());
        self.last = Some(Last { ssrc, sequence, timestamp, lasts_us });
        place == Place::First
    }

    fn place(&self, view: &RtpView<'_>) -> Place {
        let Some(last) = self.last.filter(|last| last.ssrc == view.ssrc()) else {
            return Place::First;
        };
        let delta = sequence_delta(view.sequence(), last.sequence);
        let ticks = view.timestamp().wrapping_sub(last.timestamp).cast_signed();
        let passed_us = u64::from(ticks.unsigned_abs()) * 1_000_000 / u64::from(self.in_clock);
        if passed_us > MAX_PAUSE_US {
            return Place::First;
        }
        if delta <= 0 {
            let late = delta.unsigned_abs() <= MAX_MISORDER && ticks <= 0;
            return if late { Place::Late } else { Place::First };
        }
        if delta.unsigned_abs() >= MAX_DROPOUT {
            return Place::First;
        }
        let gap = if ticks > 0 { passed_us.saturating_sub(last.lasts_us) } else { 0 };
        let lost = gap.min(u64::from(delta.unsigned_abs() - 1) * last.lasts_us);
        let silent = if gap - lost >= MIN_PAUSE_US { gap - lost } else { 0 };
        let concealed = whole_steps(lost.min(MAX_CONCEALED_US));
        let concealed_us = u64::try_from(concealed.as_micros()).unwrap_or_default();
        Place::Next { concealed, pause_us: (lost + silent).saturating_sub(concealed_us) }
    }

    /// Takes one packet that is ready.
    pub(crate) fn poll_output(&mut self, payload: &mut [u8]) -> Option<Transcoded> {
        loop {
            let len = self.transcoder.as_mut()?.poll_output(payload).ok()??;
            let resumes = self.pause.us > 0 && self.pause.after == 0;
            if resumes {
                let ticks = self.pause.us * u64::from(self.out_clock) + self.pause.rest;
                self.pause = Pause { us: 0, after: 0, rest: ticks % 1_000_000 };
                // Not more than two pauses of ten seconds each.
                self.timestamp = self.timestamp.wrapping_add((ticks / 1_000_000) as u32);
            }
            self.pause.after = self.pause.after.saturating_sub(1);
            let timestamp = self.timestamp;
            self.timestamp = timestamp.wrapping_add(self.out_ticks);
            if len > 0 {
                let sequence = self.sequence;
                self.sequence = sequence.wrapping_add(1);
                return Some(Transcoded { len, sequence, timestamp, resumes });
            }
        }
    }
}

/// As much of it as can be concealed in whole steps.
fn whole_steps(us: u64) -> Duration {
    Duration::from_micros(us - us % STEP_US)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sidetone_codec::Format;
    use sidetone_rtp::Header;

    use super::*;

    const FRAME: u32 = 160;

    fn transcoding() -> Box<Transcoding> {
        let audio = AudioFormat { format: Format::ULAW, clock_rate: 8000 };
        let target = Target {
            key: None,
            audio: Some(AudioFormat { format: Format::ALAW, clock_rate: 8000 }),
            time: Duration::from_millis(20),
            coder: CoderSettings::default(),
            conceals: true,
        };
        Transcoding::follow(None, 1, (FormatKey::TEXT, audio), target)
    }

    /// Hands over a packet; what comes out: timestamps, and whether they follow a pause.
    fn hand(to: &mut Transcoding, sequence: u16, timestamp: u32) -> Vec<(u32, bool)> {
        let header = Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: Ssrc(7) };
        let mut packet = [0; 400];
        let len = header.write_packet(&mut packet, &[], &[0x80; 160]).unwrap();
        to.handle_packet(&RtpView::parse(&packet[..len]).unwrap());
        let mut room = [0; 400];
        std::iter::from_fn(|| to.poll_output(&mut room))
            .map(|packet| (packet.timestamp, packet.resumes))
            .collect()
    }

    #[test]
    fn a_gap_is_concealed_for_a_tenth_of_a_second_and_then_a_pause() {
        let mut one = transcoding();
        assert_eq!(hand(&mut one, 1, 0), [(0, false)]);
        let two_lost = [(160, false), (320, false), (480, false)];
        assert_eq!(hand(&mut one, 4, 3 * FRAME), two_lost);
        let heard = hand(&mut one, 24, 23 * FRAME);
        let expected: Vec<_> = (4..9).map(|n| (n * FRAME, false)).collect();
        assert_eq!(heard, [expected, vec![(23 * FRAME, true)]].concat());
        // Those it did not wait for are not said again.
        for late in [1, 4, 5, 20, 23, 24] {
            assert_eq!(hand(&mut one, late, u32::from(late - 1) * FRAME), []);
        }
        assert_eq!(hand(&mut one, 25, 24 * FRAME), [(24 * FRAME, false)]);
    }

    #[test]
    fn a_sender_that_was_silent_comes_back_at_its_time() {
        let mut one = transcoding();
        hand(&mut one, 1, 0);
        assert_eq!(hand(&mut one, 2, 4000), [(4000, true)]);
        // Of a count of samples where ticks are half as many nothing is believed.
        assert_eq!(hand(&mut one, 3, 4320), [(4160, false)]);
        assert_eq!(hand(&mut one, 4, 4640), [(4320, false)]);
    }

    #[test]
    fn a_sender_that_begins_again_a_little_lower_is_heard_at_once() {
        let mut one = transcoding();
        hand(&mut one, 50, 0);
        assert_eq!(hand(&mut one, 20, 900_000), [(160, false)]);
        assert_eq!(hand(&mut one, 21, 900_160), [(320, false)]);
        assert_eq!(hand(&mut one, 900, 7), [(480, false)]);
    }

    proptest! {
        /// However packets are delayed and lost, what was sent ends where the newest one does.
        #[test]
        fn sound_lasts_as_long_as_it_took_to_speak(
            ways in proptest::collection::vec(proptest::option::weighted(0.9, 0_u32..60), 1..300),
        ) {
            let ways = (0_u32..).zip(&ways).filter_map(|(n, way)| Some((n + (*way)?, n)));
            let mut arrivals: Vec<(u32, u32)> = ways.collect();
            arrivals.sort_unstable();
            let mut one = transcoding();
            let Some((_, first)) = arrivals.first().copied() else { return Ok(()) };
            let (mut newest, mut end) = (first, 0);
            for (_, n) in arrivals {
                let sequence = (n as u16).wrapping_add(65_400);
                for (timestamp, _) in hand(&mut one, sequence, n * FRAME) {
                    prop_assert!(timestamp >= end, "{timestamp} after {end}");
                    end = timestamp + FRAME;
                }
                newest = newest.max(n);
                prop_assert_eq!(end, (newest - first + 1) * FRAME);
            }
        }
    }
}
