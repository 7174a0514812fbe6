//! What a worker learns of its addresses outside, on virtual time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use sidetone_base::LegId;
use sidetone_engine::media::{AclRule, CandidatePolicy, LegEvent, LegKind};
use sidetone_engine::nat::TurnSettings;
use sidetone_engine::sim::{SimHost, SimWorld};
use sidetone_engine::{Engine, LegHandle, LegSpec, NatEvent, NatSettings, PortChoice};
use sidetone_nat::{Credentials, Health, binding};
use tokio::sync::mpsc;

const SERVER: &str = "198.51.100.78:3478";
const INNER: [u8; 4] = [10, 0, 0, 5];

struct Story {
    world: SimWorld,
    engine: Engine,
    events: mpsc::Receiver<NatEvent>,
}

impl Story {
    fn new(acl: Vec<AclRule>) -> Self {
        Self::with(NatSettings { stun_acl: acl, ..NatSettings::default() })
    }

    fn with(settings: NatSettings) -> Self {
        let mut world = SimWorld::new(1, Instant::now());
        let engine = world.engine(SimHost::new(INNER)).unwrap();
        let (sender, events) = mpsc::channel(16);
        let stun = vec![SERVER.parse().unwrap()];
        let settings = NatSettings { stun, ..settings };
        world.drive(engine.set_nat(&settings, &sender));
        Self { world, engine, events }
    }

    /// Lets time pass; the server sees us at this address, or is dead.
    fn run(&mut self, time: Duration, seen_at: Option<&str>) -> usize {
        let server: SocketAddr = SERVER.parse().unwrap();
        let end = self.world.now() + time;
        let mut asked = 0;
        while self.world.now() < end {
            self.world.run(Duration::from_millis(10));
            for request in self.world.take(server) {
                asked += 1;
                if let Some(mapped) = seen_at {
                    let answer = binding::answer(&request.bytes, mapped.parse().unwrap());
                    self.world.send(server, request.from, &answer.unwrap());
                }
            }
        }
        asked
    }

    fn leg(&mut self, peer: &str) -> (LegHandle, mpsc::Receiver<(LegId, LegEvent)>) {
        self.leg_on(peer, PortChoice::Shared)
    }

    fn leg_on(
        &mut self,
        peer: &str,
        port: PortChoice,
    ) -> (LegHandle, mpsc::Receiver<(LegId, LegEvent)>) {
        let (sender, events) = mpsc::channel(32);
        let peer = Some(peer.parse::<IpAddr>().unwrap());
        let candidates = CandidatePolicy { peer, ..CandidatePolicy::default() };
        let kind = LegKind::Ice { lite: false };
        let spec = LegSpec { candidates, port, ..LegSpec::new(kind, sender) };
        // Time stands still while a leg is made: nothing may be waited for.
        (self.world.drive(self.engine.create_leg(spec)).unwrap(), events)
    }
}

fn candidates(leg: &LegHandle) -> (Vec<String>, bool) {
    let ice = leg.local_transports()[0].ice.clone().unwrap();
    (ice.candidates, ice.gathering)
}

/// A worker without calls has no other reason to wake up.
#[test]
fn an_idle_worker_tells_what_it_learned_at_once() {
    let mut story = Story::new(Vec::new());
    story.run(Duration::from_millis(30), Some("203.0.113.7:61000"));
    assert!(matches!(story.events.try_recv(), Ok(NatEvent::Mapped { .. })));
}

#[test]
fn a_known_mapping_is_told_and_the_inner_address_is_not() {
    let mut story = Story::new(Vec::new());
    story.run(Duration::from_secs(1), Some("203.0.113.7:61000"));
    let (stranger, _events) = story.leg("198.51.100.1");
    let (lines, gathering) = candidates(&stranger);
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert!(line.contains("203.0.113.7 61000 typ srflx raddr 0.0.0.0 rport 0"), "{line}");
    assert!(!gathering);
    let (neighbour, _events) = story.leg("10.0.0.77");
    let (lines, _) = candidates(&neighbour);
    assert!(lines.len() == 2 && lines[0].contains("10.0.0.5"), "{lines:?}");
    let status = story.world.drive(story.engine.nat_status());
    assert_eq!(status.bindings[0].mapped, Some("203.0.113.7:61000".parse().unwrap()));
    assert!(matches!(story.events.try_recv(), Ok(NatEvent::Mapped { .. })));
}

