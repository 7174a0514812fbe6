//! What a receiver knows about one stream (RFC 3550 appendix A.1, A.3 and A.8): whether its
//! sequence numbers make sense, how many packets are missing, how much their spacing varies; and
//! the report block made of it. Playing the packets out is the jitter buffer's work in `media`.

use std::time::{Duration, Instant};

use crate::rtcp::{ReportBlock, SenderInfo};
use crate::{NtpTime, Ssrc, ntp};

/// A jump forward of this many packets is taken for a restart (RFC 3550 A.1): a minute at 50/s.
pub const MAX_DROPOUT: u16 = 3000;
/// Packets this far back are late, not a restart: two seconds at 50/s.
pub const MAX_MISORDER: u16 = 100;

/// What the sequence number of a packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    /// The source is still on probation: not enough packets in a row (RFC 3550 A.1).
    Probation,
    /// The packet is newer than all before it; `lost` packets are missing in between.
    InOrder {
        /// Missing packets right before this one.
        lost: u16,
    },
    /// Older than the newest, or a copy.
    LateOrDuplicate,
    /// The second packet in a row after a jump: the sender restarted, counting starts anew.
    Restarted,
    /// The first packet after a jump: not to be used unless the next one follows it.
    Jump,
}

/// Figures of a stream, for reports, `pjsip show channelstats` and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReceptionSnapshot {
    /// Packets received, copies included.
    pub packets: u64,
    /// Bytes of whole RTP packets received.
    pub bytes: u64,
    /// Packets expected by sequence number.
    pub expected: u64,
    /// Packets missing; negative when copies outnumber losses.
    pub lost: i64,
    /// Interarrival jitter.
    pub jitter: Duration,
    /// Largest jitter seen.
    pub max_jitter: Duration,
}

/// The receiver's side of one stream.
#[derive(Debug)]
pub struct Reception {
    ssrc: Ssrc,
    clock_rate: u32,
    probation_packets: u16,
    probation_left: u16,
    started: bool,
    max_sequence: u16,
    cycles: u32,
    base: u32,
    bad_sequence: Option<u16>,
    /// Received since the base was set; a restart begins anew.
    received: u64,
    packets: u64,
    bytes: u64,
    expected_before: u64,
    lost_before: i64,
    reported_expected: u64,
    reported_received: u64,
    epoch: Option<Instant>,
    transit: Option<u32>,
    last_timestamp: Option<u32>,
    /// Jitter in timestamp units, times 16.
    jitter_scaled: u64,
    max_jitter_scaled: u64,
    last_sr: Option<(u32, Instant)>,
}

impl Reception {
    /// A stream of which nothing was received. `clock_rate` is in Hz, 1 or more;
    /// `probation_packets` in a row are needed before it counts (0 or 1: none, RFC 3550 has 2,
    /// `probation` in rtp.conf has 4).
    #[must_use]
    pub fn new(ssrc: Ssrc, clock_rate: u32, probation_packets: u16) -> Self {
        Self {
            ssrc,
            clock_rate: clock_rate.max(1),
            probation_packets,
            probation_left: probation_packets,
            started: false,
            max_sequence: 0,
            cycles: 0,
            base: 0,
            bad_sequence: None,
            received: 0,
            packets: 0,
            bytes: 0,
            expected_before: 0,
            lost_before: 0,
            reported_expected: 0,
            reported_received: 0,
            epoch: None,
            transit: None,
            last_timestamp: None,
            jitter_scaled: 0,
            max_jitter_scaled: 0,
            last_sr: None,
        }
    }

    /// The stream.
    #[must_use]
    pub fn ssrc(&self) -> Ssrc {
        self.ssrc
    }

    /// Notes a packet of `bytes` bytes in all.
    pub fn handle_rtp(
        &mut self,
        now: Instant,
        sequence: u16,
        timestamp: u32,
        bytes: usize,
    ) -> Sequence {
        let verdict = self.update_sequence(sequence);
        if matches!(verdict, Sequence::Jump) {
            return verdict;
        }
        self.packets += 1;
        self.bytes += bytes as u64;
        if verdict == Sequence::Restarted {
            (self.transit, self.last_timestamp) = (None, None);
        }
        if !matches!(verdict, Sequence::Probation) {
            self.update_jitter(now, timestamp);
        }
        verdict
    }

    /// Notes the sender's report, which the next report block refers to.
    pub fn handle_sender_report(&mut self, now: Instant, sender: &SenderInfo) {
        self.last_sr = Some((sender.ntp.middle(), now));
    }

