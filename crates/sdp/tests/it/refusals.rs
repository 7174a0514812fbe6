//! What is refused, and what the words say (FAQ-02, SEC-07).

use sidetone_sdp::negotiation::Cause;
use sidetone_sdp::{Capabilities, Session, Wish};

use crate::support::{
    Leg, browser_endpoint, codecs, dtls_phone_endpoint, fixture, over_the_wire, phone_endpoint,
    sdes_endpoint, sdp,
};

#[track_caller]
fn check(endpoint: Capabilities, offer: &Session, cause: Cause, words: &[&str]) {
    let mut leg = Leg::new(endpoint, 1);
    let before = leg.negotiation.plan().clone();
    let reject = leg.answer(offer, &Wish::call()).unwrap_err();
    assert_eq!(reject.cause(), cause, "{reject}");
    assert_eq!(reject.status, cause.status());
    let text = reject.to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in {text:?}");
    }
    assert_eq!(leg.negotiation.plan(), &before);
}

/// Chrome's audio offer with some lines removed or replaced.
fn chrome_with(change: impl Fn(&str) -> Option<String>) -> Session {
    let text = fixture("chrome_audio_offer").to_string();
    let lines: Vec<String> = text.lines().filter_map(change).collect();
    over_the_wire(&Session::parse(lines.join("\n").as_bytes()).unwrap())
}

fn without(prefixes: &'static [&'static str]) -> Session {
    chrome_with(|line| {
        let dropped = prefixes.iter().any(|prefix| line.starts_with(prefix));
        (!dropped).then(|| line.to_owned())
    })
}

#[test]
fn no_common_codec_names_both_lists() {
    let endpoint = Capabilities::webrtc(codecs(&["gsm", "alaw"]), Vec::new());
    let offer =
        chrome_with(|line| (!line.contains("PCMA")).then(|| line.replace(" 0 8 13", " 0 13")));
    let words = ["stream 0 (audio)", "opus", "ulaw", "g722", "gsm, alaw", "allow="];
    check(endpoint, &offer, Cause::Codec, &words);
}

#[test]
fn a_hostile_codec_name_does_not_reach_the_words() {
    let text = "v=0\nm=audio 9 RTP/AVP 96\na=rtpmap:96 \"evil\\/8000\nc=IN IP4 192.0.2.1\n";
    let mut leg = Leg::new(phone_endpoint(), 1);
    let reject = leg.answer(&sdp(text), &Wish::call()).unwrap_err().to_string();
    assert!(!reject.contains('"') && !reject.contains('\\'), "{reject}");
}

#[test]
fn encryption_that_does_not_fit_says_which_option_to_change() {
    let chrome = fixture("chrome_audio_offer");
    let received = |endpoint| Capabilities { received_transport: true, ..endpoint };
    let words = ["UDP/TLS/RTP/SAVPF", "media_encryption=no"];
    check(received(phone_endpoint()), &chrome, Cause::Encryption, &words);
    let words = ["media_encryption=sdes"];
    check(received(sdes_endpoint(true)), &chrome, Cause::Encryption, &words);
    let snom = fixture("snom_sdes_offer");
    check(dtls_phone_endpoint(), &snom, Cause::Encryption, &["a=crypto", "demands DTLS"]);
    let sipp = fixture("sipp_offer");
    check(sdes_endpoint(false), &sipp, Cause::Encryption, &["media_encryption_optimistic"]);
    let mki = sdp("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/SAVP 0\na=crypto:1 \
                   AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|1:4\n");
    check(sdes_endpoint(true), &mki, Cause::Encryption, &["none of the 1 a=crypto", "MKI"]);
}

#[test]
fn a_browser_endpoint_never_falls_back_to_plain() {
    check(browser_endpoint(), &fixture("sipp_offer"), Cause::Encryption, &["nothing is sent in"]);
    let offer = without(&["a=fingerprint"]);
    check(browser_endpoint(), &offer, Cause::Fingerprint, &["a=fingerprint"]);
    let plain = chrome_with(|line| {
        (!line.starts_with("a=fingerprint")).then(|| line.replace("UDP/TLS/RTP/SAVPF", "RTP/AVPF"))
    });
    check(browser_endpoint(), &plain, Cause::Encryption, &["RTP/AVPF"]);
}

#[test]
fn a_browser_must_bring_ice_and_rtcp_mux() {
    check(browser_endpoint(), &without(&["a=ice-ufrag"]), Cause::Ice, &["a=ice-ufrag", "webrtc"]);
    check(browser_endpoint(), &without(&["a=rtcp-mux"]), Cause::RtcpMux, &["a=rtcp-mux"]);
    let holdconn = chrome_with(|line| Some(line.replace("setup:actpass", "setup:holdconn")));
    check(browser_endpoint(), &holdconn, Cause::Setup, &["holdconn"]);
    let only = sdp("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\na=rtcp-mux-only\n");
    check(phone_endpoint(), &only, Cause::RtcpMux, &["rtcp_mux=no"]);
}

#[test]
fn malformed_offers_are_400() {
    let text = "v=0\nm=audio 4000 RTP/AVP 0\na=mid:x\nm=audio 4002 RTP/AVP 0\na=mid:x\n";
    check(phone_endpoint(), &sdp(text), Cause::Malformed, &["a=mid (x)"]);
    let reject = sidetone_sdp::Reject::from(Session::parse(b"v=0\nm=?\n").unwrap_err());
    assert_eq!((reject.status, reject.cause()), (400, Cause::Malformed));
    let protocol = sdp("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 TCP/MRCPv2 1\n");
    check(phone_endpoint(), &protocol, Cause::Profile, &["TCP/MRCPv2"]);
}

