//! Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01
//! §3.1): a recorder of arrivals that writes feedback packets, and a view of received ones.

use std::time::{Duration, Instant};

use super::RtcpError;
use super::write::{Body, CompoundWriter};
use crate::{Ssrc, sequence_delta};

/// Arrivals kept between two feedback packets: 100 ms at 10,000 packets a second, or a whole
/// second of a 10 Mbit/s stream.
pub const MAX_ARRIVALS: usize = 1024;

/// Places at the start: 100 ms of audio. A stream with more packets grows the list.
const FIRST_ARRIVALS: usize = 16;

/// Packets that one feedback describes. With two bytes for each delta and a chunk for each run
/// this stays below 1,200 bytes.
const MAX_STATUSES: u16 = 400;
/// Unit of the reference time: 64 ms.
const REFERENCE_UNIT_US: i64 = 64_000;
/// Unit of an arrival delta: 250 µs.
const DELTA_UNIT_US: i64 = 250;
/// Most packets that one run-length chunk describes: 13 bits.
const MAX_RUN: u16 = 0x1fff;

/// How a packet is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Missing = 0,
    SmallDelta = 1,
    LargeDelta = 2,
}

/// Remembers when packets arrived and reports it. One per transport.
#[derive(Debug)]
pub struct TransportCcRecorder {
    started: Option<Instant>,
    /// Arrival in microseconds since the start, at the place of its sequence number. As many as a
    /// power of two, so that numbers may wrap.
    arrivals: Vec<Option<(u16, i64)>>,
    /// The first sequence number not yet reported, and the one after the highest received.
    pending: Option<(u16, u16)>,
    feedback_count: u8,
}

impl Default for TransportCcRecorder {
    fn default() -> Self {
        Self::new()
    }
}

impl TransportCcRecorder {
    /// A recorder that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        let arrivals = vec![None; FIRST_ARRIVALS];
        Self { started: None, arrivals, pending: None, feedback_count: 0 }
    }

    /// Notes that the packet with this transport-wide sequence number arrived. A packet that was
    /// already reported as missing is not reported again.
    pub fn handle_input(&mut self, now: Instant, sequence: u16) {
        let started = *self.started.get_or_insert(now);
        let elapsed = now.saturating_duration_since(started);
        // 2^63 µs are 292,000 years.
        let at_us = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
        let (first, end) = *self.pending.get_or_insert((sequence, sequence));
        let ahead = sequence_delta(sequence, end);
        if ahead >= 0 {
            let new_end = sequence.wrapping_add(1);
            // When too many wait, the oldest are given up.
            let waiting = usize::from(new_end.wrapping_sub(first));
            let first = if waiting > MAX_ARRIVALS {
                new_end.wrapping_sub(MAX_ARRIVALS as u16)
            } else {
                first
            };
            self.pending = Some((first, new_end));
            self.make_room(usize::from(new_end.wrapping_sub(first)));
        } else if sequence_delta(sequence, first) < 0 {
            return;
        }
        let places = self.arrivals.len();
        self.arrivals[usize::from(sequence) % places] = Some((sequence, at_us));
    }

    /// Makes places for so many arrivals, which are at most [`MAX_ARRIVALS`].
    fn make_room(&mut self, waiting: usize) {
        if waiting <= self.arrivals.len() {
            return;
        }
        let places = waiting.next_power_of_two().min(MAX_ARRIVALS);
        let old = std::mem::replace(&mut self.arrivals, vec![None; places]);
        for arrival in old.into_iter().flatten() {
            self.arrivals[usize::from(arrival.0) % places] = Some(arrival);
        }
    }

    /// Whether there is something to report.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        self.pending.is_some_and(|(first, end)| first != end)
    }

    /// Appends one feedback packet with the oldest unreported arrivals. Call it until
    /// [`Self::has_pending`] says no. Writes nothing when nothing is pending.
    ///
    /// # Errors
    /// [`RtcpError::NoRoom`]; the arrivals stay pending then.
    pub fn write_feedback(
        &mut self,
        out: &mut CompoundWriter<'_>,
        sender: Ssrc,
        media: Ssrc,
    ) -> Result<(), RtcpError> {
        let Some((pending_first, end)) = self.pending else {
            return Ok(());
        };
        // A feedback starts with a received packet: its time is the reference.
        let waiting = end.wrapping_sub(pending_first);
        let first_received = (0..waiting)
            .map(|offset| pending_first.wrapping_add(offset))
            .find_map(|sequence| self.arrival(sequence).map(|at_us| (sequence, at_us)));
        let Some((first, first_us)) = first_received else {
            self.pending = Some((end, end));
            return Ok(());
        };
        let reference = first_us / REFERENCE_UNIT_US;
        let mut statuses = [(Status::Missing, 0_i16); MAX_STATUSES as usize];
        let count = self.statuses(first, end, reference, &mut statuses);
        let statuses = &statuses[..usize::from(count)];
        let feedback_count = self.feedback_count;
        out.transport_cc_content(sender, media, |body| {
            body.bytes(&first.to_be_bytes())?;
            body.bytes(&count.to_be_bytes())?;
            // 24 bits of reference time; wraps after 12 days.
            body.u32((((reference & 0xff_ffff) as u32) << 8) | u32::from(feedback_count))?;
            write_chunks(body, statuses)?;
            write_deltas(body, statuses)
        })?;
        self.feedback_count = self.feedback_count.wrapping_add(1);
        self.pending = Some((first.wrapping_add(count), end));
        Ok(())
    }

    fn arrival(&self, sequence: u16) -> Option<i64> {
        let slot = self.arrivals.get(usize::from(sequence) % self.arrivals.len())?;
        slot.filter(|(stored, _)| *stored == sequence).map(|(_, at_us)| at_us)
    }

    /// Fills in status and delta of each packet from `first` on; returns how many.
    fn statuses(
        &self,
        first: u16,
        end: u16,
        reference: i64,
        statuses: &mut [(Status, i16)],
    ) -> u16 {
        let mut previous = reference * REFERENCE_UNIT_US / DELTA_UNIT_US;
        let waiting = end.wrapping_sub(first).min(MAX_STATUSES);
        for (offset, entry) in (0..waiting).zip(statuses) {
            let Some(at_us) = self.arrival(first.wrapping_add(offset)) else {
                continue;
            };
            let at = at_us / DELTA_UNIT_US;
            // A pause of over eight seconds does not fit: the next feedback starts there.
            let Ok(delta) = i16::try_from(at - previous) else {
                return offset;
            };
            previous = at;
            let small = (0..=255).contains(&delta);
            *entry = (if small { Status::SmallDelta } else { Status::LargeDelta }, delta);
        }
        waiting
    }
}

