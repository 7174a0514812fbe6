//! First answers to real peers, and the examples of RFC 3264.

use sidetone_sdp::attributes::Setup;
use sidetone_sdp::negotiation::{CodecOrder, CodecWish, Keep, KindWish, Security};
use sidetone_sdp::plan::{Direction, DtlsRole, MediaPlan, Protection, StreamState};
use sidetone_sdp::{Capabilities, Wish};

use crate::support::{
    Leg, browser_endpoint, codecs, dtls_phone_endpoint, fixture, has, phone_endpoint,
    sdes_endpoint, sdp, section, value,
};

fn codec_names(plan: &MediaPlan, line: usize) -> Vec<String> {
    let codecs = plan.streams[line].codecs.iter();
    codecs.map(|codec| format!("{}:{}", codec.name, codec.send_payload_type)).collect()
}

#[test]
fn chrome_gets_one_transport_and_what_it_asked_for() {
    let mut leg = Leg::new(browser_endpoint(), 1).with_transports(1);
    let offer = fixture("chrome_offer");
    let needs = leg.negotiation.requirements(&offer, &Wish::call());
    assert_eq!(
        (needs.transports, needs.ice, needs.dtls, needs.separate_rtcp),
        (1, true, true, false)
    );
    let (answer, plan) = leg.answer(&offer, &Wish::call()).unwrap();
    assert_eq!(answer.attributes.value("group"), Some("BUNDLE 0 1"));
    assert_eq!(answer.attributes.value("msid-semantic"), Some("WMS *"));
    assert_eq!((value(&answer, 0, "mid"), value(&answer, 1, "mid")), ("0", "1"));
    assert_eq!(answer.media[0].line.port, answer.media[1].line.port, "one port for both");
    assert_eq!(answer.media[0].line.protocol, "UDP/TLS/RTP/SAVPF");
    assert_eq!(answer.media[0].line.formats, ["111", "0", "110", "126"]);
    assert_eq!(value(&answer, 0, "setup"), "active");
    assert!(has(&answer, 0, "rtcp-mux") && has(&answer, 1, "rtcp-rsize"));
    assert!(has(&answer, 0, "candidate") && !has(&answer, 1, "candidate"));
    assert!(!has(&answer, 0, "rtcp") && !has(&answer, 0, "tls-id"));
    let audio = &plan.streams[0];
    assert_eq!(audio.telephone_events, [(48_000, 110), (8000, 126)]);
    assert_eq!(audio.remote_ssrcs, [1_399_694_169]);
    assert_eq!(codec_names(&plan, 0), ["opus:111", "pcmu:0"]);
    assert!(audio.codecs[0].feedback.transport_cc && !audio.codecs[0].feedback.nack);
    assert_eq!(audio.codecs[0].remote_fmtp, "minptime=10;useinbandfec=1");
    let ids: Vec<u8> = audio.extensions.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [1, 3, 4], "level, transport-cc and MID under Chrome's numbers");
    let transport = &plan.transports[0];
    assert_eq!(plan.transports.len(), 1);
    let ice = transport.ice.as_ref().unwrap();
    assert_eq!((ice.ufrag.as_str(), ice.candidates.len()), ("hK2x", 2));
    assert!(!ice.controlling && !ice.complete, "Chrome may still trickle");
    let Protection::Dtls { role, fingerprints } = &transport.protection else { panic!() };
    assert_eq!((*role, fingerprints[0].1.len()), (DtlsRole::Client, 32));
}

