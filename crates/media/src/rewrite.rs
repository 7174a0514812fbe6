//! One outgoing RTP stream whose source may change: sequence numbers and timestamps go on without
//! a jump when a call is bridged, put on hold, or a prompt plays (RFC 3550 §5.1 wants one
//! continuous sequence per SSRC).
//!
//! Within one source the offsets are constant, so loss and reordering on the way to us stay
//! visible to the receiver.

use std::time::{Duration, Instant};

use sidetone_rtp::reception::{MAX_DROPOUT, MAX_MISORDER};
use sidetone_rtp::sequence_delta;

/// What packets come from: changes whenever the numbers may jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A stream of a leg, by a number unique to the leg's stream, and its SSRC.
    Stream(u64, u32),
    /// Our own player or tone generator.
    Player(u64),
    /// Transcoded audio: we number it ourselves.
    Transcoder(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    /// The first packet of a new source.
    pub(crate) switched: bool,
}

#[derive(Debug)]
pub(crate) struct Rewriter {
    clock_rate: u32,
    next_sequence: u16,
    last_timestamp: u32,
    last_sent_at: Option<Instant>,
    source: Option<Source>,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    origin: Origin,
    first_in: u16,
    highest_in: u16,
    sequence_offset: u16,
    timestamp_offset: u32,
}

impl Rewriter {
    /// `sequence` and `timestamp` are random (RFC 3550 §5.1). The top bit of the sequence number
    /// is cleared, so that SRTP's rollover counter cannot be guessed wrong by early loss.
    pub(crate) fn new(clock_rate: u32, sequence: u16, timestamp: u32) -> Self {
        Self {
            clock_rate: clock_rate.max(1),
            next_sequence: sequence & 0x7fff,
            last_timestamp: timestamp,
            last_sent_at: None,
            source: None,
        }
    }

    pub(crate) fn set_clock_rate(&mut self, clock_rate: u32) {
        self.clock_rate = clock_rate.max(1);
    }

    pub(crate) fn clock_rate(&self) -> u32 {
        self.clock_rate
    }

    /// The outgoing numbers of an incoming packet; `None` when it is older than the switch to its
    /// source, so that its number is taken already.
    pub(crate) fn map(
        &mut self,
        now: Instant,
        origin: Origin,
        sequence: u16,
        timestamp: u32,
    ) -> Option<Numbers> {
        // Too old to be late is a restart too: `reception` let it in because another followed.
        let known = self.source.filter(|source| {
            let delta = sequence_delta(sequence, source.highest_in);
            // A longer jump is a restarted sender, not loss (RFC 3550 appendix A.1).
            let forward = delta >= 0 && delta.unsigned_abs() < MAX_DROPOUT;
            let late = delta < 0 && delta.unsigned_abs() <= MAX_MISORDER;
            source.origin == origin && (forward || late)
        });
        let switched = known.is_none();
        let mut source = known.unwrap_or_else(|| self.switch(now, origin, sequence, timestamp));
        if sequence_delta(sequence, source.first_in) < 0
            && sequence_delta(source.highest_in, source.first_in) >= 0
        {
            self.source = Some(source);
            return None;
        }
        let out = Numbers {
            sequence: sequence.wrapping_add(source.sequence_offset),
            timestamp: timestamp.wrapping_add(source.timestamp_offset),
            switched,
        };
        if switched || sequence_delta(sequence, source.highest_in) > 0 {
            source.highest_in = sequence;
            // Far from the switch, old packets compare wrongly with its number: let it follow.
            if sequence_delta(sequence, source.first_in).unsigned_abs() >= MAX_DROPOUT * 2 {
                source.first_in = sequence.wrapping_sub(MAX_DROPOUT);
            }
            self.next_sequence = out.sequence.wrapping_add(1);
            self.last_timestamp = out.timestamp;
            self.last_sent_at = Some(now);
        }
        self.source = Some(source);
        Some(out)
    }

    /// Numbers for a packet of our own that belongs between forwarded ones (a telephone-event):
    /// takes the next sequence number and shifts what follows by one.
    pub(crate) fn insert(&mut self, now: Instant) -> Numbers {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.wrapping_add(1);
        if let Some(source) = &mut self.source {
            source.sequence_offset = source.sequence_offset.wrapping_add(1);
            source.first_in = source.highest_in.wrapping_add(1);
        }
        let timestamp = self.timestamp_at(now);
        Numbers { sequence, timestamp, switched: false }
    }

