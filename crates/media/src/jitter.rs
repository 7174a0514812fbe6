//! A jitter buffer for one received stream: packets leave in order and at the pace at which they
//! were spoken. Decoders behind it see loss as loss, and never disorder.
//!
//! Each packet is due when its timestamp says, counted from the quickest packet seen, plus a
//! delay: the whole size of the buffer where it is fixed, what the network needs where it is
//! adaptive. Off unless `JITTERBUFFER()` asks for it: a relayed packet is best sent on at once.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sidetone_rtp::sequence_delta;

use crate::formats::Payload;

/// Packets held at most: 64 of 20 ms are 1.28 s, more than any sensible buffer.
const MAX_HELD: usize = 64;
/// How many packets a peak of jitter is remembered: ten seconds of 20 ms.
const MEMORY: u32 = 500;

/// How a jitter buffer sizes itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JitterMode {
    /// Every packet waits for `max`.
    Fixed,
    /// Packets wait as long as the last ten seconds needed, up to `max`.
    Adaptive,
}

/// A jitter buffer to put before a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JitterSettings {
    /// Fixed or adaptive.
    pub mode: JitterMode,
    /// Longest delay; packets that are later are lost. Default 200 ms.
    pub max: Duration,
    /// A jump of the timing beyond this starts afresh. Default 1 s.
    pub resync: Duration,
    /// What an adaptive buffer adds to the jitter it sees. Default 40 ms.
    pub extra: Duration,
}

impl JitterSettings {
    /// The defaults of `JITTERBUFFER()`.
    #[must_use]
    pub fn new(mode: JitterMode) -> Self {
        Self {
            mode,
            max: Duration::from_millis(200),
            resync: Duration::from_secs(1),
            extra: Duration::from_millis(40),
        }
    }
}

#[derive(Debug)]
struct Held {
    sequence: u16,
    /// On the sender's clock, in microseconds since the reference.
    spoken: i64,
    payload: Payload,
    bytes: Vec<u8>,
}

/// What the timing is counted from.
#[derive(Clone, Copy, Debug)]
struct Reference {
    at: Instant,
    timestamp: u32,
    ssrc: u32,
}

#[derive(Debug)]
pub(crate) struct JitterBuffer {
    settings: JitterSettings,
    clock_rate: u32,
    reference: Option<Reference>,
    /// Microseconds from spoken to arrived of the quickest packet, from the reference.
    quickest: i64,
    /// The worst of the last [`MEMORY`] packets beyond the quickest, and its age in packets.
    peak: (i64, u32),
    held: VecDeque<Held>,
    last_out: Option<u16>,
    /// What would follow the last packet that was far behind.
    behind: Option<u16>,
    spare: Vec<Vec<u8>>,
    pub(crate) late: u64,
}

impl JitterBuffer {
    pub(crate) fn new(settings: JitterSettings, clock_rate: u32) -> Self {
        Self {
            settings,
            clock_rate: clock_rate.max(1),
            reference: None,
            quickest: 0,
            peak: (0, 0),
            held: VecDeque::new(),
            last_out: None,
            behind: None,
            spare: Vec::new(),
            late: 0,
        }
    }

    pub(crate) fn settings(&self) -> JitterSettings {
        self.settings
    }

    /// Takes a packet. Those that come twice, or too late to be heard in order, are dropped.
    pub(crate) fn handle_input(
        &mut self,
        now: Instant,
        (sequence, timestamp, ssrc): (u16, u32, u32),
        payload: Payload,
        packet: &[u8],
    ) {
        let spoken = self.follow(now, timestamp, ssrc);
        let late = self.is_late(sequence);
        let place = self
            .held
            .iter()
            .rposition(|held| sequence_delta(sequence, held.sequence) >= 0)
            .map_or(0, |place| place + 1);
        let twice = place > 0 && self.held.get(place - 1).is_some_and(|h| h.sequence == sequence);
        if late || twice {
            self.late += u64::from(late);
            return;
        }
        if self.held.len() == MAX_HELD {
            // A burst beyond all sense: the oldest goes unheard.
            self.drop_first();
        }
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(packet);
        self.held.insert(place.min(self.held.len()), Held { sequence, spoken, payload, bytes });
    }

