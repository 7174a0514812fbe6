//! Stories of an allocation with a server in memory.

use proptest::prelude::*;
use sidetone_base::SeededRandom;

use super::*;

const RELAYED: &str = "198.51.100.78:50000";
const PEER: &str = "203.0.113.40:4000";

/// As much of a TURN server as a client can tell.
struct Server {
    credentials: Credentials,
    nonce: u8,
    /// Refuse the next request with this instead.
    refuse: Option<u16>,
    /// The address it gives.
    relayed_as: SocketAddr,
    /// It has no allocation of ours any more, and says so as coturn does.
    forgot: bool,
    methods: Vec<u16>,
    permitted: Vec<IpAddr>,
    channels: Vec<(u16, SocketAddr)>,
    /// What was relayed to peers.
    relayed: Vec<(SocketAddr, Vec<u8>)>,
}

impl Server {
    fn new() -> Self {
        Self {
            credentials: Credentials::fixed("alice", "secret"),
            nonce: 1,
            refuse: None,
            relayed_as: RELAYED.parse().unwrap(),
            forgot: false,
            methods: Vec::new(),
            permitted: Vec::new(),
            channels: Vec::new(),
            relayed: Vec::new(),
        }
    }

    fn handle(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let head = u16::from_be_bytes([bytes[0], bytes[1]]);
        if let Some((_, peer)) = self.channels.iter().find(|(number, _)| *number == head) {
            self.relayed.push((*peer, bytes[4..].to_vec()));
            return None;
        }
        let message = Message::parse(bytes).expect("a STUN message");
        if message.class == Class::Indication {
            if message.method == method::SEND {
                let peer = message.xor_address(attribute::XOR_PEER_ADDRESS).unwrap();
                assert!(self.permitted.contains(&peer.ip()), "{peer} has no permission");
                let data = message.value(attribute::DATA).unwrap();
                self.relayed.push((peer, data.to_vec()));
            }
            return None;
        }
        self.methods.push(message.method);
        let id = message.transaction;
        let challenge = |code, nonce: u8| {
            Writer::new(Class::Error, message.method, id)
                .with_error(code, "no")
                .with(attribute::REALM, b"north")
                .with(attribute::NONCE, &[nonce])
                .finish()
        };
        if let Some(code) = self.refuse.take() {
            return Some(challenge(code, self.nonce));
        }
        match message.value(attribute::NONCE) {
            None => return Some(challenge(401, self.nonce)),
            Some(nonce) if nonce != [self.nonce] => return Some(challenge(438, self.nonce)),
            Some(_) => {}
        }
        let key = self.credentials.key("north");
        if !message.is_signed_with(&key) {
            return Some(challenge(401, self.nonce));
        }
        match message.method {
            method::ALLOCATE => self.forgot = false,
            method::REFRESH if self.forgot => return Some(challenge(437, self.nonce)),
            _ if self.forgot => return Some(challenge(400, self.nonce)),
            _ => {}
        }
        let mut answer = Writer::new(Class::Success, message.method, id);
        let peer = message.xor_address(attribute::XOR_PEER_ADDRESS);
        match message.method {
            method::ALLOCATE => {
                assert_eq!(message.value(attribute::REQUESTED_TRANSPORT), Some(&[17, 0, 0, 0][..]));
                let mapped = "203.0.113.7:61000".parse().unwrap();
                answer = answer
                    .with_xor_address(attribute::XOR_RELAYED_ADDRESS, self.relayed_as)
                    .with_xor_address(attribute::XOR_MAPPED_ADDRESS, mapped)
                    .with_number(attribute::LIFETIME, 600);
            }
            method::REFRESH => answer = answer.with_number(attribute::LIFETIME, 600),
            method::CREATE_PERMISSION => self.permitted.push(peer.unwrap().ip()),
            method::CHANNEL_BIND => {
                let number = message.number(attribute::CHANNEL_NUMBER).unwrap() >> 16;
                let number = u16::try_from(number).unwrap();
                self.channels.retain(|(known, _)| *known != number);
                self.channels.push((number, peer.unwrap()));
            }
            _ => {}
        }
        Some(answer.sign(&key))
    }

