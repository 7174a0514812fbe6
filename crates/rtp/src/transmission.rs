//! What a sender knows about one stream of ours: counts for its reports, the relation of its
//! timestamps to wall-clock time, and what the peer says about it.

use std::time::{Duration, Instant};

use crate::reception::round_trip;
use crate::rtcp::{ReportBlock, SenderInfo};
use crate::{NtpTime, Ssrc};

/// Figures of a stream that we send.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TransmissionSnapshot {
    /// RTP packets sent.
    pub packets: u64,
    /// Payload bytes sent.
    pub payload_bytes: u64,
    /// Packets the peer misses, by its last report.
    pub peer_lost: i32,
    /// Loss in the peer's last interval, in 1/256.
    pub peer_fraction_lost: u8,
    /// Jitter the peer sees.
    pub peer_jitter: Duration,
    /// Last round-trip time.
    pub round_trip: Option<Duration>,
    /// Largest round-trip time.
    pub max_round_trip: Option<Duration>,
}

/// The sender's side of one stream.
#[derive(Debug)]
pub struct Transmission {
    ssrc: Ssrc,
    clock_rate: u32,
    last_sent: Option<(Instant, u32)>,
    figures: TransmissionSnapshot,
}

impl Transmission {
    /// A stream of which nothing was sent. `clock_rate` is in Hz, 1 or more.
    #[must_use]
    pub fn new(ssrc: Ssrc, clock_rate: u32) -> Self {
        let figures = TransmissionSnapshot::default();
        Self { ssrc, clock_rate: clock_rate.max(1), last_sent: None, figures }
    }

    /// The stream.
    #[must_use]
    pub fn ssrc(&self) -> Ssrc {
        self.ssrc
    }

    /// Notes a packet that was sent.
    pub fn handle_rtp(&mut self, now: Instant, timestamp: u32, payload_len: usize) {
        self.last_sent = Some((now, timestamp));
        self.figures.packets += 1;
        self.figures.payload_bytes += payload_len as u64;
    }

    /// What the peer's report says; blocks about other streams are ignored. `wall_clock` is the
    /// time now. Returns the round-trip time when the block allows to compute one.
    pub fn handle_report_block(
        &mut self,
        wall_clock: NtpTime,
        block: &ReportBlock,
    ) -> Option<Duration> {
        if block.ssrc != self.ssrc {
            return None;
        }
        self.figures.peer_lost = block.cumulative_lost;
        self.figures.peer_fraction_lost = block.fraction_lost;
        let jitter_ns = u64::from(block.jitter) * 1_000_000_000 / u64::from(self.clock_rate);
        self.figures.peer_jitter = Duration::from_nanos(jitter_ns);
        let round_trip = round_trip(wall_clock, block)?;
        self.figures.round_trip = Some(round_trip);
        self.figures.max_round_trip = self.figures.max_round_trip.max(Some(round_trip));
        Some(round_trip)
    }

    /// The sender's half of a report for this moment, given on both clocks; `None` before the
    /// first packet (then a receiver report is due).
    #[must_use]
    pub fn sender_info(&self, now: Instant, wall_clock: NtpTime) -> Option<SenderInfo> {
        let (at, timestamp) = self.last_sent?;
        let elapsed = now.saturating_duration_since(at);
        let units = elapsed.as_nanos() * u128::from(self.clock_rate) / 1_000_000_000;
        Some(SenderInfo {
            ntp: wall_clock,
            // The timestamp and the counters wrap at 32 bits (RFC 3550 §6.4.1).
            rtp_timestamp: timestamp.wrapping_add(units as u32),
            packets: self.figures.packets as u32,
            bytes: self.figures.payload_bytes as u32,
        })
    }

    /// The figures as they are now.
    #[must_use]
    pub fn snapshot(&self) -> TransmissionSnapshot {
        self.figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reception::Reception;

    #[test]
    fn a_report_extrapolates_the_timestamp() {
        let start = Instant::now();
        let mut stream = Transmission::new(Ssrc(1), 48_000);
        assert_eq!(stream.sender_info(start, NtpTime(0)), None);
        stream.handle_rtp(start, 960, 80);
        let later = start + Duration::from_millis(500);
        let report = stream.sender_info(later, NtpTime(5)).unwrap();
        assert_eq!(report.rtp_timestamp, 960 + 24_000);
        assert_eq!((report.packets, report.bytes), (1, 80));
    }

    #[test]
    fn two_parties_measure_their_round_trip() {
        let start = Instant::now();
        let wall = |ms: u64| NtpTime((9 << 32) + (ms << 32) / 1000);
        let at = |ms| start + Duration::from_millis(ms);
        let mut ours = Transmission::new(Ssrc(1), 8000);
        let mut theirs = Reception::new(Ssrc(1), 8000, 0);
        ours.handle_rtp(at(0), 0, 160);
        theirs.handle_rtp(at(30), 0, 0, 172);
        let report = ours.sender_info(at(100), wall(100)).unwrap();
        theirs.handle_sender_report(at(130), &report);
        let block = theirs.report_block(at(330));
        let round_trip = ours.handle_report_block(wall(360), &block).unwrap();
        assert!((59..=60).contains(&round_trip.as_millis()), "{round_trip:?}");
        assert_eq!(ours.snapshot().round_trip, Some(round_trip));
        let foreign = ReportBlock { ssrc: Ssrc(2), ..block };
        assert_eq!(ours.handle_report_block(wall(400), &foreign), None);
    }
}