/// FAQ-06: a leg is made at once, whatever the server does, and hears later what came of it.
#[test]
fn a_dead_server_costs_a_call_nothing_and_is_told_once() {
    let mut story = Story::new(Vec::new());
    story.run(Duration::from_millis(50), None);
    let (leg, mut events) = story.leg("198.51.100.1");
    let (lines, gathering) = candidates(&leg);
    assert!(lines.len() == 1 && lines[0].contains("typ host") && gathering, "{lines:?}");
    let asked = story.run(Duration::from_secs(300), None);
    assert!((10..=30).contains(&asked), "{asked}");
    let complete = (0, true);
    let late: Vec<_> = std::iter::from_fn(|| events.try_recv().ok())
        .filter_map(|(_, event)| match event {
            LegEvent::Candidates { candidates, complete, .. } => Some((candidates.len(), complete)),
            _ => None,
        })
        .collect();
    assert_eq!(late, [complete]);
    let told: Vec<NatEvent> = std::iter::from_fn(|| story.events.try_recv().ok()).collect();
    assert!(matches!(&told[..], [NatEvent::StunDead { .. }]), "{told:?}");
    let status = story.world.drive(story.engine.nat_status());
    assert_eq!(status.bindings[0].health, Health::Dead);
    let (leg, _events) = story.leg("198.51.100.1");
    assert!(!candidates(&leg).1, "nothing is waited for any more");
}

#[test]
fn a_leg_made_before_the_answer_hears_of_it() {
    let mut story = Story::new(Vec::new());
    let (leg, mut events) = story.leg("198.51.100.1");
    assert!(candidates(&leg).1);
    story.run(Duration::from_secs(1), Some("203.0.113.7:61000"));
    let late: Vec<LegEvent> =
        std::iter::from_fn(|| events.try_recv().ok()).map(|(_, event)| event).collect();
    let found = |event: &LegEvent| match event {
        LegEvent::Candidates { candidates, .. } => {
            candidates.iter().any(|line| line.contains("203.0.113.7 61000 typ srflx"))
        }
        _ => false,
    };
    assert!(late.iter().any(found), "{late:?}");
    let ended = |event: &LegEvent| matches!(event, LegEvent::Candidates { complete: true, .. });
    assert!(late.last().is_some_and(ended), "{late:?}");
}

#[test]
fn a_mapping_that_moves_is_told_and_new_credentials_go_with_new_addresses() {
    let mut story = Story::new(Vec::new());
    story.run(Duration::from_secs(1), Some("203.0.113.7:61000"));
    let (mut leg, _events) = story.leg("198.51.100.1");
    let before = leg.local_transports()[0].ice.clone().unwrap();
    story.run(Duration::from_secs(25), Some("203.0.113.99:62000"));
    let told: Vec<NatEvent> = std::iter::from_fn(|| story.events.try_recv().ok()).collect();
    let moved =
        |event: &NatEvent| matches!(event, NatEvent::Moved { to, .. } if to.port() == 62_000);
    assert!(told.iter().any(moved), "{told:?}");
    let peer = "198.51.100.1".parse().ok();
    let policy = CandidatePolicy { peer, ..CandidatePolicy::default() };
    story.world.drive(leg.readdress(policy)).unwrap();
    let after = leg.local_transports()[0].ice.clone().unwrap();
    assert!(after.candidates[0].contains("203.0.113.99 62000"), "{after:?}");
    assert_ne!(before.ufrag, after.ufrag);
}

/// NAT-04: an interface that must not ask does not, and its legs wait for nothing.
#[test]
fn an_interface_that_may_not_ask_sends_nothing() {
    let mut story = Story::new(vec![AclRule::Deny("10.0.0.0/8".parse().unwrap())]);
    assert_eq!(story.run(Duration::from_secs(120), None), 0);
    let (leg, _events) = story.leg("198.51.100.1");
    let (lines, gathering) = candidates(&leg);
    assert!(lines.len() == 1 && lines[0].contains("10.0.0.5") && !gathering, "{lines:?}");
}

fn lines_of(events: &mut mpsc::Receiver<(LegId, LegEvent)>) -> (Vec<String>, bool) {
    let (mut lines, mut ended) = (Vec::new(), false);
    while let Ok((_, event)) = events.try_recv() {
        if let LegEvent::Candidates { candidates, complete, .. } = event {
            assert!(!ended, "{candidates:?} after the end");
            lines.extend(candidates);
            ended = complete;
        }
    }
    (lines, ended)
}

