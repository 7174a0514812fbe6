//! Later exchanges: hold, ICE restart, more streams, from either side (pains 5, 17, 20).

use sidetone_sdp::attributes::Setup;
use sidetone_sdp::negotiation::{CodecWish, KindWish, Security};
use sidetone_sdp::plan::{Direction, DtlsRole, MediaPlan, Protection, StreamState};
use sidetone_sdp::{Capabilities, Session, Wish};

use crate::support::{
    Leg, browser_endpoint, codecs, fixture, over_the_wire, phone_endpoint, restarted_transport,
    sdes_endpoint, sdp, value,
};

fn role(plan: &MediaPlan) -> DtlsRole {
    match &plan.transports[0].protection {
        Protection::Dtls { role, .. } => *role,
        other => panic!("{other:?}"),
    }
}

/// What must be the same before and after hold.
#[derive(Clone, Debug, PartialEq)]
struct Sticky {
    role: DtlsRole,
    ssrc: u32,
    msid: Option<(String, String)>,
    payload_types: Vec<(u8, u8)>,
    controlling: bool,
}

fn sticky(plan: &MediaPlan) -> Sticky {
    let audio = &plan.streams[0];
    let numbers = audio.codecs.iter().map(|c| (c.send_payload_type, c.receive_payload_type));
    Sticky {
        role: role(plan),
        ssrc: audio.local_ssrc,
        msid: audio.local_msid.clone(),
        payload_types: numbers.collect(),
        controlling: plan.transports[0].ice.as_ref().unwrap().controlling,
    }
}

#[test]
fn hold_and_unhold_of_browsers_change_the_direction_and_nothing_else() {
    for browser in ["chrome", "firefox"] {
        let mut leg = Leg::new(browser_endpoint(), 1).with_transports(1);
        let first = fixture(&format!("{browser}_audio_offer"));
        let (answer, plan) = leg.answer(&first, &Wish::call()).unwrap();
        let before = sticky(&plan);
        let setup = value(&answer, 0, "setup").to_owned();
        for (name, direction) in [("hold", Direction::RecvOnly), ("unhold", Direction::SendRecv)] {
            let offer = fixture(&format!("{browser}_{name}"));
            assert!(leg.negotiation.requirements(&offer, &Wish::call()).ice_restarts.is_empty());
            let (answer, plan) = leg.answer(&offer, &Wish::call()).unwrap();
            assert_eq!(plan.streams[0].direction, direction, "{browser} {name}");
            assert_eq!(sticky(&plan), before, "{browser} {name}");
            assert_eq!(value(&answer, 0, "setup"), setup);
            let source = format!("{} cname:", before.ssrc);
            assert!(value(&answer, 0, "ssrc").starts_with(&source), "Chromium forgets it on hold");
        }
    }
}

#[test]
fn the_role_stays_whatever_the_configuration_says_later() {
    let mut leg = Leg::new(browser_endpoint(), 1);
    let (_, plan) = leg.answer(&fixture("chrome_audio_offer"), &Wish::call()).unwrap();
    assert_eq!(role(&plan), DtlsRole::Client);
    let security = Security::Dtls { optimistic: false, setup: Setup::Passive };
    leg.negotiation.set_capabilities(Capabilities { security, ..browser_endpoint() });
    let (answer, plan) = leg.answer(&fixture("chrome_hold"), &Wish::call()).unwrap();
    assert_eq!((role(&plan), value(&answer, 0, "setup")), (DtlsRole::Client, "active"));
}

#[test]
fn an_ice_restart_is_seen_before_the_answer_and_leaves_dtls_alone() {
    for browser in ["chrome", "firefox"] {
        let mut leg = Leg::new(browser_endpoint(), 1).with_transports(1);
        let first = fixture(&format!("{browser}_audio_offer"));
        let (_, plan) = leg.answer(&first, &Wish::call()).unwrap();
        let before = sticky(&plan);
        let offer = fixture(&format!("{browser}_ice_restart"));
        let needs = leg.negotiation.requirements(&offer, &Wish::call());
        assert_eq!(needs.ice_restarts, [0], "{browser}");
        leg.local = vec![restarted_transport(0, "Lu02")];
        let (answer, plan) = leg.answer(&offer, &Wish::call()).unwrap();
        assert_eq!(value(&answer, 0, "ice-ufrag"), "Lu02");
        assert_eq!(sticky(&plan), before);
        assert!(leg.negotiation.requirements(&offer, &Wish::call()).ice_restarts.is_empty());
    }
}