#[test]
fn chrome_video_is_relayed_in_each_profile_with_retransmission() {
    let mut leg = Leg::new(browser_endpoint(), 1);
    let (answer, plan) = leg.answer(&fixture("chrome_offer"), &Wish::call()).unwrap();
    let video = &plan.streams[1];
    let h264 = |pt: u8| format!("h264:{pt}");
    let expected = [vec!["vp8:96".to_owned()], [102, 104, 106, 108, 127, 112].map(h264).to_vec()];
    assert_eq!(codec_names(&plan, 1), expected.concat());
    assert_eq!(video.rtx[0], (97, 96));
    assert_eq!(video.rtx.len(), 7);
    let vp8 = &video.codecs[0].feedback;
    assert!(vp8.nack && vp8.pli && vp8.fir && vp8.remb && vp8.transport_cc);
    assert_eq!(video.codecs[6].local_fmtp, video.codecs[6].remote_fmtp);
    let text = section(&answer, 1);
    assert!(text.contains("a=rtpmap:97 rtx/90000\na=fmtp:97 apt=96\n"), "{text}");
    let group = format!("FID {} {}", video.local_ssrc, video.local_rtx_ssrc.unwrap());
    assert_eq!(value(&answer, 1, "ssrc-group"), group);
    assert_eq!(video.remote_ssrcs, [3_735_928_559], "the retransmission source is not a stream");
    assert!(!has(&answer, 1, "rid") && !has(&answer, 1, "simulcast"));
}

#[test]
fn firefox_with_a_bundle_only_picture_is_answered_on_one_transport() {
    let mut leg = Leg::new(browser_endpoint(), 1).with_transports(1);
    let (answer, plan) = leg.answer(&fixture("firefox_offer"), &Wish::call()).unwrap();
    assert_eq!(answer.attributes.value("group"), Some("BUNDLE 0 1"));
    assert_ne!(answer.media[1].line.port, 0);
    assert!(plan.streams.iter().all(|s| s.state == StreamState::Active && s.transport == 0));
    assert_eq!(plan.streams[0].telephone_events, [(8000, 101)], "opus with events at 8000");
    assert_eq!(codec_names(&plan, 1), ["vp8:120", "h264:126", "h264:97"]);
    let ids: Vec<u8> = plan.streams[0].extensions.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [1, 3], "one-way extensions are left out");
    let Protection::Dtls { fingerprints, .. } = &plan.transports[0].protection else { panic!() };
    assert_eq!(fingerprints[0].1[0], 0x7B, "the fingerprint stands at session level");
}

#[test]
fn safari_is_answered_with_the_endpoint_s_own_opus_settings() {
    let mut endpoint = browser_endpoint();
    endpoint.audio[0].fmtp = "maxplaybackrate=16000;useinbandfec=1;usedtx=1".to_owned();
    let mut leg = Leg::new(endpoint, 1);
    let (answer, plan) = leg.answer(&fixture("safari_offer"), &Wish::call()).unwrap();
    let opus = &plan.streams[0].codecs[0];
    assert_eq!(opus.local_fmtp, "maxplaybackrate=16000;useinbandfec=1;usedtx=1");
    assert!(section(&answer, 0).contains("a=fmtp:111 maxplaybackrate=16000"));
    assert_eq!(opus.remote_fmtp, "minptime=10;useinbandfec=1");
    assert_eq!(codec_names(&plan, 1), ["h264:96", "h264:98", "vp8:102"]);
}

#[test]
fn plain_phones_are_answered_in_plain_words() {
    let mut leg = Leg::new(phone_endpoint(), 1);
    let (answer, plan) = leg.answer(&fixture("baresip_offer"), &Wish::call()).unwrap();
    assert_eq!(codec_names(&plan, 0), ["opus:96", "g722:9", "pcmu:0", "pcma:8"]);
    assert!(!plan.transports[0].rtcp_mux, "rtcp_mux=no");
    let rtcp = plan.transports[0].remote_rtcp.map(|a| a.to_string());
    assert_eq!(rtcp.as_deref(), Some("192.0.2.53:16453"));
    assert_eq!(value(&answer, 0, "rtcp"), "12001 IN IP4 203.0.113.5");
    for name in ["mid", "fingerprint", "ice-ufrag", "rtcp-mux", "ssrc", "msid", "crypto"] {
        assert!(!has(&answer, 0, name), "{name}");
    }
    let mut leg = Leg::new(phone_endpoint(), 1);
    let (answer, plan) = leg.answer(&fixture("sipp_offer"), &Wish::call()).unwrap();
    assert_eq!(answer.media[0].line.formats, ["0"]);
    assert!(plan.streams[0].telephone_events.is_empty());
    assert_eq!(plan.transports[0].remote_rtcp.unwrap().port(), 6001);
}

