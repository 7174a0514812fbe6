//! The strict-source rule of plain legs (`strictrtp`, `probation`): who may send us media, and
//! where our media goes behind a NAT (symmetric RTP).
//!
//! After each plan the rule learns for [`LEARNING`]; then it is locked until the next plan. The
//! address from the SDP is believed at once and may claim its place at any time; any other must
//! show `probation` packets in sequence, at a plausible pace, while the source in use is silent,
//! and not once as many came from the address of the SDP. So a stranger can neither take a running
//! stream over nor inject a packet, nor keep out whom the SDP names; and a peer behind NAT, which
//! never sends from there, is still found.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use sidetone_rtp::sequence_delta;

use crate::settings::StrictRtp;

/// How long after a plan a new source may replace the current one.
const LEARNING: Duration = Duration::from_secs(5);
/// The source in use counts as silent after this: five packets of 20 ms.
const SILENT: Duration = Duration::from_millis(100);
/// `strictrtp=yes`: packets of one stream closer than this on average are a burst or a flood,
/// not a telephone.
const LEAST_PACE: Duration = Duration::from_millis(3);

/// What to do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// From the source in use.
    Accept,
    /// From a source that is now in use.
    AcceptNew,
    /// Not from the source in use.
    Drop,
}

#[derive(Debug)]
pub(crate) struct StrictSource {
    mode: StrictRtp,
    probation: u32,
    signalled: Option<SocketAddr>,
    /// Packets from there: with `probation` of them it is where the peer is.
    proven: u32,
    current: Option<(SocketAddr, Instant)>,
    probe: Option<Probe>,
    learning_until: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    address: SocketAddr,
    next_sequence: u16,
    good: u32,
    since: Instant,
}

impl StrictSource {
    pub(crate) fn new(now: Instant, mode: StrictRtp, probation: u32) -> Self {
        Self {
            mode,
            probation: probation.max(1),
            signalled: None,
            proven: 0,
            current: None,
            probe: None,
            learning_until: now + LEARNING,
        }
    }

    /// A plan says where the peer is: learn again. The source in use stays until another proves
    /// itself.
    pub(crate) fn relearn(&mut self, now: Instant, signalled: Option<SocketAddr>) {
        if self.signalled != signalled {
            // The peer moved: its old address has no claim any more.
            self.current = None;
            self.proven = 0;
        }
        self.signalled = signalled;
        self.probe = None;
        self.learning_until = now + LEARNING;
    }

    /// The source in use.
    pub(crate) fn current(&self) -> Option<SocketAddr> {
        self.current.map(|(address, _)| address)
    }

    /// Judges an RTP packet by its source and sequence number. For protected streams call it
    /// with `authentic` true after the tag was checked: that is proof enough.
    pub(crate) fn judge(
        &mut self,
        now: Instant,
        source: SocketAddr,
        sequence: u16,
        authentic: bool,
    ) -> Verdict {
        let is_signalled = self.signalled == Some(source);
        if is_signalled {
            self.proven = self.proven.saturating_add(1);
        }
        if let Some((current, last_at)) = &mut self.current
            && *current == source
        {
            *last_at = now;
            return Verdict::Accept;
        }
        // After a move the last packets from the old address may come late and in order, and pass;
        // a stranger may while the peer is silent. The one that the plan names claims its place.
        let trusted = self.mode == StrictRtp::No || authentic || is_signalled;
        if trusted || self.passes_probation(now, source, sequence) {
            self.current = Some((source, now));
            self.probe = None;
            return Verdict::AcceptNew;
        }
        Verdict::Drop
    }

    /// Whether RTCP from this source may be read: same host as the media, or the signalled one.
    pub(crate) fn admits_rtcp(&self, source: SocketAddr) -> bool {
        let host = |address: Option<SocketAddr>| address.map(|address| address.ip());
        let known: [Option<IpAddr>; 2] = [host(self.current()), host(self.signalled)];
        self.mode == StrictRtp::No || known.contains(&Some(source.ip()))
    }

