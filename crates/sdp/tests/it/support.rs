//! Endpoints, transports and fixtures.

use std::net::SocketAddr;

use sidetone_base::SeededRandom;
use sidetone_sdp::attributes::{SdesSuite, Setup};
use sidetone_sdp::negotiation::{KindWish, Security};
use sidetone_sdp::plan::{LocalIce, LocalTransport, MediaPlan};
use sidetone_sdp::{Capabilities, CodecSpec, Negotiation, Reject, Session, Wish};

pub(crate) fn codecs(names: &[&str]) -> Vec<CodecSpec> {
    names.iter().map(|name| CodecSpec::of_config_name(name).expect("a codec").1).collect()
}

pub(crate) fn fixture(name: &str) -> Session {
    let path = format!("{}/tests/fixtures/{name}.sdp", env!("CARGO_MANIFEST_DIR"));
    Session::parse(&std::fs::read(path).expect("the fixture exists")).expect("it is SDP")
}

pub(crate) fn sdp(text: &str) -> Session {
    Session::parse(text.as_bytes()).expect("it is SDP")
}

pub(crate) fn browser_endpoint() -> Capabilities {
    Capabilities::webrtc(codecs(&["opus", "ulaw"]), codecs(&["vp8", "h264"]))
}

pub(crate) fn phone_endpoint() -> Capabilities {
    Capabilities::plain(codecs(&["g722", "ulaw", "alaw", "opus"]), codecs(&["vp8", "h264"]))
}

pub(crate) fn sdes_endpoint(optimistic: bool) -> Capabilities {
    let suites = vec![SdesSuite::AesCm128HmacSha1_80, SdesSuite::AesCm128HmacSha1_32];
    Capabilities { security: Security::Sdes { optimistic, suites }, ..phone_endpoint() }
}

pub(crate) fn dtls_phone_endpoint() -> Capabilities {
    let security = Security::Dtls { optimistic: false, setup: Setup::Actpass };
    Capabilities { security, ..phone_endpoint() }
}

/// What StreamEcho(4) asks of a browser leg.
pub(crate) fn stream_echo(count: usize) -> Wish {
    Wish { video: KindWish::fanned_out(count), ..Wish::audio_only() }
}

/// A transport behind 1:1 NAT: only its public side is known here.
pub(crate) fn transport(index: u16) -> LocalTransport {
    restarted_transport(index, "Lu01")
}

/// The same after an ICE restart.
pub(crate) fn restarted_transport(index: u16, ufrag: &str) -> LocalTransport {
    let port = 12_000 + 2 * index;
    let host = format!("1 1 udp 2130706431 203.0.113.5 {port} typ host");
    LocalTransport {
        rtp: SocketAddr::from(([203, 0, 113, 5], port)),
        rtcp: Some(SocketAddr::from(([203, 0, 113, 5], port + 1))),
        ice: Some(LocalIce {
            ufrag: ufrag.to_owned(),
            pwd: format!("{ufrag}0123456789abcdefghijkl"),
            candidates: vec![host],
            lite: false,
            gathering: false,
        }),
        fingerprints: vec![("sha-256".to_owned(), vec![0xA5; 32])],
    }
}

pub(crate) fn transports(count: u16) -> Vec<LocalTransport> {
    (0..count).map(transport).collect()
}

/// One leg under test with everything it needs.
pub(crate) struct Leg {
    pub(crate) negotiation: Negotiation,
    pub(crate) random: SeededRandom,
    pub(crate) local: Vec<LocalTransport>,
}

impl Leg {
    pub(crate) fn new(capabilities: Capabilities, seed: u64) -> Self {
        let mut random = SeededRandom::new(seed);
        let negotiation = Negotiation::new(capabilities, &mut random);
        Self { negotiation, random, local: transports(8) }
    }

    /// A leg with as many transports as it takes.
    pub(crate) fn with_transports(mut self, count: u16) -> Self {
        self.local = transports(count);
        self
    }

    pub(crate) fn answer(
        &mut self,
        offer: &Session,
        wish: &Wish,
    ) -> Result<(Session, MediaPlan), Reject> {
        let answer = self.negotiation.answer(offer, &self.local, wish, &mut self.random);
        answer.map(|(session, plan)| (over_the_wire(&session), plan))
    }

    pub(crate) fn offer(&mut self, wish: &Wish) -> Session {
        let offer = self.negotiation.offer(&self.local, wish, &mut self.random);
        over_the_wire(&offer.expect("an offer can be made"))
    }

    pub(crate) fn accept(&mut self, answer: &Session) -> Result<MediaPlan, Reject> {
        self.negotiation.accept_answer(answer)
    }
}

/// Prints and reads again, as the peer would.
pub(crate) fn over_the_wire(session: &Session) -> Session {
    let read = Session::parse(session.to_string().as_bytes()).expect("our own text is SDP");
    assert_eq!(&read, session, "printing and reading again changes nothing");
    read
}

/// The lines of one section as text.
pub(crate) fn section(session: &Session, line: usize) -> String {
    session.media[line].to_string().replace("\r\n", "\n")
}

pub(crate) fn value<'a>(session: &'a Session, line: usize, name: &str) -> &'a str {
    session.media[line].attributes.value(name).unwrap_or("")
}

pub(crate) fn has(session: &Session, line: usize, name: &str) -> bool {
    session.media[line].attributes.has(name)
}