    /// Makes the report block for the time since the last one.
    pub fn report_block(&mut self, now: Instant) -> ReportBlock {
        let (expected, received) = (self.expected_now(), self.received);
        let expected_interval = expected.saturating_sub(self.reported_expected);
        let received_interval = received.saturating_sub(self.reported_received);
        (self.reported_expected, self.reported_received) = (expected, received);
        let lost_interval = expected_interval.saturating_sub(received_interval);
        let fraction = (lost_interval << 8).checked_div(expected_interval).unwrap_or(0);
        let (last_sr, delay_since_last_sr) = self.last_sr.map_or((0, 0), |(middle, at)| {
            (middle, ntp::to_short(now.saturating_duration_since(at)))
        });
        ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            cumulative_lost: i32::try_from(self.lost()).unwrap_or(i32::MAX),
            highest_sequence: self.cycles | u32::from(self.max_sequence),
            jitter: u32::try_from(self.jitter_scaled >> 4).unwrap_or(u32::MAX),
            last_sr,
            delay_since_last_sr,
        }
    }

    /// The figures as they are now.
    #[must_use]
    pub fn snapshot(&self) -> ReceptionSnapshot {
        ReceptionSnapshot {
            packets: self.packets,
            bytes: self.bytes,
            expected: self.expected_before + self.expected_now(),
            lost: self.lost(),
            jitter: self.to_duration(self.jitter_scaled),
            max_jitter: self.to_duration(self.max_jitter_scaled),
        }
    }

    fn to_duration(&self, scaled: u64) -> Duration {
        Duration::from_nanos((scaled >> 4) * 1_000_000_000 / u64::from(self.clock_rate))
    }

    fn lost(&self) -> i64 {
        let now = self.expected_now().cast_signed() - self.received.cast_signed();
        self.lost_before + now
    }

    fn expected_now(&self) -> u64 {
        if self.received == 0 {
            return 0;
        }
        let highest = self.cycles | u32::from(self.max_sequence);
        u64::from(highest.wrapping_sub(self.base)) + 1
    }

    fn start_at(&mut self, sequence: u16) {
        self.lost_before = self.lost();
        self.expected_before += self.expected_now();
        self.base = u32::from(sequence);
        self.max_sequence = sequence;
        self.cycles = 0;
        self.bad_sequence = None;
        (self.received, self.reported_received, self.reported_expected) = (0, 0, 0);
    }

    /// RFC 3550 A.1, `update_seq`.
    fn update_sequence(&mut self, sequence: u16) -> Sequence {
        if !self.started {
            self.started = true;
            self.start_at(sequence);
            if self.probation_left == 0 {
                self.received = 1;
                return Sequence::InOrder { lost: 0 };
            }
            self.max_sequence = sequence.wrapping_sub(1);
        }
        let ahead = sequence.wrapping_sub(self.max_sequence);
        if self.probation_left > 0 {
            return self.probe(sequence, ahead);
        }
        if ahead == 0 {
            self.received += 1;
            return Sequence::LateOrDuplicate;
        }
        if ahead < MAX_DROPOUT {
            self.bad_sequence = None;
            if sequence < self.max_sequence {
                self.cycles = self.cycles.wrapping_add(1 << 16);
            }
            self.max_sequence = sequence;
            self.received += 1;
            return Sequence::InOrder { lost: ahead.saturating_sub(1) };
        }
        if ahead < u16::MAX - MAX_MISORDER + 1 {
            if self.bad_sequence == Some(sequence) {
                self.start_at(sequence);
                self.received = 1;
                return Sequence::Restarted;
            }
            self.bad_sequence = Some(sequence.wrapping_add(1));
            return Sequence::Jump;
        }
        self.received += 1;
        Sequence::LateOrDuplicate
    }

    fn probe(&mut self, sequence: u16, ahead: u16) -> Sequence {
        self.probation_left =
            if ahead == 1 { self.probation_left - 1 } else { self.probation_packets - 1 };
        self.max_sequence = sequence;
        if self.probation_left > 0 {
            return Sequence::Probation;
        }
        self.start_at(sequence);
        self.received = 1;
        Sequence::InOrder { lost: 0 }
    }

    /// RFC 3550 A.8, with arrival times in timestamp units since the first packet.
    fn update_jitter(&mut self, now: Instant, timestamp: u32) {
        // Packets of one video frame, or the repeats of a telephone-event, share a timestamp:
        // their spacing is the sender's choice and says nothing about the network.
        if self.last_timestamp == Some(timestamp) {
            return;
        }
        self.last_timestamp = Some(timestamp);
        let epoch = *self.epoch.get_or_insert(now);
        let elapsed = now.saturating_duration_since(epoch);
        let units = elapsed.as_nanos() * u128::from(self.clock_rate) / 1_000_000_000;
        // Both clocks wrap at 32 bits.
        let transit = (units as u32).wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let change = u64::from(transit.wrapping_sub(before).cast_signed().unsigned_abs());
            // A change of ten seconds is a new timestamp base, not jitter.
            if change < u64::from(self.clock_rate) * 10 {
                self.jitter_scaled =
                    (self.jitter_scaled + change).saturating_sub((self.jitter_scaled + 8) >> 4);
                self.max_jitter_scaled = self.max_jitter_scaled.max(self.jitter_scaled);
            }
        }
    }
}