#[test]
fn chrome_adds_and_drops_a_picture() {
    let mut leg = Leg::new(browser_endpoint(), 1).with_transports(1);
    let (_, plan) = leg.answer(&fixture("chrome_audio_offer"), &Wish::call()).unwrap();
    let before = sticky(&plan);
    let offer = fixture("chrome_adds_video");
    assert_eq!(leg.negotiation.requirements(&offer, &Wish::call()).transports, 1);
    let (answer, plan) = leg.answer(&offer, &Wish::call()).unwrap();
    assert_eq!(answer.attributes.value("group"), Some("BUNDLE 0 1"));
    assert_eq!((sticky(&plan), plan.transports.len()), (before.clone(), 1));
    let text = offer.to_string().replace("m=video 52915", "m=video 0");
    let off = sdp(&text.replace("BUNDLE 0 1", "BUNDLE 0"));
    let (answer, plan) = leg.answer(&off, &Wish::call()).unwrap();
    assert_eq!((answer.media[1].line.port, plan.streams[1].state), (0, StreamState::Rejected));
    assert_eq!(sticky(&plan), before);
}

#[test]
fn a_new_certificate_starts_another_association_in_the_role_the_offer_allows() {
    let mut leg = Leg::new(browser_endpoint(), 1);
    leg.answer(&fixture("chrome_audio_offer"), &Wish::call()).unwrap();
    let text = fixture("chrome_audio_offer").to_string();
    let other = sdp(&text.replace("5A:1C:3E", "00:00:00").replace("actpass", "active"));
    let (answer, plan) = leg.answer(&other, &Wish::call()).unwrap();
    assert_eq!((role(&plan), value(&answer, 0, "setup")), (DtlsRole::Server, "passive"));
}

#[test]
fn our_hold_of_a_browser_keeps_the_role_even_if_the_browser_says_otherwise() {
    let mut leg = Leg::new(browser_endpoint(), 1).with_transports(1);
    let (_, plan) = leg.answer(&fixture("chrome_audio_offer"), &Wish::call()).unwrap();
    let before = sticky(&plan);
    let offer = leg.offer(&Wish::audio_only().directed(Direction::SendOnly));
    assert_eq!(value(&offer, 0, "setup"), "actpass");
    assert_eq!(value(&offer, 0, "mid"), "0");
    assert_eq!(offer.media[0].line.formats, ["111", "0", "110", "126"], "its own numbers");
    for setup in ["passive", "active"] {
        let text = fixture("chrome_audio_offer").to_string();
        let answer = sdp(&text.replace("actpass", setup).replace("a=sendrecv", "a=recvonly"));
        let plan = leg.accept(&answer).unwrap();
        assert_eq!(sticky(&plan), before, "{setup}");
        assert_eq!(plan.streams[0].direction, Direction::SendOnly);
    }
}

#[test]
fn a_refused_offer_of_ours_leaves_everything_as_it_was() {
    let mut leg = Leg::new(browser_endpoint(), 1).with_transports(1);
    let (first, _) = leg.answer(&fixture("chrome_audio_offer"), &Wish::call()).unwrap();
    let before = leg.negotiation.plan().clone();
    let offer = leg.offer(&Wish::audio_and_video());
    assert_eq!(offer.media.len(), 2);
    leg.negotiation.roll_back();
    assert_eq!(leg.negotiation.plan(), &before);
    let again = leg.offer(&Wish::audio_only());
    assert_eq!(again.media.len(), 1);
    let version = |session: &Session| session.origin.version.parse::<u64>().unwrap();
    assert!(version(&first) < version(&offer) && version(&offer) < version(&again));
}

#[test]
fn a_session_refresh_repeats_the_description_under_the_same_version() {
    let mut ours = Leg::new(phone_endpoint(), 1);
    let mut peer = Leg::new(phone_endpoint(), 2);
    let first = ours.offer(&Wish::audio_only());
    let (answer, _) = peer.answer(&first, &Wish::call()).unwrap();
    ours.accept(&answer).unwrap();
    let second = ours.offer(&Wish::audio_only());
    assert_eq!(first, second);
    let (again, _) = peer.answer(&second, &Wish::call()).unwrap();
    assert_eq!(answer, again);
}