#[test]
fn a_trunk_s_image_line_keeps_its_place() {
    let mut leg = Leg::new(phone_endpoint(), 1);
    let (answer, plan) = leg.answer(&fixture("trunk_offer"), &Wish::call()).unwrap();
    assert_eq!(section(&answer, 1), "m=image 0 udptl t38\na=inactive\n");
    assert_eq!(plan.streams[1].state, StreamState::Rejected);
    assert_eq!(plan.streams[0].ptime_ms, 20);
}

#[test]
fn linphone_over_avpf_needs_use_avpf_or_received_transport() {
    let offer = fixture("linphone_offer");
    let reject = Leg::new(phone_endpoint(), 1).answer(&offer, &Wish::call()).unwrap_err();
    assert!(reject.to_string().contains("use_avpf"), "{reject}");
    for endpoint in [
        Capabilities { avpf: true, ..phone_endpoint() },
        Capabilities { received_transport: true, ..phone_endpoint() },
    ] {
        let (answer, plan) = Leg::new(endpoint, 1).answer(&offer, &Wish::call()).unwrap();
        assert_eq!(answer.media[0].line.protocol, "RTP/AVPF");
        assert_eq!(codec_names(&plan, 0), ["opus:96", "pcmu:0", "pcma:8"]);
        assert_eq!(plan.streams[0].telephone_events, [(48_000, 101), (8000, 100)]);
        let feedback = plan.streams[1].codecs[0].feedback;
        assert!(feedback.pli && feedback.fir && !feedback.nack);
        assert_eq!(plan.transports[1].remote_rtcp.unwrap().port(), 60_311);
    }
}

#[test]
fn sdes_takes_the_first_suite_of_the_offer_that_is_allowed() {
    for optimistic in [false, true] {
        let mut leg = Leg::new(sdes_endpoint(optimistic), 1);
        let (answer, plan) = leg.answer(&fixture("snom_sdes_offer"), &Wish::call()).unwrap();
        assert_eq!(answer.media[0].line.protocol, "RTP/SAVP");
        let Protection::Sdes { local, remote } = &plan.transports[0].protection else { panic!() };
        assert_eq!((local.tag, remote.tag), (1, 1));
        assert_eq!(local.suite, "AES_CM_128_HMAC_SHA1_32");
        assert_ne!(local.key_and_salt, remote.key_and_salt);
        assert!(value(&answer, 0, "crypto").starts_with("1 AES_CM_128_HMAC_SHA1_32 inline:"));
    }
    let mut endpoint = sdes_endpoint(false);
    endpoint.security = match endpoint.security {
        Security::Sdes { optimistic, suites } => {
            Security::Sdes { optimistic, suites: suites[..1].to_vec() }
        }
        other => other,
    };
    let mut leg = Leg::new(endpoint, 1);
    let (_, plan) = leg.answer(&fixture("snom_sdes_offer"), &Wish::call()).unwrap();
    let Protection::Sdes { local, .. } = &plan.transports[0].protection else { panic!() };
    assert_eq!((local.tag, local.suite.as_str()), (2, "AES_CM_128_HMAC_SHA1_80"));
}

#[test]
fn optimistic_encryption_takes_what_the_peer_can() {
    let plain = fixture("sipp_offer");
    let (_, plan) = Leg::new(sdes_endpoint(true), 1).answer(&plain, &Wish::call()).unwrap();
    assert_eq!(plan.transports[0].protection, Protection::None);
    let keyed = sdp("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\n\
                     a=crypto:7 AES_CM_128_HMAC_SHA1_80 \
                     inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\n");
    let (answer, plan) = Leg::new(sdes_endpoint(true), 1).answer(&keyed, &Wish::call()).unwrap();
    assert!(matches!(plan.transports[0].protection, Protection::Sdes { .. }));
    assert_eq!(answer.media[0].line.protocol, "RTP/AVP", "the protocol word is the offer's");
    let (answer, _) = Leg::new(phone_endpoint(), 1).answer(&keyed, &Wish::call()).unwrap();
    assert!(!has(&answer, 0, "crypto"));
}