    fn data(peer: SocketAddr, data: &[u8]) -> Vec<u8> {
        Writer::new(Class::Indication, method::DATA, [5; 12])
            .with_xor_address(attribute::XOR_PEER_ADDRESS, peer)
            .with(attribute::DATA, data)
            .finish()
    }
}

struct Story {
    now: Instant,
    relay: Relay,
    server: Server,
    random: SeededRandom,
}

impl Story {
    fn new(password: &str) -> Self {
        let now = Instant::now();
        let relay = Relay::new(now, Credentials::fixed("alice", password), None);
        Self { now, relay, server: Server::new(), random: SeededRandom::new(7) }
    }

    fn allocated() -> Self {
        let mut story = Self::new("secret");
        story.exchange();
        assert_eq!(story.relay.relayed(), Some(RELAYED.parse().unwrap()));
        story.relay.poll_news();
        story
    }

    /// Lets client and server talk until both are silent; no time passes.
    fn exchange(&mut self) {
        for _ in 0..32 {
            self.relay.handle_timeout(self.now, &mut self.random);
            let mut silent = true;
            while let Some(bytes) = self.relay.poll_transmit() {
                silent = false;
                if let Some(answer) = self.server.handle(&bytes) {
                    assert_eq!(self.relay.handle_input(self.now, &answer), Relayed::Handled);
                }
            }
            if silent {
                return;
            }
        }
        panic!("client and server never come to rest");
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.relay.deadline().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.exchange();
        }
        self.now = end;
    }

    fn send(&mut self, peer: &str, data: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let sent = self.relay.send(self.now, peer.parse().unwrap(), data, &mut out);
        if sent {
            assert_eq!(self.server.handle(&out), None);
        }
        sent.then_some(out)
    }
}

#[test]
fn a_challenge_is_answered_and_the_address_is_ours() {
    let mut story = Story::new("secret");
    assert!(story.relay.is_asking());
    story.exchange();
    assert_eq!(story.server.methods, [method::ALLOCATE, method::ALLOCATE]);
    let (relayed, mapped) = (RELAYED.parse().unwrap(), "203.0.113.7:61000".parse().ok());
    assert_eq!(story.relay.poll_news(), Some(RelayNews::Allocated { relayed, mapped }));
    assert!(!story.relay.is_asking());
}

#[test]
fn wrong_credentials_are_told_once_with_the_options_to_change() {
    let mut story = Story::new("wrong");
    story.exchange();
    let Some(RelayNews::Lost(why)) = story.relay.poll_news() else { panic!("no news") };
    assert!(why.contains("401") && why.contains("turnpassword"), "{why}");
    story.run(Duration::from_secs(3_600));
    assert_eq!(story.relay.poll_news(), None);
    // 5, 10, 20 … 300 s apart, two requests each.
    assert!((20..=60).contains(&story.server.methods.len()), "{}", story.server.methods.len());
}

#[test]
fn the_first_datagram_waits_for_its_permission_and_is_not_lost() {
    let mut story = Story::allocated();
    assert_eq!(story.send(PEER, b"check 1"), None);
    assert_eq!(story.send(PEER, b"check 2"), None);
    story.exchange();
    let peer: SocketAddr = PEER.parse().unwrap();
    assert_eq!(story.server.relayed, [(peer, b"check 1".to_vec())]);
    assert!(story.send(PEER, b"check 3").is_some());
    assert_eq!(story.server.relayed.len(), 2);
}

#[test]
fn a_busy_peer_gets_a_channel_and_both_ways_use_it() {
    let mut story = Story::allocated();
    for _ in 0..40 {
        story.send(PEER, b"media");
        story.exchange();
    }
    let wrapped = story.send(PEER, b"media").unwrap();
    assert_eq!(wrapped[..4], [0x40, 0, 0, 5]);
    assert_eq!(story.server.relayed.len(), 41);
    let peer = PEER.parse().unwrap();
    let data = story.relay.handle_input(story.now, b"\x40\x00\x00\x03abc\x00");
    assert_eq!(data, Relayed::Data(peer, 4..7));
    let cut = story.relay.handle_input(story.now, b"\x40\x00\x00\x09abc");
    assert_eq!(cut, Relayed::Refused);
}