#[test]
fn a_final_answer_may_differ_from_the_early_one() {
    let mut leg = Leg::new(phone_endpoint(), 1);
    leg.offer(&Wish::audio_only());
    let answer = |port: u16, format: u8| {
        sdp(&format!("v=0\nc=IN IP4 192.0.2.1\nm=audio {port} RTP/AVP {format}\n"))
    };
    let early = leg.accept(&answer(4000, 0)).unwrap();
    let late = leg.accept(&answer(5000, 8)).unwrap();
    assert_eq!(early.streams[0].codecs[0].name, "pcmu");
    assert_eq!(late.streams[0].codecs[0].name, "pcma");
    assert_eq!(late.transports[0].remote_rtp.unwrap().port(), 5000);
    assert_eq!(early.streams[0].local_ssrc, late.streams[0].local_ssrc);
}

#[test]
fn forks_answer_independently() {
    let mut trunk = Leg::new(phone_endpoint(), 1);
    trunk.offer(&Wish::audio_only());
    let mut fork = trunk.negotiation.clone();
    let answer =
        |format: u8| sdp(&format!("v=0\nc=IN IP4 192.0.2.1\nm=audio 9 RTP/AVP {format}\n"));
    assert_eq!(trunk.accept(&answer(0)).unwrap().streams[0].codecs[0].name, "pcmu");
    let other = fork.accept_answer(&answer(9)).unwrap();
    assert_eq!(other.streams[0].codecs[0].name, "g722");
}

#[test]
fn a_peer_that_numbers_its_answer_differently_is_sent_its_own_numbers() {
    let mut leg = Leg::new(phone_endpoint(), 1);
    let wish = Wish {
        audio: KindWish { codecs: CodecWish::Only(codecs(&["opus"])), ..KindWish::both_ways(1) },
        ..Wish::default()
    };
    let offer = leg.offer(&wish);
    assert_eq!(offer.media[0].line.formats, ["107", "96", "101"]);
    let answer = sdp("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 120 121\n\
                      a=rtpmap:120 opus/48000/2\na=rtpmap:121 telephone-event/48000\n");
    let plan = leg.accept(&answer).unwrap();
    let opus = &plan.streams[0].codecs[0];
    assert_eq!((opus.send_payload_type, opus.receive_payload_type), (120, 107));
    assert_eq!(plan.streams[0].telephone_events, [(48_000, 121), (48_000, 96)]);
    let again = leg.offer(&wish);
    assert_eq!(again.media[0].line.formats, ["107", "96", "101"], "our numbers stay ours");
}

#[test]
fn a_phone_that_speaks_opus_and_knows_events_at_8000_only_gets_keys() {
    let mut leg = Leg::new(phone_endpoint(), 1);
    let wish = Wish {
        audio: KindWish { codecs: CodecWish::Only(codecs(&["opus"])), ..KindWish::both_ways(1) },
        ..Wish::default()
    };
    leg.offer(&wish);
    let answer = sdp("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 107 101\n\
                      a=rtpmap:107 opus/48000/2\na=rtpmap:101 telephone-event/8000\n");
    let plan = leg.accept(&answer).unwrap();
    assert_eq!(plan.streams[0].telephone_events, [(8_000, 101)]);
}

#[test]
fn sdes_keys_stay_over_hold_and_over_offers_from_either_side() {
    let mut ours = Leg::new(sdes_endpoint(false), 1);
    let mut peer = Leg::new(sdes_endpoint(false), 2);
    let local = |leg: &Leg| match &leg.negotiation.plan().transports[0].protection {
        Protection::Sdes { local, .. } => local.key_and_salt.clone(),
        other => panic!("{other:?}"),
    };
    let offer = ours.offer(&Wish::audio_only());
    assert_eq!(offer.media[0].attributes.values("crypto").count(), 2, "one for each suite");
    let (answer, _) = peer.answer(&offer, &Wish::call()).unwrap();
    ours.accept(&answer).unwrap();
    let keys = (local(&ours), local(&peer));
    let hold = peer.offer(&Wish::audio_only().directed(Direction::Inactive));
    let (answer, _) = ours.answer(&hold, &Wish::call()).unwrap();
    peer.accept(&answer).unwrap();
    assert_eq!((local(&ours), local(&peer)), keys);
}

