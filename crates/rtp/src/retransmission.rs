//! Repair of lost packets (RFC 4585 generic NACK): a receiver that asks for what is missing, a
//! buffer from which a sender repeats, and the RTX format (RFC 4588).
//!
//! Used for video; voice conceals instead of waiting. The buffer holds packets as they went to
//! the network, that is after SRTP protection: a packet is never protected twice with the same
//! sequence number.

use std::time::{Duration, Instant};

use crate::packet::{HEADER_LEN, RtpError, RtpMut, RtpView};
use crate::{Ssrc, sequence_delta};

/// Missing packets that are remembered: more are a break in the stream, for which a key frame is
/// asked instead.
pub const MAX_MISSING: usize = 256;
/// How often one packet is asked for.
pub const MAX_REQUESTS: u8 = 5;
/// A packet is first asked for after this time, in which packets out of order sort themselves.
const REORDER_WAIT: Duration = Duration::from_millis(5);
/// Requests are repeated after a round trip, but not faster than this.
const MIN_REPEAT: Duration = Duration::from_millis(20);
/// A packet older than this is of no use to a jitter buffer.
const GIVE_UP_AFTER: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Debug)]
struct Missing {
    sequence: u16,
    since: Instant,
    next_request: Instant,
    requests: u8,
}

/// What became of the gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NackSnapshot {
    /// Requests for packets, repetitions included.
    pub requested_total: u64,
    /// Packets that came after they were missed.
    pub recovered_total: u64,
    /// Packets that were given up: the picture needs a key frame.
    pub given_up_total: u64,
}

/// Finds gaps in a stream and decides when to ask for the missing packets.
#[derive(Debug)]
pub struct NackGenerator {
    highest: Option<u16>,
    /// Ascending by sequence number.
    missing: Vec<Missing>,
    round_trip: Duration,
    figures: NackSnapshot,
}

impl Default for NackGenerator {
    fn default() -> Self {
        Self::new()
    }
}

impl NackGenerator {
    /// A stream of which nothing was received.
    #[must_use]
    pub fn new() -> Self {
        Self {
            highest: None,
            missing: Vec::with_capacity(MAX_MISSING),
            round_trip: Duration::from_millis(100),
            figures: NackSnapshot::default(),
        }
    }

    /// Sets the round-trip time, which paces repeated requests.
    pub fn set_round_trip(&mut self, round_trip: Duration) {
        self.round_trip = round_trip;
    }

    /// Notes a received packet, original or repeated.
    pub fn handle_input(&mut self, now: Instant, sequence: u16) {
        let Some(highest) = self.highest else {
            self.highest = Some(sequence);
            return;
        };
        let ahead = sequence_delta(sequence, highest);
        if ahead <= 0 {
            if let Some(at) = self.missing.iter().position(|entry| entry.sequence == sequence) {
                self.missing.remove(at);
                self.figures.recovered_total += 1;
            }
            return;
        }
        self.highest = Some(sequence);
        let gap = usize::from(ahead.unsigned_abs() - 1);
        if self.missing.len() + gap > MAX_MISSING {
            self.figures.given_up_total += (self.missing.len() + gap) as u64;
            self.missing.clear();
            return;
        }
        let (since, next_request) = (now, now + REORDER_WAIT);
        for offset in 1..ahead.unsigned_abs() {
            let sequence = highest.wrapping_add(offset);
            self.missing.push(Missing { sequence, since, next_request, requests: 0 });
        }
    }

    /// Gives up what is too late.
    pub fn handle_timeout(&mut self, now: Instant) {
        let before = self.missing.len();
        self.missing.retain(|entry| {
            let exhausted = entry.requests >= MAX_REQUESTS && now >= entry.next_request;
            !exhausted && now.saturating_duration_since(entry.since) < GIVE_UP_AFTER
        });
        self.figures.given_up_total += (before - self.missing.len()) as u64;
    }

    /// When to call next; `None` while nothing is missing.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.missing.iter().map(|entry| entry.next_request).min()
    }

    /// Fills in the sequence numbers to ask for now, ascending, and returns how many.
    pub fn poll_output(&mut self, now: Instant, lost: &mut [u16]) -> usize {
        let repeat = self.round_trip.max(MIN_REPEAT);
        let due = self
            .missing
            .iter_mut()
            .filter(|entry| entry.next_request <= now && entry.requests < MAX_REQUESTS);
        let mut count = 0;
        for (entry, place) in due.zip(lost) {
            entry.requests += 1;
            entry.next_request = now + repeat;
            *place = entry.sequence;
            count += 1;
        }
        self.figures.requested_total += count as u64;
        count
    }

    /// The figures as they are now.
    #[must_use]
    pub fn snapshot(&self) -> NackSnapshot {
        self.figures
    }
}