    fn passes_probation(&mut self, now: Instant, source: SocketAddr, sequence: u16) -> bool {
        let replaceable = match self.current {
            None => true,
            Some((current, last_at)) => {
                let is_proven = self.signalled == Some(current) && self.proven >= self.probation;
                !is_proven
                    && now < self.learning_until
                    && now.saturating_duration_since(last_at) >= SILENT
            }
        };
        if !replaceable {
            return false;
        }
        let continued = self.probe.filter(|probe| {
            probe.address == source && sequence_delta(sequence, probe.next_sequence) == 0
        });
        let probe = Probe {
            address: source,
            next_sequence: sequence.wrapping_add(1),
            good: continued.map_or(0, |probe| probe.good) + 1,
            since: continued.map_or(now, |probe| probe.since),
        };
        self.probe = Some(probe);
        if probe.good < self.probation {
            return false;
        }
        let expected = LEAST_PACE * (probe.good - 1);
        self.mode == StrictRtp::SequenceOnly
            || now.saturating_duration_since(probe.since) >= expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "198.51.100.1:4000";
    const NATED: &str = "203.0.113.9:61000";
    const MOVED: &str = "198.51.100.44:4000";
    const STRANGER: &str = "192.0.2.66:5000";

    struct Line {
        now: Instant,
        rule: StrictSource,
        sequence: u16,
    }

    impl Line {
        fn new(mode: StrictRtp) -> Self {
            let now = Instant::now();
            let mut rule = StrictSource::new(now, mode, 4);
            rule.relearn(now, Some(PEER.parse().unwrap()));
            Self { now, rule, sequence: 0 }
        }

        fn packet(&mut self, from: &str, gap_ms: u64) -> Verdict {
            self.now += Duration::from_millis(gap_ms);
            self.sequence = self.sequence.wrapping_add(1);
            self.rule.judge(self.now, from.parse().unwrap(), self.sequence, false)
        }

        fn packets(&mut self, from: &str, gap_ms: u64, count: usize) -> Vec<Verdict> {
            (0..count).map(|_| self.packet(from, gap_ms)).collect()
        }
    }

    use Verdict::{Accept, AcceptNew, Drop};

    #[test]
    fn packets_that_come_late_from_the_old_address_do_not_keep_the_new_one_out() {
        let mut line = Line::new(StrictRtp::Yes);
        line.packets(PEER, 20, 10);
        // The peer moves; four of its packets are still on their way, in order.
        line.rule.relearn(line.now, Some(MOVED.parse().unwrap()));
        let late = line.packets(PEER, 20, 4);
        assert_eq!(late[3], AcceptNew);
        assert_eq!(line.packet(MOVED, 5), AcceptNew, "its place is its own");
        assert_eq!(line.packet(PEER, 5), Drop, "what is later still");
        assert_eq!(line.packet(MOVED, 5), Accept);
    }

    /// Somebody who sends while the peer is silent: on hold, before it answers, between words.
    #[test]
    fn a_stranger_neither_follows_a_peer_that_was_heard_nor_keeps_it_out() {
        let mut line = Line::new(StrictRtp::Yes);
        line.packets(PEER, 20, 4);
        line.rule.relearn(line.now, Some(PEER.parse().unwrap()));
        line.now += Duration::from_secs(1);
        assert!(line.packets(STRANGER, 20, 100).iter().all(|verdict| *verdict == Drop));
        // It came first, and holds the place when the rule is locked.
        let mut line = Line::new(StrictRtp::Yes);
        line.packets(STRANGER, 20, 4);
        line.now += LEARNING;
        assert_eq!(line.packet(STRANGER, 20), Accept);
        assert_eq!(line.packets(PEER, 20, 2), [AcceptNew, Accept]);
        assert!(line.packets(STRANGER, 20, 100).iter().all(|verdict| *verdict == Drop));
        assert_eq!(line.packet(PEER, 20), Accept);
    }

    #[test]
    fn the_signalled_address_is_believed_at_once() {
        let mut line = Line::new(StrictRtp::Yes);
        assert_eq!(line.packets(PEER, 20, 2), [AcceptNew, Accept]);
        assert_eq!(line.packet(STRANGER, 0), Drop);
    }

    #[test]
    fn a_peer_behind_nat_is_accepted_after_probation() {
        let mut line = Line::new(StrictRtp::Yes);
        assert_eq!(line.packets(NATED, 20, 5), [Drop, Drop, Drop, AcceptNew, Accept]);
        assert_eq!(line.rule.current(), Some(NATED.parse().unwrap()));
    }

    #[test]
    fn a_stranger_cannot_take_over_a_running_stream() {
        let mut line = Line::new(StrictRtp::Yes);
        line.packet(PEER, 20);
        for _ in 0..50 {
            assert_eq!(line.packet(STRANGER, 5), Drop);
            line.sequence = line.sequence.wrapping_add(1);
            let now = line.now;
            line.rule.judge(now, PEER.parse().unwrap(), 7, false);
        }
    }

    #[test]
    fn after_learning_the_source_is_locked_until_the_next_plan() {
        let mut line = Line::new(StrictRtp::Yes);
        line.packet(PEER, 20);
        line.now += LEARNING;
        assert!(line.packets(NATED, 20, 50).iter().all(|verdict| *verdict == Drop));
        line.rule.relearn(line.now, Some(PEER.parse().unwrap()));
        assert_eq!(line.packets(NATED, 20, 4), [Drop, Drop, Drop, AcceptNew]);
    }

    #[test]
    fn a_flood_fails_the_pace_check_unless_only_sequences_count() {
        let mut line = Line::new(StrictRtp::Yes);
        assert!(line.packets(STRANGER, 0, 50).iter().all(|verdict| *verdict == Drop));
        let mut line = Line::new(StrictRtp::SequenceOnly);
        assert_eq!(line.packets(NATED, 0, 4), [Drop, Drop, Drop, AcceptNew]);
    }

    #[test]
    fn no_strictness_follows_every_source() {
        let mut line = Line::new(StrictRtp::No);
        assert_eq!(line.packet(STRANGER, 0), AcceptNew);
        assert_eq!(line.packet(PEER, 0), AcceptNew);
    }

    #[test]
    fn an_authentic_packet_needs_no_probation() {
        let mut line = Line::new(StrictRtp::Yes);
        let source = NATED.parse().unwrap();
        assert_eq!(line.rule.judge(line.now, source, 9, true), AcceptNew);
    }

    #[test]
    fn rtcp_must_come_from_a_known_host() {
        let line = Line::new(StrictRtp::Yes);
        assert!(line.rule.admits_rtcp("198.51.100.1:4001".parse().unwrap()));
        assert!(!line.rule.admits_rtcp(STRANGER.parse().unwrap()));
    }
}
