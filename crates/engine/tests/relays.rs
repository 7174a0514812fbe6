//! Calls through a TURN server in memory: what happens to an address on it when its credentials
//! are replaced, and legs with a port of their own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use sidetone_engine::media::{CandidatePolicy, LegKind, Repeat, Tone, ToneStep};
use sidetone_engine::nat::TurnSettings;
use sidetone_engine::sim::{SimHost, SimWorld};
use sidetone_engine::{Engine, LegHandle, LegSpec, NatEvent, NatSettings, PortChoice};
use sidetone_nat::Credentials;
use sidetone_nat::message::{Class, Message, Writer, attribute, method};
use sidetone_sdp::plan::DtlsRole;
use tokio::sync::mpsc;

use support::webrtc_plan;

const SERVER: &str = "198.51.100.79:3478";
const INNER: [u8; 4] = [10, 0, 0, 5];
const PEER: [u8; 4] = [192, 0, 2, 9];
const SECOND: Duration = Duration::from_secs(1);

/// What one client of the server has there.
struct Allocation {
    client: SocketAddr,
    user: String,
    relayed: SocketAddr,
    permitted: Vec<IpAddr>,
    channels: Vec<(u16, SocketAddr)>,
    given_back: bool,
}

/// As much of a TURN server as clients and their peers can tell.
#[derive(Default)]
struct Server {
    allocations: Vec<Allocation>,
}

impl Server {
    fn of(&mut self, client: SocketAddr) -> Option<&mut Allocation> {
        self.allocations.iter_mut().find(|it| it.client == client && !it.given_back)
    }

    fn standing(&self) -> Vec<&str> {
        let standing = self.allocations.iter().filter(|it| !it.given_back);
        standing.map(|it| it.user.as_str()).collect()
    }

    /// What a client sent: the answer to it, or the datagram for a peer and where it comes from.
    fn hear(
        &mut self,
        client: SocketAddr,
        bytes: &[u8],
    ) -> Option<(SocketAddr, SocketAddr, Vec<u8>)> {
        let server: SocketAddr = SERVER.parse().unwrap();
        if bytes[0] >> 6 == 1 {
            let number = u16::from_be_bytes([bytes[0], bytes[1]]);
            let len = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
            let own = self.of(client)?;
            let (_, peer) = own.channels.iter().find(|(known, _)| *known == number)?;
            return Some((own.relayed, *peer, bytes[4..4 + len].to_vec()));
        }
        let message = Message::parse(bytes)?;
        let peer = message.xor_address(attribute::XOR_PEER_ADDRESS);
        if message.class == Class::Indication {
            let own = self.of(client)?;
            let peer = peer.filter(|peer| own.permitted.contains(&peer.ip()))?;
            return Some((own.relayed, peer, message.value(attribute::DATA)?.to_vec()));
        }
        Some((server, client, self.answer(client, &message, peer)))
    }

    fn answer(
        &mut self,
        client: SocketAddr,
        message: &Message<'_>,
        peer: Option<SocketAddr>,
    ) -> Vec<u8> {
        let refused = |code| {
            Writer::new(Class::Error, message.method, message.transaction)
                .with_error(code, "no")
                .with(attribute::REALM, b"north")
                .with(attribute::NONCE, b"once")
                .finish()
        };
        let Some(user) = message.text(attribute::USERNAME) else { return refused(401) };
        let key = Credentials::fixed(&user, "secret").key("north");
        if !message.is_signed_with(&key) {
            return refused(401);
        }
        let mut answer = Writer::new(Class::Success, message.method, message.transaction);
        if message.method == method::ALLOCATE {
            let port = 50_000 + u16::try_from(self.allocations.len()).unwrap();
            let relayed = SocketAddr::new([198, 51, 100, 79].into(), port);
            let (permitted, channels) = (Vec::new(), Vec::new());
            let given_back = false;
            let new = Allocation { client, user, relayed, permitted, channels, given_back };
            self.allocations.push(new);
            answer = answer
                .with_xor_address(attribute::XOR_RELAYED_ADDRESS, relayed)
                .with_xor_address(attribute::XOR_MAPPED_ADDRESS, client)
                .with_number(attribute::LIFETIME, 600);
            return answer.sign(&key);
        }
        let Some(own) = self.of(client) else { return refused(437) };
        assert_eq!(own.user, user, "an allocation stays with who made it");
        match (message.method, peer) {
            (method::REFRESH, _) => {
                let lifetime = message.number(attribute::LIFETIME).unwrap_or(600);
                own.given_back = lifetime == 0;
                answer = answer.with_number(attribute::LIFETIME, lifetime);
            }
            (method::CREATE_PERMISSION, Some(peer)) => own.permitted.push(peer.ip()),
            (method::CHANNEL_BIND, Some(peer)) => {
                let number = message.number(attribute::CHANNEL_NUMBER).unwrap() >> 16;
                own.channels.push((u16::try_from(number).unwrap(), peer));
            }
            _ => return refused(400),
        }
        answer.sign(&key)
    }
}