#[derive(Debug)]
struct Sent {
    sequence: u16,
    packet: Vec<u8>,
    last_sent: Option<Instant>,
}

/// The last packets of a stream, to be repeated on request.
#[derive(Debug)]
pub struct RetransmissionBuffer {
    slots: Vec<Sent>,
}

impl RetransmissionBuffer {
    /// Remembers `packets` packets of up to `packet_len` bytes without allocating again.
    #[must_use]
    pub fn new(packets: usize, packet_len: usize) -> Self {
        let empty =
            || Sent { sequence: 0, packet: Vec::with_capacity(packet_len), last_sent: None };
        Self { slots: std::iter::repeat_with(empty).take(packets.max(1)).collect() }
    }

    /// Remembers a packet as it was sent.
    pub fn store(&mut self, now: Instant, sequence: u16, packet: &[u8]) {
        let at = usize::from(sequence) % self.slots.len();
        let slot = &mut self.slots[at];
        slot.sequence = sequence;
        slot.packet.clear();
        slot.packet.extend_from_slice(packet);
        slot.last_sent = Some(now);
    }

    /// The packet to repeat, unless it is gone or was sent less than `min_interval` ago (a round
    /// trip: an answer to the earlier sending cannot have arrived).
    pub fn fetch(&mut self, now: Instant, sequence: u16, min_interval: Duration) -> Option<&[u8]> {
        let at = usize::from(sequence) % self.slots.len();
        let slot = self.slots.get_mut(at).filter(|slot| slot.sequence == sequence)?;
        let last_sent = slot.last_sent?;
        if now.saturating_duration_since(last_sent) < min_interval {
            return None;
        }
        slot.last_sent = Some(now);
        Some(&slot.packet)
    }
}

/// Where an RTX stream's packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtxHeader {
    /// The stream of repetitions.
    pub ssrc: Ssrc,
    /// Its payload type.
    pub payload_type: u8,
    /// Its own sequence number.
    pub sequence: u16,
}

/// Wraps a packet in clear for an RTX stream (RFC 4588 §4) and returns the length.
///
/// # Errors
/// [`RtpError::NoRoom`] when `out` is shorter than the packet and two bytes; the errors of
/// [`RtpView::parse`] for `original`.
pub fn write_rtx(out: &mut [u8], original: &[u8], rtx: RtxHeader) -> Result<usize, RtpError> {
    let view = RtpView::parse(original)?;
    let header_len = view.header_len();
    let end = header_len + 2 + view.payload().len();
    let out = out.get_mut(..end).ok_or(RtpError::NoRoom)?;
    out[..header_len].copy_from_slice(&original[..header_len]);
    out[header_len..header_len + 2].copy_from_slice(&view.sequence().to_be_bytes());
    out[header_len + 2..].copy_from_slice(view.payload());
    // The padding was not copied.
    out[0] &= !0x20;
    let mut packet = RtpMut::parse(out)?;
    packet.set_ssrc(rtx.ssrc);
    packet.set_payload_type(rtx.payload_type);
    packet.set_sequence(rtx.sequence);
    Ok(end)
}