/// Run-length chunks where a status repeats, else vector chunks of seven two-bit statuses.
fn write_chunks(body: &mut Body<'_>, statuses: &[(Status, i16)]) -> Result<(), RtcpError> {
    let mut rest = statuses;
    while let Some((status, _)) = rest.first() {
        let run = rest.iter().take_while(|(other, _)| other == status).count();
        if run >= 7 || run == rest.len() {
            let run = run.min(usize::from(MAX_RUN));
            let chunk = ((*status as u16) << 13) | (run as u16);
            body.bytes(&chunk.to_be_bytes())?;
            rest = &rest[run..];
            continue;
        }
        let taken = rest.len().min(7);
        let mut chunk = 0xc000_u16;
        for (place, (status, _)) in rest.iter().take(7).enumerate() {
            chunk |= (*status as u16) << (12 - 2 * place);
        }
        body.bytes(&chunk.to_be_bytes())?;
        rest = &rest[taken..];
    }
    Ok(())
}

fn write_deltas(body: &mut Body<'_>, statuses: &[(Status, i16)]) -> Result<(), RtcpError> {
    for (status, delta) in statuses {
        match status {
            Status::Missing => {}
            // The status says that the delta fits a byte.
            Status::SmallDelta => body.bytes(&[*delta as u8])?,
            Status::LargeDelta => body.bytes(&delta.to_be_bytes())?,
        }
    }
    Ok(())
}

/// What a feedback says about one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The transport-wide sequence number.
    pub sequence: u16,
    /// Arrival on the peer's clock, from the zero of its reference time (wraps after 12 days);
    /// `None`: not received.
    pub at: Option<Duration>,
}