#[test]
fn only_peers_that_were_let_in_are_heard() {
    let mut story = Story::allocated();
    story.relay.permit(story.now, "203.0.113.40".parse().unwrap());
    story.exchange();
    let peer = PEER.parse().unwrap();
    let stranger = "203.0.113.66:1".parse().unwrap();
    let heard = |story: &mut Story, from| {
        let bytes = Server::data(from, b"hello");
        match story.relay.handle_input(story.now, &bytes) {
            Relayed::Data(peer, range) => Some((peer, bytes[range].to_vec())),
            Relayed::Handled | Relayed::Refused => None,
        }
    };
    assert_eq!(heard(&mut story, peer), Some((peer, b"hello".to_vec())));
    assert_eq!(heard(&mut story, stranger), None);
}

#[test]
fn an_allocation_in_use_lasts_for_hours_and_forgets_who_left() {
    let mut story = Story::allocated();
    story.send("203.0.113.41:9", b"only once");
    for _ in 0..1_000 {
        story.send(PEER, b"media");
        story.exchange();
        story.run(Duration::from_secs(10));
    }
    assert!(story.relay.relayed().is_some());
    assert_eq!(story.relay.poll_news(), None);
    let count = |wanted| story.server.methods.iter().filter(|method| **method == wanted).count();
    assert!((30..=40).contains(&count(method::REFRESH)), "{}", count(method::REFRESH));
    assert!((35..=60).contains(&count(method::CREATE_PERMISSION)));
    assert!((15..=30).contains(&count(method::CHANNEL_BIND)), "{}", count(method::CHANNEL_BIND));
    assert_eq!(story.relay.peers(), 1);
}

/// coturn ends an allocation when its host has no route to one peer: a browser's private candidates
/// must not cost everybody else the relay.
#[test]
fn a_relay_outside_is_asked_for_no_private_peer() {
    let mut story = Story::allocated();
    let inner = ["192.168.1.10:4000", "10.0.0.1:4000", "127.0.0.1:4000", "169.254.1.1:4000"];
    for peer in inner.into_iter().chain(["0.0.0.0:9", "224.0.0.1:4000", "255.255.255.255:1"]) {
        assert_eq!(story.send(peer, b"check"), None);
        story.relay.permit(story.now, peer.parse::<SocketAddr>().unwrap().ip());
    }
    story.exchange();
    assert_eq!((story.server.permitted.len(), story.relay.peers()), (0, 0));
    // One in the same private network as its peers is as good as any.
    let mut story = Story::new("secret");
    story.server.relayed_as = "10.0.0.78:50000".parse().unwrap();
    story.exchange();
    story.send("10.0.0.1:4000", b"check");
    story.exchange();
    assert_eq!(story.server.relayed.len(), 1);
}

#[test]
fn an_allocation_that_the_server_forgot_is_noticed_with_the_next_peer_and_made_anew() {
    let mut story = Story::allocated();
    story.server.forgot = true;
    story.send(PEER, b"check");
    story.exchange();
    assert!(matches!(story.relay.poll_news(), Some(RelayNews::Lost(why)) if why.contains("437")));
    story.run(Duration::from_secs(6));
    assert!(matches!(story.relay.poll_news(), Some(RelayNews::Allocated { .. })));
    // A peer that the server forbids is no reason for that.
    story.server.refuse = Some(403);
    story.send("203.0.113.41:9", b"check");
    story.exchange();
    assert_eq!(story.relay.poll_news(), None);
}

#[test]
fn a_stale_nonce_costs_one_more_request_and_nothing_else() {
    let mut story = Story::allocated();
    story.server.nonce = 2;
    story.send(PEER, b"check");
    story.exchange();
    assert_eq!(story.server.relayed.len(), 1);
    assert_eq!(story.relay.poll_news(), None);
}