/// Turns an RTX packet in clear back into the original in place, and returns its length. `None`
/// for packets without content, which probe bandwidth.
///
/// # Errors
/// The errors of [`RtpView::parse`].
pub fn restore_rtx(
    packet: &mut [u8],
    ssrc: Ssrc,
    payload_type: u8,
) -> Result<Option<usize>, RtpError> {
    let payload = RtpView::parse(packet)?.payload_range();
    if payload.len() < 2 || payload.start < HEADER_LEN {
        return Ok(None);
    }
    let sequence = u16::from_be_bytes([packet[payload.start], packet[payload.start + 1]]);
    packet.copy_within(payload.start + 2..payload.end, payload.start);
    packet[0] &= !0x20;
    let mut header = RtpMut::parse(packet)?;
    header.set_ssrc(ssrc);
    header.set_payload_type(payload_type);
    header.set_sequence(sequence);
    Ok(Some(payload.end - 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Header;

    const MS: Duration = Duration::from_millis(1);

    fn asked(nacks: &mut NackGenerator, now: Instant) -> Vec<u16> {
        let mut lost = [0; MAX_MISSING];
        let count = nacks.poll_output(now, &mut lost);
        lost[..count].to_vec()
    }

    #[test]
    fn a_gap_is_asked_for_after_the_reordering_wait_and_again_after_a_round_trip() {
        let start = Instant::now();
        let mut nacks = NackGenerator::new();
        nacks.set_round_trip(50 * MS);
        for sequence in [65_534, 2, 1] {
            nacks.handle_input(start, sequence);
        }
        assert_eq!(asked(&mut nacks, start), []);
        assert_eq!(nacks.next_timeout(), Some(start + 5 * MS));
        assert_eq!(asked(&mut nacks, start + 5 * MS), [65_535, 0]);
        assert_eq!(asked(&mut nacks, start + 6 * MS), []);
        nacks.handle_input(start + 40 * MS, 0);
        assert_eq!(asked(&mut nacks, start + 55 * MS), [65_535]);
        assert_eq!(nacks.snapshot().recovered_total, 2);
    }

    #[test]
    fn requests_end_after_their_limit() {
        let start = Instant::now();
        let mut nacks = NackGenerator::new();
        nacks.set_round_trip(20 * MS);
        nacks.handle_input(start, 1);
        nacks.handle_input(start, 3);
        let mut requests = 0;
        for ms in 0..400 {
            let now = start + ms * MS;
            nacks.handle_timeout(now);
            requests += asked(&mut nacks, now).len();
        }
        assert_eq!(requests, usize::from(MAX_REQUESTS));
        assert_eq!((nacks.snapshot().given_up_total, nacks.next_timeout()), (1, None));
    }

    #[test]
    fn a_huge_gap_is_given_up_at_once() {
        let start = Instant::now();
        let mut nacks = NackGenerator::new();
        nacks.handle_input(start, 0);
        nacks.handle_input(start, 5000);
        assert_eq!(asked(&mut nacks, start + 10 * MS), []);
        assert_eq!(nacks.snapshot().given_up_total, 4999);
    }

    #[test]
    fn a_packet_is_repeated_once_per_round_trip_while_it_is_kept() {
        let start = Instant::now();
        let mut sent = RetransmissionBuffer::new(8, 100);
        for sequence in 0..10 {
            sent.store(start, sequence, &[u8::try_from(sequence).unwrap(); 4]);
        }
        assert_eq!(sent.fetch(start + 30 * MS, 9, 20 * MS), Some(&[9; 4][..]));
        assert_eq!(sent.fetch(start + 31 * MS, 9, 20 * MS), None);
        assert_eq!(sent.fetch(start + 60 * MS, 9, 20 * MS), Some(&[9; 4][..]));
        assert_eq!(sent.fetch(start + 60 * MS, 1, 20 * MS), None, "overwritten");
    }

    #[test]
    fn rtx_wraps_and_restores() {
        let header = Header { payload_type: 96, sequence: 700, ssrc: Ssrc(1), ..Header::default() };
        let (mut original, mut wrapped) = ([0; 100], [0; 100]);
        let len = header.write_packet(&mut original, &[(1, b"a")], b"frame").unwrap();
        let rtx = RtxHeader { ssrc: Ssrc(2), payload_type: 97, sequence: 5 };
        let wrapped_len = write_rtx(&mut wrapped, &original[..len], rtx).unwrap();
        assert_eq!(wrapped_len, len + 2);
        let view = RtpView::parse(&wrapped[..wrapped_len]).unwrap();
        assert_eq!((view.ssrc(), view.sequence()), (Ssrc(2), 5));
        let restored = restore_rtx(&mut wrapped[..wrapped_len], Ssrc(1), 96).unwrap();
        assert_eq!(restored, Some(len));
        assert_eq!(wrapped[..len], original[..len]);
        let empty = rtx_probe();
        assert_eq!(restore_rtx(&mut empty.clone(), Ssrc(1), 96), Ok(None));
    }

    fn rtx_probe() -> [u8; 12] {
        let mut packet = [0; 12];
        Header::default().write(&mut packet).unwrap();
        packet
    }
}