/// NAT-13: a leg with a port of its own is told what the server says about that port, and nobody
/// else is; the questions end with the leg.
#[test]
fn a_leg_with_its_own_port_hears_of_its_own_mapping() {
    let mut story = Story::new(Vec::new());
    story.run(Duration::from_secs(1), Some("203.0.113.7:61000"));
    let (own, mut events) = story.leg_on("198.51.100.1", PortChoice::Own);
    let (lines, gathering) = candidates(&own);
    assert!(lines.is_empty() && gathering, "{lines:?}");
    let (mut other, mut other_events) = story.leg_on("198.51.100.2", PortChoice::Own);
    story.run(Duration::from_secs(1), Some("203.0.113.7:62000"));
    for events in [&mut events, &mut other_events] {
        let (lines, ended) = lines_of(events);
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert!(line.contains("203.0.113.7 62000 typ srflx") && ended, "{line}");
    }
    // A new offer tells it at once.
    let policy =
        CandidatePolicy { peer: "198.51.100.2".parse().ok(), ..CandidatePolicy::default() };
    story.world.drive(other.readdress(policy)).unwrap();
    let (lines, gathering) = candidates(&other);
    assert!(lines.len() == 1 && lines[0].contains("203.0.113.7 62000"), "{lines:?}");
    assert!(!gathering);
    let asked = story.run(Duration::from_secs(61), Some("203.0.113.7:62000"));
    assert!((8..=10).contains(&asked), "three sockets, every 20 s: {asked}");
    own.close();
    other.close();
    story.run(Duration::from_secs(1), Some("203.0.113.7:61000"));
    let asked = story.run(Duration::from_secs(60), Some("203.0.113.7:61000"));
    assert!((2..=4).contains(&asked), "{asked}");
    let left = story.world.drive(story.engine.snapshot());
    assert_eq!((left.legs(), left.ports()), (0, 0));
}

#[test]
fn a_silent_server_ends_the_gathering_of_a_leg_with_its_own_port() {
    let mut story = Story::new(Vec::new());
    story.run(Duration::from_secs(1), Some("203.0.113.7:61000"));
    let (_leg, mut events) = story.leg_on("10.0.0.77", PortChoice::Own);
    story.run(Duration::from_secs(30), None);
    assert_eq!(lines_of(&mut events), (Vec::new(), true));
}

/// NAT-07: an interface that `ice_acl` denies is asked about by no server and reaches none: neither
/// a reflexive nor a relayed address of it is ever told.
#[test]
fn an_interface_that_ice_may_not_use_asks_neither_stun_nor_turn() {
    let denied = vec![AclRule::Deny("10.0.0.0/8".parse().unwrap())];
    let other = vec![AclRule::Deny("192.168.0.0/16".parse().unwrap())];
    for (ice_acl, may) in [(denied, false), (other, true)] {
        let turn_server: SocketAddr = "198.51.100.79:3478".parse().unwrap();
        let credentials = Credentials::fixed("pbx", "secret");
        let turn =
            Some(TurnSettings { name: String::new(), servers: vec![turn_server], credentials });
        let mut story = Story::with(NatSettings { ice_acl, turn, ..NatSettings::default() });
        assert_eq!(story.run(Duration::from_secs(5), Some("203.0.113.7:61000")) > 0, may);
        let at_turn = story.world.take(turn_server).len();
        assert_eq!(at_turn > 0, may, "{at_turn}");
        let (leg, _events) = story.leg("198.51.100.1");
        let (lines, _) = candidates(&leg);
        assert_eq!(lines.iter().any(|line| line.contains(" typ srflx ")), may, "{lines:?}");
    }
}

/// What a TURN server did not say, or nobody asked for, is counted and changes nothing.
#[test]
fn what_comes_in_place_of_the_turn_server_is_counted() {
    let server: SocketAddr = "198.51.100.79:3478".parse().unwrap();
    let credentials = Credentials::fixed("pbx", "secret");
    let turn = Some(TurnSettings { name: String::new(), servers: vec![server], credentials });
    let mut story = Story::with(NatSettings { turn, ..NatSettings::default() });
    story.world.run(Duration::from_millis(100));
    let asked = story.world.take(server).remove(0);
    let refused = |story: &mut Story| {
        let snapshot = story.world.drive(story.engine.snapshot());
        snapshot.workers.iter().map(|worker| worker.relay_refused).sum::<u64>()
    };
    assert_eq!(refused(&mut story), 0);
    let stranger: SocketAddr = "198.51.100.80:3478".parse().unwrap();
    let unasked = binding::answer(&asked.bytes, stranger).map(|mut answer| {
        answer[19] ^= 1;
        answer
    });
    let data_of_nobody = b"\x40\x00\x00\x03abc\x00".to_vec();
    let cases = [(server, b"garbage".to_vec()), (stranger, asked.bytes.to_vec())];
    let cases = cases.into_iter().chain([(server, data_of_nobody)]);
    let cases = cases.chain(unasked.map(|answer| (server, answer)));
    let mut sent = 0;
    for (from, bytes) in cases {
        story.world.send(from, asked.from, &bytes);
        story.world.run(Duration::from_millis(10));
        sent += 1;
        assert_eq!(refused(&mut story), sent, "{from}: {bytes:02x?}");
    }
    assert!(sent >= 3);
}