#[test]
fn dtls_phones_without_ice_are_fine_where_no_browser_is_demanded() {
    let offer = sdp(&format!(
        "v=0\nc=IN IP4 192.0.2.1\na=fingerprint:sha-1 {}\na=setup:passive\n\
         m=audio 4000 UDP/TLS/RTP/SAVP 0 101\na=rtpmap:101 telephone-event/8000\na=tls-id:abcdef\n",
        ["0A"; 20].join(":")
    ));
    let mut leg = Leg::new(dtls_phone_endpoint(), 1);
    let (answer, plan) = leg.answer(&offer, &Wish::call()).unwrap();
    assert_eq!(value(&answer, 0, "setup"), "active");
    assert!(value(&answer, 0, "tls-id").len() >= 20);
    let Protection::Dtls { role, .. } = plan.transports[0].protection else { panic!() };
    assert_eq!(role, DtlsRole::Client);
    assert_eq!(plan.transports[0].remote_rtp.unwrap().port(), 4000);
}

#[test]
fn the_configured_dtls_role_is_taken_when_the_offer_leaves_the_choice() {
    for (setup, expected) in [(Setup::Passive, "passive"), (Setup::Active, "active")] {
        let security = Security::Dtls { optimistic: false, setup };
        let endpoint = Capabilities { security, ..browser_endpoint() };
        let mut leg = Leg::new(endpoint, 1);
        let (answer, _) = leg.answer(&fixture("chrome_audio_offer"), &Wish::call()).unwrap();
        assert_eq!(value(&answer, 0, "setup"), expected);
    }
}

#[test]
fn answer_directions_are_those_of_rfc_3264() {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    let table = [
        ("sendrecv", SendRecv, SendRecv),
        ("sendrecv", SendOnly, SendOnly),
        ("sendrecv", RecvOnly, RecvOnly),
        ("sendrecv", Inactive, Inactive),
        ("sendonly", SendRecv, RecvOnly),
        ("sendonly", SendOnly, Inactive),
        ("sendonly", RecvOnly, RecvOnly),
        ("recvonly", SendRecv, SendOnly),
        ("recvonly", RecvOnly, Inactive),
        ("recvonly", SendOnly, SendOnly),
        ("inactive", SendRecv, Inactive),
        ("inactive", SendOnly, Inactive),
    ];
    for (offered, wished, expected) in table {
        let text = format!("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\na={offered}\n");
        let mut leg = Leg::new(phone_endpoint(), 1);
        let wish = Wish::audio_only().directed(wished);
        let (answer, plan) = leg.answer(&sdp(&text), &wish).unwrap();
        assert_eq!(plan.streams[0].direction, expected, "{offered}, {wished:?}");
        let written = sidetone_sdp::attributes::direction::of(&answer, &answer.media[0]);
        assert_eq!(written, expected);
    }
}

#[test]
fn the_zero_address_is_hold_for_phones_and_nothing_for_browsers() {
    let mut leg = Leg::new(phone_endpoint(), 1);
    let offer = sdp("v=0\nc=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\n");
    let (_, plan) = leg.answer(&offer, &Wish::call()).unwrap();
    assert_eq!(plan.streams[0].direction, Direction::RecvOnly);
    assert_eq!(plan.transports[0].remote_rtp, None);
    let mut leg = Leg::new(browser_endpoint(), 1);
    let (_, plan) = leg.answer(&fixture("chrome_first_trickle_offer"), &Wish::call()).unwrap();
    assert_eq!(plan.streams[0].direction, Direction::SendRecv);
}

