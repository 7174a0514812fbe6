//! Fax in place of the voice (T.38 annex D, RFC 3362) and real-time text (RFC 4103).

use sidetone_sdp::attributes::Fax;
use sidetone_sdp::negotiation::{Cause, KindWish};
use sidetone_sdp::plan::{Direction, MediaKind, MediaPlan, Protection, StreamState};
use sidetone_sdp::{Capabilities, Session, Wish};

use super::support::{
    Leg, browser_endpoint, codecs, phone_endpoint, sdes_endpoint, sdp, section, value,
};

const VOICE: &str = "v=0\no=- 1 1 IN IP4 192.0.2.9\ns=-\nc=IN IP4 192.0.2.9\nt=0 0\n\
                     m=audio 4000 RTP/AVP 0\n";

fn fax_endpoint() -> Capabilities {
    Capabilities { fax: true, ..phone_endpoint() }
}

fn texting(endpoint: Capabilities, names: &[&str]) -> Capabilities {
    Capabilities { text: codecs(names), ..endpoint }
}

/// The voice of the call replaced by a fax.
fn fax_offer() -> Session {
    sdp("v=0\no=- 1 2 IN IP4 192.0.2.9\ns=-\nc=IN IP4 192.0.2.9\nt=0 0\n\
         m=image 4000 udptl t38\na=T38FaxVersion:0\na=T38MaxBitRate:14400\n\
         a=T38FaxRateManagement:transferredTCF\na=T38FaxUdpEC:t38UDPRedundancy\n")
}

fn parameters() -> Fax {
    Fax::of(&fax_offer().media[0])
}

fn active(plan: &MediaPlan) -> Vec<MediaKind> {
    let streams = plan.streams.iter().filter(|stream| stream.state == StreamState::Active);
    streams.map(|stream| stream.kind).collect()
}

#[test]
fn a_fax_takes_the_line_and_the_path_of_the_voice_and_gives_them_back() {
    let mut leg = Leg::new(fax_endpoint(), 1);
    let (_, voice) = leg.answer(&sdp(VOICE), &Wish::call()).unwrap();
    let (answer, plan) = leg.answer(&fax_offer(), &Wish::fax(parameters())).unwrap();
    assert_eq!(
        section(&answer, 0),
        "m=image 12000 udptl t38\na=sendrecv\na=T38FaxVersion:0\na=T38MaxBitRate:14400\n\
         a=T38FaxRateManagement:transferredTCF\na=T38FaxUdpEC:t38UDPRedundancy\n"
    );
    assert_eq!(active(&plan), [MediaKind::Image]);
    assert_eq!(plan.streams[0].fax, Some(parameters()));
    assert_eq!(plan.streams[0].transport, voice.streams[0].transport);
    assert_eq!(plan.transports[0].protection, Protection::None);
    let again = sdp(&VOICE.replace("1 1 IN", "1 3 IN"));
    let (answer, plan) = leg.answer(&again, &Wish::call()).unwrap();
    assert!(section(&answer, 0).starts_with("m=audio 12000 RTP/AVP 0\n"));
    assert_eq!(active(&plan), [MediaKind::Audio]);
    assert_eq!(plan.streams[0].fax, None);
}

#[test]
fn our_offer_of_a_fax_replaces_the_voice_and_the_next_one_the_fax() {
    let mut leg = Leg::new(fax_endpoint(), 2);
    leg.answer(&sdp(VOICE), &Wish::call()).unwrap();
    let offer = leg.offer(&Wish::fax(parameters()));
    assert_eq!(offer.media.len(), 1);
    assert!(section(&offer, 0).starts_with("m=image 12000 udptl t38\n"), "{offer}");
    assert_eq!(value(&offer, 0, "T38FaxUdpEC"), "t38UDPRedundancy");
    let answer = fax_offer().to_string().replace("T38FaxUdpEC:t38UDPRedundancy", "T38FaxVersion:0");
    let plan = leg.accept(&sdp(&answer)).unwrap();
    assert_eq!(active(&plan), [MediaKind::Image]);
    assert_eq!(plan.transports[0].remote_rtp, Some("192.0.2.9:4000".parse().unwrap()));
    let fax = plan.streams[0].fax.clone().expect("the peer says what its fax can");
    assert_eq!((fax.value("T38FaxUdpEC"), fax.value("T38FaxVersion")), (None, Some("0")));
    let back = leg.offer(&Wish::audio_only());
    assert!(section(&back, 0).starts_with("m=audio 12000 RTP/AVP "), "{back}");
    let plan = leg.accept(&sdp(VOICE)).unwrap();
    assert_eq!(active(&plan), [MediaKind::Audio]);
}