#[test]
fn optimistic_offers_end_plain_with_a_peer_that_cannot_and_stay_so() {
    let mut leg = Leg::new(sdes_endpoint(true), 1);
    let offer = leg.offer(&Wish::audio_only());
    assert_eq!(offer.media[0].line.protocol, "RTP/AVP");
    assert!(offer.media[0].attributes.has("crypto"));
    let answer = sdp("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\n");
    let plan = leg.accept(&answer).unwrap();
    assert_eq!(plan.transports[0].protection, Protection::None);
    assert!(!leg.offer(&Wish::audio_only()).media[0].attributes.has("crypto"));
}

#[test]
fn a_late_offer_after_video_went_away_reuses_the_line_under_another_mid() {
    let mut leg = Leg::new(browser_endpoint(), 1).with_transports(1);
    let mut peer = Leg::new(browser_endpoint(), 2).with_transports(1);
    let mids = |session: &Session| -> Vec<String> {
        (0..session.media.len()).map(|line| value(session, line, "mid").to_owned()).collect()
    };
    let mut seen = Vec::new();
    for round in 0..3 {
        let offer = leg.offer(&Wish::audio_and_video());
        let (answer, plan) = peer.answer(&offer, &Wish::call()).unwrap();
        leg.accept(&answer).unwrap();
        assert_eq!((plan.streams.len(), mids(&offer)[0].as_str()), (2, "0"));
        assert!(!seen.contains(&mids(&offer)[1]), "round {round}");
        seen.push(mids(&offer)[1].clone());
        // The peer drops it again.
        let offer = peer.offer(&Wish::audio_only());
        let (answer, _) = leg.answer(&offer, &Wish::call()).unwrap();
        peer.accept(&answer).unwrap();
    }
}

#[test]
fn codecs_follow_the_bridged_peer_and_keep_their_numbers() {
    let mut leg = Leg::new(browser_endpoint(), 1).with_transports(1);
    leg.answer(&fixture("chrome_audio_offer"), &Wish::call()).unwrap();
    let prefer = |name: &str| Wish {
        audio: KindWish { codecs: CodecWish::Prefer(codecs(&[name])), ..KindWish::both_ways(1) },
        ..Wish::default()
    };
    let offer = leg.offer(&prefer("ulaw"));
    assert_eq!(offer.media[0].line.formats[..2], ["0", "111"]);
    leg.negotiation.roll_back();
    let offer = over_the_wire(&leg.offer(&prefer("opus")));
    assert_eq!(offer.media[0].line.formats[..2], ["111", "0"]);
}

/// RFC 3264 §8: the lines there were stay, at least with port 0.
#[test]
fn an_offer_with_fewer_lines_than_before_is_refused_and_the_state_stands() {
    let two = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 99\r\n";
    let (one, none) = (&two[..two.find("m=video").unwrap()], &two[..two.find("m=audio").unwrap()]);
    let mut leg = Leg::new(phone_endpoint(), 1).with_transports(2);
    let (_, before) = leg.answer(&sdp(two), &Wish::call()).unwrap();
    for (offer, words) in
        [(one, "1 m= lines where there were 2"), (none, "0 m= lines where there were 2")]
    {
        let reject = leg.answer(&sdp(offer), &Wish::call()).unwrap_err();
        assert_eq!(reject.cause().status(), 488);
        assert!(reject.to_string().contains(words), "{reject}");
        assert_eq!(leg.negotiation.plan(), &before);
    }
    assert!(leg.answer(&sdp(two), &Wish::call()).is_ok());
}

/// RFC 3264 §5 allows an offer of no stream; streams may come later (decision 59).
#[test]
fn a_first_offer_without_any_line_is_answered_without_any() {
    let text = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n";
    let mut leg = Leg::new(phone_endpoint(), 1).with_transports(1);
    let (answer, plan) = leg.answer(&sdp(text), &Wish::call()).unwrap();
    assert!(answer.media.is_empty() && plan.streams.is_empty(), "{answer}");
    let later = sdp(&format!("{text}m=audio 4000 RTP/AVP 0\r\n"));
    let (answer, plan) = leg.answer(&later, &Wish::call()).unwrap();
    assert_eq!((answer.media.len(), plan.streams.len()), (1, 1), "{answer}");
}