    /// Whether a packet comes behind one that left. Two in order that are far behind are a sender
    /// that is back where it was (RFC 3550 appendix A.1): what was ahead of them were strays.
    fn is_late(&mut self, sequence: u16) -> bool {
        let Some(last) = self.last_out else { return false };
        let behind = -i64::from(sequence_delta(sequence, last));
        let far = behind > MAX_HELD as i64;
        let returns = far && self.behind == Some(sequence);
        self.behind = (far && !returns).then_some(sequence.wrapping_add(1));
        if returns {
            self.spare.extend(self.held.drain(..).map(|held| held.bytes));
            self.last_out = None;
        }
        behind >= 0 && !returns
    }

    /// Keeps the timing; the moment the packet was spoken, from the reference.
    fn follow(&mut self, now: Instant, timestamp: u32, ssrc: u32) -> i64 {
        if let Some(reference) = self.reference.filter(|reference| reference.ssrc == ssrc) {
            let ticks = timestamp.wrapping_sub(reference.timestamp).cast_signed();
            let spoken = i64::from(ticks) * 1_000_000 / i64::from(self.clock_rate);
            let passed = now.saturating_duration_since(reference.at).as_micros();
            let transit = i64::try_from(passed).unwrap_or(i64::MAX) - spoken;
            let beyond = transit - self.quickest;
            if beyond.abs() < micros(self.settings.resync) {
                self.quickest = self.quickest.min(transit);
                self.note(beyond.max(0));
                return spoken;
            }
        }
        // A new sender, or one whose clock jumped: what is held still leaves in its order.
        let overdue = self.held.drain(..).map(|held| held.bytes);
        self.spare.extend(overdue);
        self.reference = Some(Reference { at: now, timestamp, ssrc });
        (self.quickest, self.peak, self.last_out) = (0, (0, 0), None);
        0
    }

    fn note(&mut self, beyond: i64) {
        let (worst, age) = &mut self.peak;
        *age += 1;
        if beyond >= *worst || *age > MEMORY {
            (*worst, *age) = (beyond, 0);
        }
    }

    /// How long packets wait beyond the quickest.
    pub(crate) fn delay(&self) -> Duration {
        let needed = match self.settings.mode {
            JitterMode::Fixed => return self.settings.max,
            JitterMode::Adaptive => u64::try_from(self.peak.0).unwrap_or_default(),
        };
        (Duration::from_micros(needed) + self.settings.extra).min(self.settings.max)
    }