/// RFC 3264 §10.1: one audio and two video lines, one of the latter refused.
#[test]
fn the_basic_exchange_of_rfc_3264() {
    let offer = sdp("v=0\no=alice 2890844526 2890844526 IN IP4 host.anywhere.com\ns=\n\
                     c=IN IP4 host.anywhere.com\nt=0 0\nm=audio 49170 RTP/AVP 0\n\
                     a=rtpmap:0 PCMU/8000\nm=video 51372 RTP/AVP 31\na=rtpmap:31 H261/90000\n\
                     m=video 53000 RTP/AVP 32\na=rtpmap:32 MPV/90000\n");
    let endpoint = Capabilities::plain(codecs(&["ulaw"]), codecs(&["h261"]));
    let mut leg = Leg::new(endpoint, 1);
    let (answer, plan) = leg.answer(&offer, &Wish::call()).unwrap();
    let ports: Vec<bool> = answer.media.iter().map(|media| media.line.port != 0).collect();
    assert_eq!(ports, [true, true, false]);
    assert_eq!(answer.media[2].line.formats, ["32"], "a refused line repeats its formats");
    assert_eq!(plan.transports[0].remote_rtp, None, "host names are not resolved");
    assert!(
        leg.negotiation.refusals()[0].to_string().starts_with("stream 2 (video): codec: no codec")
    );
}

/// RFC 3264 §10.2: one of N codecs.
#[test]
fn one_of_n_codecs_is_kept_where_the_endpoint_says_so() {
    let offer = sdp("v=0\nc=IN IP4 192.0.2.1\nm=audio 62986 RTP/AVP 0 4 18\n\
                     a=rtpmap:0 PCMU/8000\na=rtpmap:4 G723/8000\na=rtpmap:18 G729/8000\n");
    let endpoint = Capabilities {
        answer_keep: Keep::First,
        ..Capabilities::plain(codecs(&["g723", "ulaw"]), Vec::new())
    };
    let (answer, _) = Leg::new(endpoint, 1).answer(&offer, &Wish::call()).unwrap();
    assert_eq!(answer.media[0].line.formats, ["0"]);
}

#[test]
fn the_order_of_codecs_is_the_offer_s_the_endpoint_s_or_the_call_s() {
    let offer = sdp("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 8 0 9\n");
    let check = |order: CodecOrder, wish: CodecWish, expected: &[&str]| {
        let endpoint = Capabilities { answer_order: order, ..phone_endpoint() };
        let audio = KindWish { codecs: wish, ..KindWish::both_ways(1) };
        let wish = Wish { audio, ..Wish::default() };
        let (answer, _) = Leg::new(endpoint, 1).answer(&offer, &wish).unwrap();
        assert_eq!(answer.media[0].line.formats, expected);
    };
    check(CodecOrder::Offered, CodecWish::AsConfigured, &["8", "0", "9"]);
    check(CodecOrder::Configured, CodecWish::AsConfigured, &["9", "0", "8"]);
    let ulaw = || codecs(&["ulaw"]);
    check(CodecOrder::Offered, CodecWish::Prefer(ulaw()), &["0", "9", "8"]);
    check(CodecOrder::Offered, CodecWish::Only(ulaw()), &["0"]);
}

#[test]
fn an_offer_with_all_lines_off_is_answered() {
    let mut leg = Leg::new(phone_endpoint(), 1);
    let (answer, plan) = leg.answer(&sdp("v=0\nm=audio 0 RTP/AVP 0\n"), &Wish::call()).unwrap();
    assert_eq!(answer.media[0].line.port, 0);
    assert_eq!(plan.streams[0].state, StreamState::Rejected);
    assert!(plan.transports.is_empty());
}

#[test]
fn long_attribute_lists_are_no_problem() {
    let extra = "a=ssrc:77 msid:a b\n".repeat(400);
    let text = format!("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\n{extra}");
    let (_, plan) = Leg::new(phone_endpoint(), 1).answer(&sdp(&text), &Wish::call()).unwrap();
    assert_eq!(plan.streams[0].remote_ssrcs, [77]);
}