    /// A start for another stream's sequence numbers, as unguessable as our own.
    pub(crate) fn random_start(&self) -> u16 {
        (self.last_timestamp >> 16) as u16 & 0x7fff
    }

    /// Forgets the source: its next packet continues without a gap, whatever was left out.
    pub(crate) fn detach(&mut self) {
        self.source = None;
    }

    /// The timestamp that a packet sampled now would carry.
    pub(crate) fn timestamp_at(&self, now: Instant) -> u32 {
        let elapsed =
            self.last_sent_at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.last_timestamp.wrapping_add(self.ticks(elapsed))
    }

    fn switch(&self, now: Instant, origin: Origin, sequence: u16, timestamp: u32) -> Source {
        // At least one tick ahead, so that two sources never share a timestamp.
        let ahead =
            self.last_sent_at.map_or(0, |at| self.ticks(now.saturating_duration_since(at)).max(1));
        let next_timestamp = self.last_timestamp.wrapping_add(ahead);
        Source {
            origin,
            first_in: sequence,
            highest_in: sequence,
            sequence_offset: self.next_sequence.wrapping_sub(sequence),
            timestamp_offset: next_timestamp.wrapping_sub(timestamp),
        }
    }

    fn ticks(&self, elapsed: Duration) -> u32 {
        // The timestamp wraps; the low 32 bits are what is wanted.
        ((elapsed.as_micros() * u128::from(self.clock_rate) / 1_000_000) & 0xffff_ffff) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: Origin = Origin::Stream(1, 10);
    const B: Origin = Origin::Stream(2, 20);

    #[test]
    fn a_switch_of_source_continues_numbers_and_time() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut out = Rewriter::new(8000, 100, 5000);
        let first = out.map(start, A, 65535, 160).unwrap();
        assert_eq!((first.sequence, first.timestamp, first.switched), (100, 5000, true));
        let second = out.map(at(20), A, 0, 320).unwrap();
        assert_eq!((second.sequence, second.timestamp, second.switched), (101, 5160, false));
        let other = out.map(at(60), B, 7, 999_999).unwrap();
        assert_eq!((other.sequence, other.timestamp, other.switched), (102, 5480, true));
    }

    #[test]
    fn loss_and_reordering_stay_visible() {
        let now = Instant::now();
        let mut out = Rewriter::new(8000, 0, 0);
        let mut map = |sequence| out.map(now, A, sequence, 0).map(|n| n.sequence);
        assert_eq!([map(10), map(12), map(11), map(15)], [Some(0), Some(2), Some(1), Some(5)]);
    }

    #[test]
    fn packets_from_before_the_switch_are_dropped() {
        let now = Instant::now();
        let mut out = Rewriter::new(8000, 0, 0);
        out.map(now, A, 10, 0);
        out.map(now, B, 50, 0);
        assert_eq!(out.map(now, B, 49, 0), None);
        assert!(out.map(now, B, 51, 0).is_some());
    }

    #[test]
    fn a_sender_that_begins_again_a_little_lower_is_heard_at_once() {
        let now = Instant::now();
        let mut out = Rewriter::new(8000, 0, 0);
        let mut map = |sequence| out.map(now, A, sequence, 0).map(|n| n.sequence);
        assert_eq!([map(8_186), map(8_195)], [Some(0), Some(9)]);
        assert_eq!([map(7_824), map(7_825)], [Some(10), Some(11)]);
    }

    #[test]
    fn an_inserted_packet_shifts_what_follows() {
        let now = Instant::now();
        let mut out = Rewriter::new(8000, 0, 0);
        out.map(now, A, 10, 0);
        assert_eq!(out.insert(now).sequence, 1);
        assert_eq!(out.map(now, A, 11, 160).unwrap().sequence, 2);
    }

    proptest! {
        #[test]
        fn no_number_is_given_twice_for_distinct_packets(
            steps in proptest::collection::vec((0u8..3, 0u16..40), 1..200)
        ) {
            let now = Instant::now();
            let mut out = Rewriter::new(8000, 0x7fff, 0);
            let mut next = [0u16, 30_000, 65_530];
            let mut used = std::collections::HashSet::new();
            for (source, gap) in steps {
                let sequence = &mut next[usize::from(source)];
                *sequence = sequence.wrapping_add(gap % 7 + 1);
                let origin = Origin::Stream(u64::from(source), 0);
                if let Some(numbers) = out.map(now, origin, *sequence, 0) {
                    prop_assert!(used.insert(numbers.sequence));
                }
            }
        }
    }
}