#[test]
fn a_refused_fax_leaves_the_voice() {
    let mut leg = Leg::new(fax_endpoint(), 3);
    let (_, before) = leg.answer(&sdp(VOICE), &Wish::call()).unwrap();
    leg.offer(&Wish::fax(parameters()));
    let refused = fax_offer().to_string().replace("m=image 4000", "m=image 0");
    let fault = leg.accept(&sdp(&refused)).unwrap_err();
    assert_eq!(fault.cause(), Cause::Unwanted);
    assert_eq!(leg.negotiation.plan(), &before);
    let fault = leg.answer(&fax_offer(), &Wish::call()).unwrap_err();
    assert_eq!((fault.status, fault.cause()), (488, Cause::Unwanted), "nobody takes it");
    assert_eq!(leg.negotiation.plan(), &before);
}

#[test]
fn a_fax_beside_a_voice_is_one_or_the_other() {
    let both = sdp(&format!("{VOICE}m=image 4002 udptl t38\na=T38FaxVersion:0\n"));
    let mut leg = Leg::new(fax_endpoint(), 4);
    let (answer, plan) = leg.answer(&both, &Wish::fax(parameters())).unwrap();
    assert_eq!(active(&plan), [MediaKind::Image]);
    assert!(section(&answer, 0).starts_with("m=audio 0 "));
    let mut leg = Leg::new(fax_endpoint(), 5);
    let (answer, plan) = leg.answer(&both, &Wish::call()).unwrap();
    assert_eq!(active(&plan), [MediaKind::Audio]);
    assert_eq!(section(&answer, 1), "m=image 0 udptl t38\na=inactive\n");
}

#[test]
fn where_media_is_encrypted_or_fax_is_not_allowed_the_option_is_named() {
    for endpoint in [phone_endpoint(), sdes_endpoint(true), browser_endpoint()] {
        let mut leg = Leg::new(endpoint, 6);
        let fault = leg.answer(&fax_offer(), &Wish::fax(parameters())).unwrap_err();
        assert!(fault.to_string().contains("t38_udptl=yes"), "{fault}");
    }
}

const TEXT: &str = "m=text 4004 RTP/AVP 100 98\na=rtpmap:98 t140/1000\na=rtpmap:100 red/1000\n\
                    a=fmtp:100 98/98/98\n";

#[test]
fn text_with_and_without_redundancy_is_agreed_beside_the_voice() {
    let offer = sdp(&format!("{VOICE}{TEXT}"));
    let mut leg = Leg::new(texting(phone_endpoint(), &["red", "t140"]), 7);
    let (answer, plan) = leg.answer(&offer, &Wish::call()).unwrap();
    assert_eq!(active(&plan), [MediaKind::Audio, MediaKind::Text]);
    assert_eq!(
        section(&answer, 1),
        "m=text 12002 RTP/AVP 100 98\na=rtcp:12003 IN IP4 203.0.113.5\na=sendrecv\n\
         a=rtpmap:100 red/1000\na=fmtp:100 98/98/98\na=rtpmap:98 t140/1000\n"
    );
    let mut plain = Leg::new(texting(phone_endpoint(), &["t140"]), 8);
    let (answer, _) = plain.answer(&offer, &Wish::call()).unwrap();
    assert!(section(&answer, 1).starts_with("m=text 12002 RTP/AVP 98\n"));
}

#[test]
fn text_is_declined_with_port_0_where_nobody_types() {
    let offer = sdp(&format!("{VOICE}{TEXT}"));
    let endpoints = [
        (phone_endpoint(), Wish::call()),
        (texting(phone_endpoint(), &["t140"]), Wish::audio_only()),
        // Redundancy of nothing is nothing.
        (texting(phone_endpoint(), &["red"]), Wish::call()),
    ];
    for (endpoint, wish) in endpoints {
        let mut leg = Leg::new(endpoint, 9);
        let (answer, plan) = leg.answer(&offer, &wish).unwrap();
        assert_eq!(active(&plan), [MediaKind::Audio]);
        assert!(section(&answer, 1).starts_with("m=text 0 RTP/AVP 100 98\n"), "{answer}");
    }
}

#[test]
fn our_offer_numbers_text_and_its_repetitions_alike() {
    let mut leg = Leg::new(texting(phone_endpoint(), &["red", "t140"]), 10);
    let wish = Wish { text: KindWish::both_ways(1), ..Wish::audio_only() };
    let offer = leg.offer(&wish);
    assert!(section(&offer, 1).starts_with("m=text 12002 RTP/AVP 106 109\n"), "{offer}");
    assert_eq!(value(&offer, 1, "fmtp"), "106 109/109/109");
    let answer = sdp(&format!("{VOICE}m=text 4004 RTP/AVP 109\na=rtpmap:109 t140/1000\n"));
    let plan = leg.accept(&answer).unwrap();
    let names: Vec<&str> = plan.streams[1].codecs.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["t140"]);
    let held = wish.directed(Direction::SendOnly);
    assert!(section(&leg.offer(&held), 1).contains("a=sendonly"), "text is held with the call");
}
