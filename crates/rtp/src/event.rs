//! Key presses as telephone-events (RFC 4733): the four bytes of payload, a receiver that makes
//! one press of many packets, and a sender that paces them.
//!
//! In-band tones belong to `codec::dtmf`; SIP INFO to `ua`.

use std::fmt;
use std::time::{Duration, Instant};

use sidetone_base::queue::{Queue, WhenFull};

use crate::RtpError;

/// `dtmftimeout` in rtp.conf when nothing is configured: 1,200 samples of 1/8000 s are 150 ms.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_millis(150);
/// Presses that wait to be sent. `SendDTMF` sends one at a time; a key held by a person gives
/// ten a second.
pub const MAX_QUEUED_PRESSES: usize = 64;
/// Packets that end an event (RFC 4733 §2.5.1.4).
const END_PACKETS: u8 = 3;
/// The power level of generated presses in -dBm0 (RFC 4733 §2.3.3 wants less than 55).
const VOLUME: u8 = 10;

/// An event code (RFC 4733 §3.2): 0–15 are the keys `0`–`9`, `*`, `#`, `A`–`D`; 16 is a flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventCode(pub u8);

impl EventCode {
    /// The hook flash.
    pub const FLASH: Self = Self(16);
    const KEYS: &'static [u8; 16] = b"0123456789*#ABCD";

    /// The event of a key, in either case; `f` is the flash.
    #[must_use]
    pub fn from_key(key: char) -> Option<Self> {
        if key.eq_ignore_ascii_case(&'f') {
            return Some(Self::FLASH);
        }
        let upper = u8::try_from(key).ok()?.to_ascii_uppercase();
        let code = Self::KEYS.iter().position(|other| *other == upper)?;
        u8::try_from(code).ok().map(Self)
    }

    /// The key of the event; `None` for tones that are not keys.
    #[must_use]
    pub fn key(self) -> Option<char> {
        if self == Self::FLASH {
            return Some('f');
        }
        Self::KEYS.get(usize::from(self.0)).map(|key| char::from(*key))
    }
}

impl fmt::Display for EventCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key() {
            Some(key) => write!(f, "{key}"),
            None => write!(f, "event {}", self.0),
        }
    }
}

/// One packet's content (RFC 4733 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPayload {
    /// Which event.
    pub code: EventCode,
    /// Whether this packet ends it.
    pub end: bool,
    /// Power level in -dBm0, 0–63.
    pub volume: u8,
    /// Duration so far in timestamp units.
    pub duration: u16,
}

impl EventPayload {
    /// Reads the first event of a payload; more than one in a packet is a relic of RFC 2833.
    ///
    /// # Errors
    /// [`RtpError::Truncated`] for less than four bytes.
    pub fn parse(payload: &[u8]) -> Result<Self, RtpError> {
        let bytes = payload.get(..4).ok_or(RtpError::Truncated)?;
        Ok(Self {
            code: EventCode(bytes[0]),
            end: bytes[1] & 0x80 != 0,
            volume: bytes[1] & 0x3f,
            duration: u16::from_be_bytes([bytes[2], bytes[3]]),
        })
    }

    /// The four bytes of a payload.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.code.0, (u8::from(self.end) << 7) | (self.volume & 0x3f), high, low]
    }
}

/// What the receiver of presses has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// A key went down.
    Began(EventCode),
    /// It came up again, or its packets stopped.
    Ended {
        /// Which key.
        code: EventCode,
        /// How long it was down, by the sender's clock.
        duration: Duration,
    },
}

#[derive(Clone, Copy, Debug)]
struct Current {
    code: EventCode,
    timestamp: u32,
    /// Timestamp units of earlier segments of a long event (RFC 4733 §2.5.1.3).
    before: u32,
    duration: u16,
    deadline: Instant,
}

/// Makes one [`Press`] pair out of the packets of each event, whichever of them are lost.
#[derive(Debug)]
pub struct EventReceiver {
    clock_rate: u32,
    timeout: Duration,
    current: Option<Current>,
    /// The event that ended last, so that its repeated end packets stay silent.
    ended: Option<(EventCode, u32)>,
    output: Queue<Press>,
}

