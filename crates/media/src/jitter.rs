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
#[path = "../tests/unit/jitter.rs"]
mod tests;