/// Round-trip time from a report block about our stream (RFC 3550 §6.4.1, figure 2): `arrival` is
/// our wall clock now. `None` when the peer has no report of ours yet, or its numbers are absurd.
#[must_use]
pub fn round_trip(arrival: NtpTime, block: &ReportBlock) -> Option<Duration> {
    if block.last_sr == 0 {
        return None;
    }
    let since_sent = arrival.middle().wrapping_sub(block.last_sr);
    // Some peers round the delay up: a result just below zero is zero, the rest is nonsense.
    let units = since_sent.wrapping_sub(block.delay_since_last_sr).cast_signed();
    let tolerated = -(1 << 10);
    (units > tolerated).then(|| ntp::from_short(units.max(0).unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(probation: u16) -> Reception {
        Reception::new(Ssrc(1), 8000, probation)
    }

    fn feed(reception: &mut Reception, sequences: impl IntoIterator<Item = u16>) -> Vec<Sequence> {
        let now = Instant::now();
        let mut feed = |sequence| reception.handle_rtp(now, sequence, u32::from(sequence), 172);
        sequences.into_iter().map(&mut feed).collect()
    }

    #[test]
    fn a_source_is_on_probation_until_enough_packets_follow_each_other() {
        let mut reception = stream(4);
        let verdicts = feed(&mut reception, [10, 11, 50, 51, 52, 53, 54]);
        assert_eq!(verdicts[..5], [Sequence::Probation; 5]);
        assert_eq!(verdicts[5..], [Sequence::InOrder { lost: 0 }; 2]);
        assert_eq!(reception.snapshot().expected, 2);
    }

    #[test]
    fn losses_and_late_packets_are_counted_across_the_wrap() {
        let mut reception = stream(0);
        let verdicts = feed(&mut reception, [65_534, 65_535, 2, 1, 3]);
        assert_eq!(verdicts[2], Sequence::InOrder { lost: 2 });
        assert_eq!(verdicts[3], Sequence::LateOrDuplicate);
        let block = reception.report_block(Instant::now());
        assert_eq!(block.highest_sequence, 0x1_0003);
        assert_eq!((block.cumulative_lost, block.fraction_lost), (1, 42), "1 of 6");
        assert_eq!(reception.report_block(Instant::now()).fraction_lost, 0);
    }

    #[test]
    fn a_restarted_sender_is_believed_at_the_second_packet() {
        let mut reception = stream(0);
        feed(&mut reception, 0..10);
        let verdicts = feed(&mut reception, [30_000, 30_001, 30_002]);
        let expected = [Sequence::Jump, Sequence::Restarted, Sequence::InOrder { lost: 0 }];
        assert_eq!(verdicts, expected);
        assert_eq!((reception.snapshot().lost, reception.snapshot().expected), (0, 12));
    }

    #[test]
    fn copies_make_the_loss_negative() {
        let mut reception = stream(0);
        feed(&mut reception, [1, 2, 2, 2]);
        assert_eq!(reception.report_block(Instant::now()).cumulative_lost, -2);
    }

    #[test]
    fn jitter_converges_to_the_mean_deviation() {
        let start = Instant::now();
        let mut reception = stream(0);
        for n in 0_u16..500 {
            // Every other packet is 5 ms late.
            let at = Duration::from_millis(u64::from(n) * 20 + u64::from(n % 2) * 5);
            reception.handle_rtp(start + at, n, u32::from(n) * 160, 172);
        }
        let jitter = reception.snapshot().jitter;
        assert!((4..=5).contains(&jitter.as_millis()), "{jitter:?}");
        assert_eq!(reception.report_block(start).jitter / 8, 4);
    }

    #[test]
    fn the_round_trip_is_what_the_peer_did_not_spend() {
        let sent = NtpTime(1000 << 32);
        let block = ReportBlock {
            last_sr: sent.middle(),
            delay_since_last_sr: 2 << 16,
            ..ReportBlock::default()
        };
        let arrival = NtpTime((1002 << 32) + (1 << 30));
        assert_eq!(round_trip(arrival, &block), Some(Duration::from_millis(250)));
        assert_eq!(round_trip(sent, &block), None, "the peer claims to have held it for longer");
        assert_eq!(round_trip(arrival, &ReportBlock::default()), None);
    }
}
