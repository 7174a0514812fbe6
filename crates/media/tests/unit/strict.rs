//! Who may send media to a plain leg, and who may not.

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