#[test]
fn lines_over_the_limit_and_unwanted_lines_are_refused_alone() {
    let offer = sdp("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\nm=audio 4002 RTP/AVP 0\n\
                     m=video 4004 RTP/AVP 34\n");
    let endpoint = Capabilities::plain(codecs(&["ulaw"]), codecs(&["h263"]));
    let mut leg = Leg::new(endpoint, 1);
    let (answer, _) = leg.answer(&offer, &Wish::audio_only()).unwrap();
    let ports: Vec<bool> = answer.media.iter().map(|media| media.line.port != 0).collect();
    assert_eq!(ports, [true, false, false]);
    let causes: Vec<Cause> = leg.negotiation.refusals().iter().map(|fault| fault.cause).collect();
    assert_eq!(causes, [Cause::Limit, Cause::Unwanted]);
    assert!(leg.negotiation.refusals()[0].to_string().contains("max_audio_streams=1"));
}

#[test]
fn what_our_own_leg_lacks_is_our_fault() {
    let mut leg = Leg::new(browser_endpoint(), 1);
    leg.local[0].fingerprints.clear();
    let reject = leg.answer(&fixture("chrome_audio_offer"), &Wish::call()).unwrap_err();
    assert_eq!((reject.status, reject.cause()), (500, Cause::Ours));
    let mut leg = Leg::new(browser_endpoint(), 1).with_transports(0);
    let reject = leg.answer(&fixture("chrome_audio_offer"), &Wish::call()).unwrap_err();
    assert_eq!(reject.status, 500);
    let offered = leg.negotiation.offer(&[], &Wish::call(), &mut leg.random);
    assert_eq!(offered.unwrap_err().status, 500);
}

#[test]
fn offers_cross_and_answers_out_of_nowhere_are_told_apart() {
    let mut leg = Leg::new(phone_endpoint(), 1);
    let answer = fixture("sipp_offer");
    assert_eq!(leg.accept(&answer).unwrap_err().cause(), Cause::OutOfOrder);
    leg.offer(&Wish::call());
    let reject = leg.answer(&answer, &Wish::call()).unwrap_err();
    assert_eq!(reject.status, 491);
    leg.negotiation.roll_back();
    assert!(leg.answer(&answer, &Wish::call()).is_ok());
}

#[test]
fn an_answer_that_refuses_everything_is_refused_in_turn() {
    let mut leg = Leg::new(phone_endpoint(), 1);
    leg.offer(&Wish::audio_only());
    let reject = leg.accept(&sdp("v=0\nm=audio 0 RTP/AVP 0\n")).unwrap_err();
    assert!(reject.to_string().contains("the peer refused this stream"), "{reject}");
    leg.offer(&Wish::audio_only());
    let two = sdp("v=0\nm=audio 9 RTP/AVP 0\nm=audio 9 RTP/AVP 0\n");
    assert_eq!(leg.accept(&two).unwrap_err().status, 400);
    leg.offer(&Wish::audio_only());
    let other = sdp("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 3\n");
    let reject = leg.accept(&other).unwrap_err();
    assert_eq!(reject.cause(), Cause::Codec);
    assert!(!leg.negotiation.is_offer_open());
}

#[test]
fn a_browser_that_answers_in_clear_is_refused() {
    let mut leg = Leg::new(browser_endpoint(), 1);
    let offer = leg.offer(&Wish::audio_only());
    let pt = offer.media[0].line.formats.join(" ");
    let text =
        format!("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP {pt}\na=rtpmap:107 opus/48000/2\n");
    assert_eq!(leg.accept(&sdp(&text)).unwrap_err().cause(), Cause::Encryption);
}

#[test]
fn media_for_many_hosts_is_refused() {
    // Not even beside lines of ICE: we may have none, a fax uses none, RTCP of its own neither.
    let ice = "a=ice-ufrag:abcd\na=ice-pwd:0123456789abcdef012345\n";
    let faxes = Capabilities { fax: true, ..phone_endpoint() };
    for address in ["IP4 224.2.1.1/127", "IP4 255.255.255.255", "IP6 ff15::101"] {
        for line in ["audio 4000 RTP/AVP 0", "image 4000 udptl t38"] {
            for ice in ["", ice] {
                let text = format!("v=0\nc=IN {address}\nm={line}\n{ice}");
                check(faxes.clone(), &sdp(&text), Cause::Address, &["unicast"]);
            }
        }
    }
    let rtcp = "v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\na=rtcp:4001 IN IP4 239.1.1.1\n";
    check(phone_endpoint(), &sdp(rtcp), Cause::Address, &["239.1.1.1"]);
}

#[test]
fn an_answer_cannot_send_media_to_many_hosts_either() {
    let mut leg = Leg::new(phone_endpoint(), 1);
    leg.offer(&Wish::call());
    let answer = sdp("v=0\nc=IN IP4 224.2.1.1/127\nm=audio 4000 RTP/AVP 0\n");
    let reject = leg.accept(&answer).unwrap_err();
    assert_eq!(reject.cause(), Cause::Address, "{reject}");
}