    /// When the first packet is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let (reference, first) = (self.reference?, self.held.front()?);
        let due = first.spoken + self.quickest + micros(self.delay());
        Some(reference.at + Duration::from_micros(u64::try_from(due).unwrap_or_default()))
    }

    /// Takes a packet that is due. Give its bytes back when they are sent.
    pub(crate) fn poll_output(&mut self, now: Instant) -> Option<(Payload, Vec<u8>)> {
        self.deadline().filter(|at| *at <= now)?;
        let first = self.held.pop_front()?;
        self.last_out = Some(first.sequence);
        Some((first.payload, first.bytes))
    }

    pub(crate) fn give_back(&mut self, bytes: Vec<u8>) {
        if self.spare.len() < MAX_HELD {
            self.spare.push(bytes);
        }
    }

    fn drop_first(&mut self) {
        if let Some(first) = self.held.pop_front() {
            self.last_out = Some(first.sequence);
            self.give_back(first.bytes);
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    /// Sends packets 20 ms apart, each with its way in milliseconds (`None` is lost), and returns
    /// what left: sequence and moment.
    fn run(settings: JitterSettings, ways: &[Option<u64>]) -> Vec<(u16, Duration)> {
        let start = Instant::now();
        let mut arrivals: Vec<(Duration, u16)> = (0_u16..)
            .zip(ways)
            .filter_map(|(n, way)| Some((u32::from(n) * 20 * MS + (*way)? as u32 * MS, n)))
            .collect();
        arrivals.sort();
        let mut buffer = JitterBuffer::new(settings, 8000);
        let (mut left, mut arrivals) = (Vec::new(), arrivals.into_iter().peekable());
        for tick in 0..(ways.len() as u32 * 20 + 2000) {
            let now = start + tick * MS;
            while let Some((_, n)) = arrivals.next_if(|(at, _)| start + *at <= now) {
                let numbers = (n.wrapping_add(65_500), u32::from(n) * 160, 7);
                buffer.handle_input(now, numbers, Payload::Codec(0), &n.to_be_bytes());
            }
            while let Some((_, bytes)) = buffer.poll_output(now) {
                left.push((u16::from_be_bytes([bytes[0], bytes[1]]), tick * MS));
                buffer.give_back(bytes);
            }
        }
        assert_eq!(buffer.deadline(), None);
        left
    }

    #[test]
    fn a_fixed_buffer_makes_a_bad_link_even() {
        let ways: Vec<_> = (0..100).map(|n| Some(10 + (n * 37) % 90)).collect();
        let left = run(JitterSettings::new(JitterMode::Fixed), &ways);
        assert_eq!(left.iter().map(|(n, _)| *n).collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
        // Once the quickest packet is known the pace is that of the sender.
        let steps = left[20..].windows(2).map(|pair| pair[1].1 - pair[0].1);
        assert!(steps.into_iter().all(|step| step == 20 * MS), "{left:?}");
    }

    #[test]
    fn strays_ahead_of_a_stream_cost_no_more_than_a_moment_of_it() {
        for ahead in [200, 30_000] {
            let start = Instant::now();
            let mut buffer = JitterBuffer::new(JitterSettings::new(JitterMode::Adaptive), 8000);
            let mut left = 0;
            for n in 0..150_u32 {
                let now = start + n * 20 * MS;
                let mut hear = |number: u32| {
                    let numbers = (number as u16, n * 160, 7);
                    buffer.handle_input(now, numbers, Payload::Codec(0), &[0]);
                };
                hear(n);
                if n == 50 {
                    hear(n + ahead);
                    hear(n + ahead + 1);
                }
                while let Some((_, bytes)) = buffer.poll_output(now) {
                    left += 1;
                    buffer.give_back(bytes);
                }
            }
            assert!(left > 130, "{left} of 150 packets were heard after {ahead}");
        }
    }

    #[test]
    fn an_adaptive_buffer_waits_no_longer_than_the_link_needs() {
        let calm = run(JitterSettings::new(JitterMode::Adaptive), &[Some(10); 50]);
        assert_eq!(calm[40].1, 40 * 20 * MS + 10 * MS + 40 * MS);
        let ways: Vec<_> = (0..200).map(|n| Some(10 + (n * 37) % 60)).collect();
        let rough = run(JitterSettings::new(JitterMode::Adaptive), &ways);
        assert_eq!(rough.len(), 200);
        assert!(rough[199].1 <= 199 * 20 * MS + 10 * MS + 60 * MS + 40 * MS);
    }

    #[test]
    fn a_peer_whose_clock_jumps_is_heard_again_at_once() {
        let start = Instant::now();
        let mut buffer = JitterBuffer::new(JitterSettings::new(JitterMode::Fixed), 8000);
        let mut heard = 0;
        for n in 0..100_u16 {
            let now = start + u32::from(n) * 20 * MS;
            let jump = if n < 50 { (0, 0) } else { (9_000, 4_000_000) };
            let numbers = (n.wrapping_add(jump.0), u32::from(n) * 160 + jump.1, 7);
            buffer.handle_input(now, numbers, Payload::Codec(0), &[0]);
            heard += std::iter::from_fn(|| buffer.poll_output(now)).count();
        }
        // Those in the buffer at the jump are lost, and nothing else.
        assert!((70..=90).contains(&heard), "{heard}");
    }

    proptest! {
        #[test]
        fn packets_leave_in_order_once_and_in_time(
            ways in proptest::collection::vec(proptest::option::weighted(0.9, 0_u64..300), 1..150),
            fixed in any::<bool>(),
        ) {
            let mode = if fixed { JitterMode::Fixed } else { JitterMode::Adaptive };
            let settings = JitterSettings::new(mode);
            let left = run(settings, &ways);
            prop_assert!(left.windows(2).all(|pair| pair[0].0 < pair[1].0));
            let sent = ways.iter().filter(|way| way.is_some()).count();
            prop_assert!(left.len() <= sent);
            for (n, at) in &left {
                let spoken = u32::from(*n) * 20 * MS;
                let way = ways[usize::from(*n)].unwrap_or_default() as u32 * MS;
                prop_assert!(*at >= spoken + way);
                // The quickest takes at most 300 ms, the buffer holds 200 ms more.
                prop_assert!(*at <= spoken + 300 * MS + settings.max, "{} at {:?}", n, at);
            }
        }

        #[test]
        fn jitter_within_a_fixed_buffer_loses_nothing(
            ways in proptest::collection::vec(0_u64..180, 2..150),
        ) {
            let mut ways: Vec<_> = ways.into_iter().map(Some).collect();
            // The quickest comes first, so that the delay is known from the start.
            ways[0] = Some(0);
            let left = run(JitterSettings::new(JitterMode::Fixed), &ways);
            prop_assert_eq!(left.len(), ways.len());
        }
    }
}
