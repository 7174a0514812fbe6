//! What leaves the box (NAT-08 … NAT-12): only what the media leg handed over.

use std::net::SocketAddr;

use sidetone_sdp::attributes::Candidate;
use sidetone_sdp::plan::LocalTransport;
use sidetone_sdp::{Capabilities, Session, Wish};

use crate::support::{
    Leg, browser_endpoint, dtls_phone_endpoint, fixture, phone_endpoint, sdp, transport,
};

/// Each address-like word of a description.
fn addresses(session: &Session) -> Vec<String> {
    let text = session.to_string();
    let words = text.split(|c: char| c.is_whitespace() || c == '=' || c == ':');
    let dotted = |word: &&str| word.parse::<std::net::Ipv4Addr>().is_ok();
    words.filter(dotted).map(str::to_owned).collect()
}

#[track_caller]
fn only_public(session: &Session) {
    let found = addresses(session);
    assert!(!found.is_empty());
    assert!(found.iter().all(|address| address == "203.0.113.5"), "{found:?}");
}

#[test]
fn a_node_behind_nat_shows_one_host_candidate_and_its_public_address_only() {
    let mut leg = Leg::new(browser_endpoint(), 1);
    let (answer, _) = leg.answer(&fixture("chrome_offer"), &Wish::call()).unwrap();
    only_public(&answer);
    let candidates: Vec<&str> =
        answer.media.iter().flat_map(|media| media.attributes.values("candidate")).collect();
    assert_eq!(candidates, ["1 1 udp 2130706431 203.0.113.5 12000 typ host"], "as given, once");
    let mut leg = Leg::new(browser_endpoint(), 1).with_transports(1);
    let offer = leg.offer(&Wish::audio_and_video());
    only_public(&offer);
    assert_eq!(offer.to_string().matches("a=candidate").count(), 1);
}

#[test]
fn plain_legs_show_the_public_address_in_each_line() {
    for endpoint in [phone_endpoint(), dtls_phone_endpoint()] {
        let mut leg = Leg::new(endpoint, 1);
        only_public(&leg.offer(&Wish::audio_and_video()));
    }
    let mut leg = Leg::new(phone_endpoint(), 1);
    let (answer, _) = leg.answer(&fixture("baresip_offer"), &Wish::call()).unwrap();
    only_public(&answer);
    assert_eq!(answer.origin.address.to_string(), "IN IP4 203.0.113.5");
}

#[test]
fn a_transport_elsewhere_gets_a_connection_line_of_its_own() {
    let mut leg = Leg::new(phone_endpoint(), 1);
    let elsewhere: SocketAddr = "[2001:db8::5]:9000".parse().unwrap();
    leg.local[1] = LocalTransport { rtp: elsewhere, rtcp: None, ..transport(1) };
    let offer = leg.offer(&Wish::audio_and_video());
    assert!(offer.media[0].connections.is_empty());
    assert_eq!(offer.media[1].connections[0].to_string(), "IN IP6 2001:db8::5");
}

#[test]
fn the_origin_stays_when_the_transports_move() {
    let mut leg = Leg::new(phone_endpoint(), 1);
    let (first, _) = leg.answer(&fixture("sipp_offer"), &Wish::call()).unwrap();
    leg.local[0].rtp = SocketAddr::from(([203, 0, 113, 99], 4000));
    let (second, _) = leg.answer(&fixture("sipp_offer"), &Wish::call()).unwrap();
    assert_eq!(first.origin.address, second.origin.address);
    assert_eq!(first.origin.session_id, second.origin.session_id);
    assert_ne!(first.origin.version, second.origin.version);
    assert_ne!(first.connection, second.connection);
}

#[test]
fn rtcp_candidates_vanish_once_rtcp_is_muxed() {
    let endpoint = Capabilities { ice: true, rtcp_mux: true, ..phone_endpoint() };
    let mut leg = Leg::new(endpoint, 1);
    let rtcp = "1 2 udp 2130706430 203.0.113.5 12001 typ host".to_owned();
    leg.local[0].ice.as_mut().unwrap().candidates.push(rtcp);
    let ice = "a=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\n";
    let offer =
        |mux: &str| sdp(&format!("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\n{ice}{mux}"));
    let components = |session: &Session| -> Vec<u16> {
        let lines = session.media[0].attributes.values("candidate");
        lines.map(|line| Candidate::parse(line).unwrap().component).collect()
    };
    let (answer, plan) = leg.answer(&offer("a=rtcp-mux\n"), &Wish::call()).unwrap();
    assert_eq!(components(&answer), [1]);
    assert!(plan.transports[0].ice.as_ref().unwrap().complete, "no trickle announced");
    let (answer, _) = leg.answer(&offer(""), &Wish::call()).unwrap();
    assert_eq!(components(&answer), [1, 2]);
}
