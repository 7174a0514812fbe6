//! Entry points for fuzzing: arbitrary bytes in, invariants asserted.

use std::net::SocketAddr;

use sidetone_base::SeededRandom;

use crate::attributes::{Fax, SdesSuite};
use crate::negotiation::{Capabilities, CodecSpec, Negotiation, Security, Wish};
use crate::plan::{LocalIce, LocalTransport, MediaKind, MediaPlan, Protection, StreamState};
use crate::session::Session;
use crate::trickle::Fragment;

/// Reading never panics, and printing what was read and reading it again changes nothing.
pub fn fuzz_session(data: &[u8]) {
    let Ok(session) = Session::parse(data) else {
        return;
    };
    let printed = session.to_string();
    // Replacing bytes that are not UTF-8 and adding what was missing may pass a limit.
    let long = printed.lines().any(|line| line.len() > crate::limits::MAX_LINE_BYTES);
    if long || printed.len() > crate::limits::MAX_BODY_BYTES {
        return;
    }
    let again = Session::parse(printed.as_bytes());
    assert_eq!(again.as_ref(), Ok(&session), "printing and reading again changes nothing");
}

/// The same for the bodies of trickle ICE.
pub fn fuzz_fragment(data: &[u8]) {
    let Ok(fragment) = Fragment::parse(data) else {
        return;
    };
    let printed = fragment.to_string();
    if printed.len() <= crate::limits::MAX_BODY_BYTES {
        assert_eq!(Fragment::parse(printed.as_bytes()), Ok(fragment));
    }
}

/// Offers from a hostile peer never panic, answers have a line for each offered line, a browser
/// endpoint never agrees to anything in clear, and our later offers keep all lines. Bodies are
/// separated by a byte 0.
pub fn fuzz_negotiation(data: &[u8]) {
    for capabilities in endpoints() {
        let random = &mut SeededRandom::new(1);
        let local: Vec<LocalTransport> = (0..4).map(local_transport).collect();
        let mut leg = Negotiation::new(capabilities, random);
        for (turn, body) in data.split(|byte| *byte == 0).take(8).enumerate() {
            let Ok(session) = Session::parse(body) else {
                continue;
            };
            // Between voice and fax, as the turn comes.
            let fax = leg.capabilities().fax && turn % 2 == 1;
            let wish = if fax { Wish::fax(Fax::default()) } else { Wish::call() };
            let _ = leg.requirements(&session, &wish);
            let offered = if fax { wish.clone() } else { Wish::audio_and_video() };
            if turn % 3 == 2 && leg.offer(&local, &offered, random).is_ok() {
                if let Ok(plan) = leg.accept_answer(&session) {
                    check_plan(&leg, &plan);
                }
                leg.roll_back();
            } else if let Ok((answer, plan)) = leg.answer(&session, &local, &wish, random) {
                assert_eq!(answer.media.len(), session.media.len(), "a line for each line");
                let answer = answer.to_string();
                assert!(Session::parse(answer.as_bytes()).is_ok(), "our own text is SDP");
                check_plan(&leg, &plan);
            }
        }
    }
}

fn check_plan(leg: &Negotiation, plan: &MediaPlan) {
    for stream in plan.streams.iter().filter(|stream| stream.state == StreamState::Active) {
        let fax = stream.kind == MediaKind::Image;
        assert_eq!(stream.codecs.is_empty(), fax, "an agreed stream of RTP has a codec");
        let transport = plan.transports.get(stream.transport);
        let transport = transport.expect("streams point at transports of the plan");
        assert!(!fax || transport.protection == Protection::None);
        if leg.capabilities().webrtc {
            assert!(matches!(transport.protection, Protection::Dtls { .. }), "nothing in clear");
            assert!(transport.ice.is_some() && transport.rtcp_mux);
        }
    }
}

fn endpoints() -> [Capabilities; 3] {
    let codecs = |names: &[&str]| -> Vec<CodecSpec> {
        names.iter().filter_map(|name| Some(CodecSpec::of_config_name(name)?.1)).collect()
    };
    let (audio, video) = (codecs(&["opus", "ulaw", "g722"]), codecs(&["vp8", "h264"]));
    let sdes = Security::Sdes { optimistic: true, suites: vec![SdesSuite::AesCm128HmacSha1_80] };
    let phone = Capabilities {
        security: sdes,
        received_transport: true,
        rtcp_mux: true,
        bundle: true,
        ice: true,
        ..Capabilities::plain(audio.clone(), video.clone())
    };
    let text = codecs(&["red", "t140"]);
    let texting = Capabilities { text, ..Capabilities::webrtc(audio.clone(), video.clone()) };
    let faxing = Capabilities { fax: true, ..Capabilities::plain(audio, video) };
    [texting, phone, faxing]
}

fn local_transport(index: u16) -> LocalTransport {
    LocalTransport {
        rtp: SocketAddr::from(([203, 0, 113, 1], 10_000 + 2 * index)),
        rtcp: None,
        ice: Some(LocalIce {
            ufrag: "ours".to_owned(),
            pwd: "ourpasswordourpassword".to_owned(),
            candidates: Vec::new(),
            lite: false,
            gathering: false,
        }),
        fingerprints: vec![("sha-256".to_owned(), vec![7; 32])],
    }
}