struct Story {
    world: SimWorld,
    server: Server,
    /// Behind a NAT, with an address on the server.
    inner: Engine,
    /// Reaches the inner one by way of the server alone.
    peer: Engine,
    events: mpsc::Sender<NatEvent>,
    _events: mpsc::Receiver<NatEvent>,
}

impl Story {
    fn new() -> Self {
        let mut world = SimWorld::new(1, Instant::now());
        let inner = world.engine(SimHost::new(INNER)).unwrap();
        let peer = world.engine(SimHost::new(PEER)).unwrap();
        world.cut(INNER.into(), PEER.into());
        let (events, heard) = mpsc::channel(64);
        let server = Server::default();
        let mut story = Self { world, server, inner, peer, events, _events: heard };
        story.sign_in("one");
        story
    }

    /// The server is used with other credentials from now on.
    fn sign_in(&mut self, user: &str) {
        let servers = vec![SERVER.parse().unwrap()];
        let credentials = Credentials::fixed(user, "secret");
        let turn = Some(TurnSettings { name: String::new(), servers, credentials });
        let settings = NatSettings { turn, ..NatSettings::default() };
        self.world.drive(self.inner.set_nat(&settings, &self.events));
        self.run(SECOND);
    }

    fn run(&mut self, time: Duration) {
        let server: SocketAddr = SERVER.parse().unwrap();
        let end = self.world.now() + time;
        while self.world.now() < end {
            self.world.run(Duration::from_millis(10));
            for heard in self.world.take(server) {
                if let Some((from, to, bytes)) = self.server.hear(heard.from, &heard.bytes) {
                    self.world.send(from, to, &bytes);
                }
            }
            for own in self.server.allocations.iter().filter(|own| !own.given_back) {
                for heard in self.world.take(own.relayed) {
                    if own.permitted.contains(&heard.from.ip()) {
                        let data = Writer::new(Class::Indication, method::DATA, [5; 12])
                            .with_xor_address(attribute::XOR_PEER_ADDRESS, heard.from)
                            .with(attribute::DATA, &heard.bytes)
                            .finish();
                        self.world.send(server, own.client, &data);
                    }
                }
            }
        }
    }

    fn leg(&mut self, inner: bool, port: PortChoice) -> LegHandle {
        let (sender, _) = mpsc::channel(64);
        let peer = Some(IpAddr::from(if inner { PEER } else { INNER }));
        let candidates = CandidatePolicy { peer, ..CandidatePolicy::default() };
        let kind = LegKind::Ice { lite: false };
        let spec = LegSpec { candidates, port, ..LegSpec::new(kind, sender) };
        let engine = if inner { &self.inner } else { &self.peer };
        self.world.drive(engine.create_leg(spec)).unwrap()
    }

    /// A call between the two, whose inner leg has its port so.
    fn call(&mut self, port: PortChoice) -> (LegHandle, LegHandle) {
        let (inner, peer) = (self.leg(true, port), self.leg(false, PortChoice::Shared));
        self.join(&inner, &peer);
        (inner, peer)
    }

    fn join(&mut self, inner: &LegHandle, peer: &LegHandle) {
        let to_peer = webrtc_plan(&peer.local_transports()[0], DtlsRole::Client, 1);
        let to_inner = webrtc_plan(&inner.local_transports()[0], DtlsRole::Server, 2);
        self.world.drive(inner.apply(to_peer)).unwrap();
        self.world.drive(peer.apply(to_inner)).unwrap();
        self.run(5 * SECOND);
    }