/// A received feedback packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportCc<'a> {
    /// Who reports.
    pub sender: Ssrc,
    /// A stream of the transport; carries no meaning.
    pub media: Ssrc,
    /// The first packet reported on.
    pub base_sequence: u16,
    /// How many packets are reported on.
    pub count: u16,
    /// Number of the feedback packet; wraps.
    pub feedback_count: u8,
    reference: u32,
    content: &'a [u8],
    deltas_at: usize,
}

impl<'a> TransportCc<'a> {
    pub(super) fn parse(sender: Ssrc, media: Ssrc, body: &'a [u8]) -> Result<Self, RtcpError> {
        let (head, content) = body.split_at_checked(8).ok_or(RtcpError::Truncated)?;
        let count = u16::from_be_bytes([head[2], head[3]]);
        let mut deltas_at = 0;
        let mut described = 0_u32;
        while described < u32::from(count) {
            let chunk = content.get(deltas_at..deltas_at + 2).ok_or(RtcpError::Truncated)?;
            described += u32::from(Chunk::read([chunk[0], chunk[1]]).len().max(1));
            deltas_at += 2;
        }
        Ok(Self {
            sender,
            media,
            base_sequence: u16::from_be_bytes([head[0], head[1]]),
            count,
            feedback_count: head[7],
            reference: crate::packet::be32(&[0, head[4], head[5], head[6]]),
            content,
            deltas_at,
        })
    }

    /// Each packet reported on; ends early when deltas are missing.
    #[must_use]
    pub fn arrivals(&self) -> Arrivals<'a> {
        Arrivals {
            chunks: self.content.get(..self.deltas_at).unwrap_or_default(),
            deltas: self.content.get(self.deltas_at..).unwrap_or_default(),
            chunk: Chunk::Run { symbol: 0, len: 0 },
            at_chunk: 0,
            sequence: self.base_sequence,
            left: self.count,
            at_us: i64::from(self.reference) * REFERENCE_UNIT_US,
        }
    }
}

/// A description of several packets in 16 bits.
#[derive(Clone, Copy, Debug)]
enum Chunk {
    Run { symbol: u16, len: u16 },
    Bits { bits: u16 },
    Pairs { bits: u16 },
}

impl Chunk {
    fn read(bytes: [u8; 2]) -> Self {
        let word = u16::from_be_bytes(bytes);
        match word >> 14 {
            0 | 1 => Self::Run { symbol: (word >> 13) & 3, len: word & MAX_RUN },
            2 => Self::Bits { bits: word },
            _ => Self::Pairs { bits: word },
        }
    }

    fn len(self) -> u16 {
        match self {
            Self::Run { len, .. } => len,
            Self::Bits { .. } => 14,
            Self::Pairs { .. } => 7,
        }
    }

    fn symbol(self, at: u16) -> u16 {
        match self {
            Self::Run { symbol, .. } => symbol,
            Self::Bits { bits } => (bits >> (13 - at)) & 1,
            Self::Pairs { bits } => (bits >> (12 - 2 * at)) & 3,
        }
    }
}

/// Walks the packets of a feedback.
#[derive(Clone, Debug)]
pub struct Arrivals<'a> {
    chunks: &'a [u8],
    deltas: &'a [u8],
    chunk: Chunk,
    at_chunk: u16,
    sequence: u16,
    left: u16,
    at_us: i64,
}

impl Iterator for Arrivals<'_> {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        self.left = self.left.checked_sub(1)?;
        while self.at_chunk >= self.chunk.len() {
            let (word, rest) = self.chunks.split_at_checked(2)?;
            self.chunk = Chunk::read([word[0], word[1]]);
            (self.chunks, self.at_chunk) = (rest, 0);
        }
        let symbol = self.chunk.symbol(self.at_chunk);
        self.at_chunk += 1;
        let size = match symbol {
            1 => 1,
            2 => 2,
            _ => 0,
        };
        let (delta, rest) = self.deltas.split_at_checked(size)?;
        self.deltas = rest;
        let units = match *delta {
            [small] => Some(i64::from(small)),
            [high, low] => Some(i64::from(i16::from_be_bytes([high, low]))),
            _ => None,
        };
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let at = units.map(|units| {
            self.at_us += units * DELTA_UNIT_US;
            Duration::from_micros(self.at_us.max(0).unsigned_abs())
        });
        Some(Arrival { sequence, at })
    }
}