impl EventReceiver {
    /// For events with this clock rate in Hz (1 or more) that end `timeout` after their last
    /// packet when no end packet comes.
    #[must_use]
    pub fn new(clock_rate: u32, timeout: Duration) -> Self {
        Self {
            clock_rate: clock_rate.max(1),
            timeout,
            current: None,
            ended: None,
            // A packet gives at most three outputs, and the caller drains after each.
            output: Queue::new(8, WhenFull::DropOldest),
        }
    }

    /// Takes a telephone-event packet.
    pub fn handle_input(&mut self, now: Instant, timestamp: u32, event: EventPayload) {
        if self.ended == Some((event.code, timestamp)) {
            return;
        }
        let deadline = now + self.timeout;
        match &mut self.current {
            Some(current) if current.code == event.code && current.timestamp == timestamp => {
                // Packets out of order do not shorten the press.
                current.duration = current.duration.max(event.duration);
                current.deadline = deadline;
            }
            Some(current)
                if current.code == event.code
                    && timestamp.wrapping_sub(current.timestamp) == u32::from(u16::MAX) =>
            {
                // RFC 4733 §2.5.1.3: a long event goes on in a new segment.
                current.before = current.before.saturating_add(u32::from(u16::MAX));
                current.timestamp = timestamp;
                current.duration = event.duration;
                current.deadline = deadline;
            }
            Some(current) if timestamp.wrapping_sub(current.timestamp).cast_signed() < 0 => {
                // A straggler of an event before the current one.
                return;
            }
            _ => {
                self.end();
                let older = self
                    .ended
                    .is_some_and(|(_, ended)| timestamp.wrapping_sub(ended).cast_signed() < 0);
                if older {
                    return;
                }
                self.output.push(Press::Began(event.code));
                let (code, duration) = (event.code, event.duration);
                self.current = Some(Current { code, timestamp, before: 0, duration, deadline });
            }
        }
        if event.end {
            self.end();
        }
    }

    /// Ends a press whose packets stopped.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.current.is_some_and(|current| current.deadline <= now) {
            self.end();
        }
    }

    /// When to call [`Self::handle_timeout`].
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.current.map(|current| current.deadline)
    }

    /// Takes one output.
    pub fn poll_output(&mut self) -> Option<Press> {
        self.output.pop()
    }

    /// The key that is down.
    #[must_use]
    pub fn snapshot(&self) -> Option<EventCode> {
        self.current.map(|current| current.code)
    }

    fn end(&mut self) {
        let Some(current) = self.current.take() else {
            return;
        };
        let units = u64::from(current.before) + u64::from(current.duration);
        let micros = units * 1_000_000 / u64::from(self.clock_rate);
        let duration = Duration::from_micros(micros);
        self.output.push(Press::Ended { code: current.code, duration });
        self.ended = Some((current.code, current.timestamp));
    }
}

/// A packet to send; sequence number and stream are the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPacket {
    /// Set on the first packet of an event.
    pub marker: bool,
    /// The moment the event began.
    pub timestamp: u32,
    /// The payload.
    pub payload: [u8; 4],
}

#[derive(Clone, Copy, Debug)]
struct Sending {
    code: EventCode,
    /// Start of the current segment.
    timestamp: u32,
    first: bool,
    /// Units of the event before the current segment.
    before: u32,
    /// Units the event lasts in all.
    total: u32,
    ends_left: u8,
}

/// Turns presses into packets, one for each tick of the stream they interrupt.
#[derive(Debug)]
pub struct EventSender {
    clock_rate: u32,
    queue: Queue<(EventCode, u32)>,
    current: Option<Sending>,
    gap_left: u32,
    last_tick: Option<u32>,
    gap: u32,
}