    /// Packets that one hears when the other plays a tone for a second.
    fn heard(&mut self, from: &LegHandle, to: &LegHandle) -> u64 {
        let step = ToneStep { first_hz: 440, second_hz: 0, duration: SECOND };
        let tone = Tone { steps: vec![step], repeat: Repeat::Once };
        let packets = |story: &mut Self| {
            story
                .world
                .drive(to.quality())
                .unwrap()
                .iter()
                .map(|it| it.received.packets)
                .sum::<u64>()
        };
        let before = packets(self);
        self.world.drive(from.tone(0, tone)).unwrap();
        self.run(2 * SECOND);
        packets(self) - before
    }

    fn ports(&mut self) -> usize {
        self.world.drive(self.inner.snapshot()).ports()
    }
}

fn relayed(leg: &LegHandle) -> Vec<String> {
    let ice = leg.local_transports()[0].ice.clone().unwrap();
    ice.candidates.into_iter().filter(|line| line.contains(" typ relay ")).collect()
}

#[test]
fn an_allocation_with_old_credentials_stays_for_its_call_and_is_given_back_then() {
    let mut story = Story::new();
    let ports = story.ports();
    let (inner, peer) = story.call(PortChoice::Shared);
    assert!(relayed(&inner)[0].contains("198.51.100.79 50000 "), "{:?}", relayed(&inner));
    assert!(story.heard(&inner, &peer) >= 49);
    story.sign_in("two");
    assert_eq!(story.server.standing(), ["one", "two"]);
    let other = story.leg(true, PortChoice::Shared);
    let lines = relayed(&other);
    assert!(lines.len() == 1 && lines[0].contains("198.51.100.79 50001 "), "{lines:?}");
    other.close();
    story.run(700 * SECOND);
    assert_eq!(story.server.standing(), ["one", "two"], "a call still goes through it");
    assert!(story.heard(&inner, &peer) >= 49 && story.heard(&peer, &inner) >= 49);
    inner.close();
    peer.close();
    story.run(400 * SECOND);
    assert_eq!(story.server.standing(), ["two"]);
    assert_eq!(story.ports(), ports);
}

#[test]
fn credentials_that_change_often_leave_no_more_than_a_few_allocations() {
    let mut story = Story::new();
    let ports = story.ports();
    for user in ["two", "three", "four", "five", "six", "seven"] {
        story.sign_in(user);
    }
    assert_eq!(story.server.standing(), ["three", "four", "five", "six", "seven"]);
    story.run(330 * SECOND);
    assert_eq!(story.server.standing(), ["seven"], "no call ever used the others");
    assert_eq!(story.ports(), ports);
}

/// The server forgets an address in use. That is noticed as soon as a leg misses its peer, and long
/// before ICE gives up there is another one, to which a restart takes the call.
#[test]
fn a_call_whose_allocation_is_lost_goes_on_over_the_next_one() {
    for port in [PortChoice::Shared, PortChoice::Own] {
        let mut story = Story::new();
        let (mut inner, mut peer) = story.call(port);
        assert!(story.heard(&inner, &peer) >= 49);
        story.server.allocations[0].given_back = true;
        assert_eq!(story.heard(&inner, &peer), 0);
        story.run(38 * SECOND);
        assert_eq!(story.server.standing(), ["one"]);
        let policy = CandidatePolicy { peer: Some(PEER.into()), ..CandidatePolicy::default() };
        story.world.drive(inner.readdress(policy)).unwrap();
        story.world.drive(peer.restart_ice()).unwrap();
        let lines = relayed(&inner);
        assert!(lines.len() == 1 && lines[0].contains("198.51.100.79 50001 "), "{lines:?}");
        story.join(&inner, &peer);
        assert!(story.heard(&inner, &peer) >= 49 && story.heard(&peer, &inner) >= 49);
        inner.close();
        peer.close();
    }
}

#[test]
fn a_leg_with_its_own_port_is_reached_through_the_relay() {
    let mut story = Story::new();
    let ports = story.ports();
    let (inner, peer) = story.call(PortChoice::Own);
    assert!(story.ports() > ports, "it has one");
    assert_eq!(relayed(&inner).len(), 1);
    assert!(story.heard(&inner, &peer) >= 49 && story.heard(&peer, &inner) >= 49);
    inner.close();
    peer.close();
    story.run(SECOND);
    assert_eq!((story.ports(), story.server.standing()), (ports, vec!["one"]));
}