#[test]
fn a_forgotten_allocation_is_given_back_and_made_anew() {
    let mut story = Story::new("secret");
    story.relay.handle_timeout(story.now, &mut story.random);
    let first = story.relay.poll_transmit().unwrap();
    let challenge = story.server.handle(&first).unwrap();
    story.relay.handle_input(story.now, &challenge);
    story.server.refuse = Some(437);
    story.exchange();
    assert!(matches!(story.relay.poll_news(), Some(RelayNews::Lost(_))));
    story.run(Duration::from_secs(10));
    assert!(story.relay.relayed().is_some());
}

#[test]
fn a_check_finds_an_allocation_that_the_server_forgot_and_leaves_one_that_stands() {
    let mut story = Story::allocated();
    story.relay.check(story.now);
    story.exchange();
    assert_eq!(story.relay.poll_news(), None);
    assert_eq!(story.server.methods.last(), Some(&method::REFRESH));
    story.server.forgot = true;
    story.relay.check(story.now);
    story.exchange();
    assert!(matches!(story.relay.poll_news(), Some(RelayNews::Lost(_))));
    story.run(Duration::from_secs(6));
    assert!(story.relay.relayed().is_some());
}

#[test]
fn a_server_that_dies_takes_the_address_with_it_and_gives_one_back_later() {
    let mut story = Story::allocated();
    let start = story.now;
    while story.relay.relayed().is_some() {
        story.now = story.now.max(story.relay.deadline().unwrap());
        story.relay.handle_timeout(story.now, &mut story.random);
        while story.relay.poll_transmit().is_some() {}
    }
    assert!(story.now - start <= Duration::from_secs(600));
    assert!(matches!(story.relay.poll_news(), Some(RelayNews::Lost(_))));
    story.run(Duration::from_secs(400));
    assert!(matches!(story.relay.poll_news(), Some(RelayNews::Allocated { .. })));
}

#[test]
fn an_unsigned_success_is_somebody_elses() {
    let mut story = Story::new("secret");
    story.relay.handle_timeout(story.now, &mut story.random);
    let first = story.relay.poll_transmit().unwrap();
    let id = Message::parse(&first).unwrap().transaction;
    let forged = Writer::new(Class::Success, method::ALLOCATE, id)
        .with_xor_address(attribute::XOR_RELAYED_ADDRESS, "192.0.2.66:1".parse().unwrap());
    assert_eq!(story.relay.handle_input(story.now, &forged.finish()), Relayed::Refused);
    assert_eq!(story.relay.relayed(), None);
    story.run(Duration::from_secs(1));
    assert!(story.relay.relayed().is_some());
}

#[test]
fn a_broken_connection_is_noticed_at_once_and_mended() {
    let mut story = Story::allocated();
    story.relay.broken(story.now);
    assert_eq!(story.relay.relayed(), None);
    assert!(matches!(story.relay.poll_news(), Some(RelayNews::Lost(_))));
    story.run(Duration::from_secs(10));
    assert!(story.relay.relayed().is_some());
}

#[test]
fn closing_gives_the_address_back() {
    let mut story = Story::allocated();
    story.relay.close(&mut story.random);
    let last = story.relay.poll_transmit().unwrap();
    let message = Message::parse(&last).unwrap();
    assert_eq!(message.number(attribute::LIFETIME), Some(0));
    assert_eq!((story.relay.deadline(), story.relay.relayed()), (None, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Peers without end neither grow the tables without end nor stop the allocation.
    #[test]
    fn peers_are_bounded(seed: u64, peers in 1_usize..4_000) {
        let mut story = Story::allocated();
        story.random = SeededRandom::new(seed);
        for n in 0..peers {
            let [.., b, c, d] = (n as u32).to_be_bytes();
            story.send(&format!("10.{b}.{c}.{d}:4000"), b"x");
            if n % 32 == 0 {
                story.exchange();
            }
        }
        story.exchange();
        prop_assert!(story.relay.peers() <= MAX_PEERS);
        prop_assert!(story.relay.relayed().is_some());
    }
}