impl EventSender {
    /// For events with this clock rate in Hz, which is that of the audio of the stream
    /// (RFC 4733 §2.1). `gap` is the silence between two presses.
    #[must_use]
    pub fn new(clock_rate: u32, gap: Duration) -> Self {
        let mut sender = Self {
            clock_rate: clock_rate.max(1),
            queue: Queue::new(MAX_QUEUED_PRESSES, WhenFull::RefuseNewest),
            current: None,
            gap_left: 0,
            last_tick: None,
            gap: 0,
        };
        sender.gap = sender.units(gap);
        sender
    }

    /// Queues a press. `false`: [`MAX_QUEUED_PRESSES`] are waiting and this one is not sent.
    #[must_use]
    pub fn press(&mut self, code: EventCode, duration: Duration) -> bool {
        let units = self.units(duration).max(1);
        self.queue.push((code, units)).is_none()
    }

    /// Whether an event is being sent or waits: audio pauses meanwhile.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.current.is_some() || !self.queue.is_empty()
    }

    /// Takes the packet for the tick of the stream whose audio would carry `timestamp`; `None`
    /// between events. The three end packets go out on three ticks, so that one burst of loss
    /// does not take them all (RFC 4733 §2.5.1.4).
    pub fn poll_output(&mut self, timestamp: u32) -> Option<EventPacket> {
        let step = self.last_tick.map_or(0, |last| timestamp.wrapping_sub(last));
        self.last_tick = Some(timestamp);
        if self.current.is_none() {
            self.gap_left = self.gap_left.saturating_sub(step);
            if self.gap_left > 0 {
                return None;
            }
            let (code, total) = self.queue.pop()?;
            let (first, before, ends_left) = (true, 0, END_PACKETS);
            self.current = Some(Sending { code, timestamp, first, before, total, ends_left });
        }
        let sending = self.current.as_mut()?;
        let packet = sending.packet(timestamp);
        if sending.ends_left == 0 {
            self.current = None;
            self.gap_left = self.gap;
        }
        Some(packet)
    }

    fn units(&self, duration: Duration) -> u32 {
        let units = duration.as_micros() * u128::from(self.clock_rate) / 1_000_000;
        u32::try_from(units).unwrap_or(u32::MAX)
    }
}