#[test]
fn comfort_noise_and_ptime_follow_the_offer_and_the_endpoint() {
    let offer = sdp("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0 13\na=ptime:40\n");
    let mut endpoint = phone_endpoint();
    endpoint.comfort_noise = true;
    endpoint.audio[1].ptime_ms = Some(30);
    let (answer, plan) = Leg::new(endpoint, 1).answer(&offer, &Wish::call()).unwrap();
    assert_eq!((plan.streams[0].comfort_noise, plan.streams[0].ptime_ms), (Some(13), 40));
    assert_eq!(value(&answer, 0, "ptime"), "30");
    let (_, plan) = Leg::new(phone_endpoint(), 1).answer(&offer, &Wish::call()).unwrap();
    assert_eq!(plan.streams[0].comfort_noise, None);
}

#[test]
fn comfort_noise_is_offered_where_the_other_side_has_it_and_stays() {
    let endpoint = Capabilities { comfort_noise: true, ..phone_endpoint() };
    let mut leg = Leg::new(endpoint, 1);
    let quiet = Wish::audio_only();
    let mut noisy = Wish::audio_only();
    noisy.audio.comfort_noise = true;
    assert!(!leg.offer(&quiet).to_string().contains("CN/8000"), "nobody has it");
    leg.negotiation.roll_back();
    let offer = leg.offer(&noisy);
    assert!(section(&offer, 0).contains("a=rtpmap:13 CN/8000\n"), "{offer}");
    let answer = "v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0 13\n";
    assert_eq!(leg.accept(&sdp(answer)).unwrap().streams[0].comfort_noise, Some(13));
    assert!(leg.offer(&quiet).to_string().contains("CN/8000"), "a hold does not take it away");
}

#[test]
fn ilbc_takes_the_shorter_frames_only_where_both_sides_ask_for_them() {
    let (_, ilbc) = sidetone_sdp::negotiation::CodecSpec::of_config_name("ilbc").unwrap();
    for (ours, offered, agreed, ptime) in [
        (20, "mode=20", "mode=20", "20"),
        (20, "mode=30", "mode=30", "20"),
        (30, "mode=20", "mode=30", "30"),
        (30, "", "mode=30", "30"),
    ] {
        let endpoint = Capabilities::plain(vec![ilbc.clone().with_ptime(ours)], Vec::new());
        let fmtp =
            if offered.is_empty() { String::new() } else { format!("a=fmtp:97 {offered}\n") };
        let offer = sdp(&format!("m=audio 4000 RTP/AVP 97\na=rtpmap:97 iLBC/8000\n{fmtp}"));
        let (answer, plan) = Leg::new(endpoint, 1).answer(&offer, &Wish::call()).unwrap();
        assert_eq!(value(&answer, 0, "fmtp"), format!("97 {agreed}"), "{ours} {offered}");
        assert_eq!(value(&answer, 0, "ptime"), ptime);
        assert_eq!(plan.streams[0].codecs[0].local_fmtp, agreed);
    }
}

#[test]
fn use_ptime_decides_whose_packet_time_is_sent() {
    let offer = |lines: &str| sdp(&format!("m=audio 4000 RTP/AVP 0\n{lines}"));
    let sent = |use_ptime: bool, lines: &str| {
        let endpoint = Capabilities { use_ptime, ..phone_endpoint() };
        let (_, plan) = Leg::new(endpoint, 1).answer(&offer(lines), &Wish::call()).unwrap();
        plan.streams[0].ptime_ms
    };
    assert_eq!([sent(true, "a=ptime:40\n"), sent(false, "a=ptime:40\n")], [40, 20]);
    assert_eq!([sent(true, ""), sent(false, "")], [20, 20]);
    assert_eq!(sent(false, "a=ptime:40\na=maxptime:10\n"), 10, "what the peer can take counts");
}