impl Sending {
    fn packet(&mut self, now: u32) -> EventPacket {
        const SEGMENT: u32 = u16::MAX as u32;
        let marker = std::mem::take(&mut self.first);
        let mut elapsed = now.wrapping_sub(self.timestamp);
        // RFC 4733 §2.5.1.3: a duration that does not fit goes on in a new segment.
        while elapsed > SEGMENT && self.total.saturating_sub(self.before) > SEGMENT {
            self.before += SEGMENT;
            self.timestamp = self.timestamp.wrapping_add(SEGMENT);
            elapsed -= SEGMENT;
        }
        let left = self.total - self.before;
        let end = elapsed >= left;
        if end {
            self.ends_left -= 1;
        }
        let duration = u16::try_from(elapsed.min(left)).unwrap_or(u16::MAX);
        let payload = EventPayload { code: self.code, end, volume: VOLUME, duration };
        EventPacket { marker, timestamp: self.timestamp, payload: payload.to_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    fn key(key: char) -> EventCode {
        EventCode::from_key(key).unwrap()
    }

    /// Sends the keys for 100 ms each and returns the packets with their tick.
    fn send(keys: &str, duration: Duration) -> Vec<(u32, EventPacket)> {
        let mut sender = EventSender::new(8000, 100 * MS);
        for digit in keys.chars() {
            assert!(sender.press(key(digit), duration));
        }
        let mut packets = Vec::new();
        for tick in 0.. {
            if let Some(packet) = sender.poll_output(5_000 + tick * 160) {
                packets.push((tick, packet));
            }
            if !sender.is_busy() {
                return packets;
            }
        }
        packets
    }

    fn receive(packets: &[(u32, EventPacket)]) -> Vec<Press> {
        let start = Instant::now();
        let mut receiver = EventReceiver::new(8000, DEFAULT_TIMEOUT);
        let mut heard = Vec::new();
        let mut deliver = |receiver: &mut EventReceiver| {
            heard.extend(std::iter::from_fn(|| receiver.poll_output()));
        };
        for (tick, packet) in packets {
            let now = start + *tick * 20 * MS;
            receiver.handle_timeout(now);
            deliver(&mut receiver);
            let event = EventPayload::parse(&packet.payload).unwrap();
            receiver.handle_input(now, packet.timestamp, event);
            deliver(&mut receiver);
        }
        receiver.handle_timeout(start + Duration::from_secs(3600));
        deliver(&mut receiver);
        heard
    }

    fn pressed(keys: &str, duration: Duration) -> Vec<Press> {
        let both = |digit| [Press::Began(key(digit)), Press::Ended { code: key(digit), duration }];
        keys.chars().flat_map(both).collect()
    }

    #[test]
    fn keys_have_the_codes_of_rfc_4733() {
        for (digit, code) in [('0', 0), ('9', 9), ('*', 10), ('#', 11), ('a', 12), ('D', 15)] {
            assert_eq!(key(digit), EventCode(code));
        }
        assert_eq!(EventCode::from_key('x'), None);
        assert_eq!(EventCode(11).key(), Some('#'));
        assert_eq!(EventCode(40).key(), None);
    }

    #[test]
    fn a_press_has_one_marker_one_timestamp_and_three_ends() {
        let packets = send("5", 100 * MS);
        let events: Vec<_> =
            packets.iter().map(|(_, p)| EventPayload::parse(&p.payload).unwrap()).collect();
        assert_eq!(packets.iter().map(|(_, p)| p.marker).filter(|marker| *marker).count(), 1);
        assert!(packets[0].1.marker);
        assert!(packets.iter().all(|(_, packet)| packet.timestamp == 5_000));
        let durations: Vec<_> = events.iter().map(|event| event.duration).collect();
        assert_eq!(durations, [0, 160, 320, 480, 640, 800, 800, 800]);
        let ends: Vec<_> = events.iter().map(|event| event.end).collect();
        assert_eq!(ends, [false, false, false, false, false, true, true, true]);
    }

    #[test]
    fn each_press_is_heard_once() {
        let packets = send("1122#", 100 * MS);
        assert_eq!(receive(&packets), pressed("1122#", 100 * MS));
    }

    #[test]
    fn a_press_without_end_packets_ends_by_timeout() {
        let mut packets = send("7", 100 * MS);
        packets.retain(|(_, packet)| packet.payload[1] & 0x80 == 0);
        assert_eq!(receive(&packets), pressed("7", 80 * MS));
    }

    #[test]
    fn a_long_press_goes_on_in_segments() {
        let packets = send("9", 20_000 * MS);
        assert_eq!(packets.iter().filter(|(_, packet)| packet.marker).count(), 1);
        assert_eq!(receive(&packets), pressed("9", 20_000 * MS));
    }

    #[test]
    fn a_queue_that_is_full_refuses() {
        let mut sender = EventSender::new(8000, MS);
        for _ in 0..MAX_QUEUED_PRESSES {
            assert!(sender.press(key('1'), MS));
        }
        assert!(!sender.press(key('1'), MS));
    }

    proptest! {
        #[test]
        fn loss_of_some_packets_of_each_press_changes_nothing(
            seed in proptest::collection::vec(any::<bool>(), 64),
            swap in 0usize..30,
        ) {
            let all = send("147*", 100 * MS);
            // Any packet but one of the end packets of each press may be lost.
            let mut kept: Vec<_> = all
                .iter()
                .enumerate()
                .filter(|(at, (_, packet))| {
                    seed[*at] || (packet.payload[1] & 0x80 != 0 && at % 8 == 6)
                })
                .map(|(_, packet)| *packet)
                .collect();
            if swap + 1 < kept.len() && kept[swap].1.timestamp == kept[swap + 1].1.timestamp {
                kept.swap(swap, swap + 1);
            }
            prop_assert_eq!(receive(&kept), pressed("147*", 100 * MS));
        }
    }
}
