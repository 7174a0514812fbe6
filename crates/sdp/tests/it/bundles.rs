//! BUNDLE and the streams of conferences and StreamEcho (RFC 9143, RTC-06, RTC-07, APP-03).

use sidetone_sdp::negotiation::{KindWish, StreamWish};
use sidetone_sdp::plan::{Direction, StreamState};
use sidetone_sdp::trickle::Fragment;
use sidetone_sdp::{Capabilities, Session, Wish};

use crate::support::{
    Leg, browser_endpoint, fixture, has, over_the_wire, phone_endpoint, sdp, section, stream_echo,
    value,
};

fn many_videos() -> Capabilities {
    Capabilities { max_video_streams: 16, ..browser_endpoint() }
}

/// Two legs of ours: a browser endpoint and something that answers like a browser.
fn pair() -> (Leg, Leg) {
    (Leg::new(many_videos(), 1).with_transports(1), Leg::new(many_videos(), 2).with_transports(1))
}

fn exchange(from: &mut Leg, to: &mut Leg, wish: &Wish) -> Session {
    let offer = from.offer(wish);
    let (answer, _) = to.answer(&offer, &Wish::call()).unwrap();
    from.accept(&answer).unwrap();
    offer
}

fn directions(leg: &Leg) -> Vec<Direction> {
    leg.negotiation.plan().streams.iter().map(|stream| stream.direction).collect()
}

#[test]
fn one_transport_offers_everything_else_inside_the_bundle_only() {
    let (mut ours, mut browser) = pair();
    assert_eq!(ours.negotiation.offer_requirements(&Wish::audio_and_video()).transports, 1);
    let offer = exchange(&mut ours, &mut browser, &Wish::audio_and_video());
    assert_eq!(offer.media[1].line.port, 0);
    assert!(has(&offer, 1, "bundle-only") && !has(&offer, 0, "bundle-only"));
    assert_eq!(offer.attributes.value("group"), Some("BUNDLE 0 1"));
    let plan = ours.negotiation.plan();
    assert_eq!(plan.transports.len(), 1);
    assert!(plan.streams.iter().all(|s| s.state == StreamState::Active && s.transport == 0));
}

#[test]
fn a_transport_for_each_line_serves_peers_that_do_not_bundle() {
    let endpoint = Capabilities { bundle: true, rtcp_mux: true, ..phone_endpoint() };
    for (peer, expected) in [
        (Capabilities { bundle: true, rtcp_mux: true, ..phone_endpoint() }, [0, 0]),
        (phone_endpoint(), [0, 1]),
    ] {
        let mut ours = Leg::new(endpoint.clone(), 1).with_transports(2);
        let mut peer = Leg::new(peer, 2).with_transports(2);
        let offer = exchange(&mut ours, &mut peer, &Wish::audio_and_video());
        assert!(offer.media[0].line.port != offer.media[1].line.port);
        let used: Vec<usize> =
            ours.negotiation.plan().streams.iter().map(|stream| stream.transport).collect();
        assert_eq!(used, expected);
        let again = exchange(&mut ours, &mut peer, &Wish::audio_and_video());
        let bundled = expected == [0, 0];
        assert_eq!(again.attributes.has("group"), bundled, "a refused bundle is not offered again");
        assert_eq!(again.media[0].line.port == again.media[1].line.port, bundled);
    }
}

#[test]
fn a_line_for_the_bundle_only_is_lost_on_a_peer_without_bundles() {
    let endpoint = Capabilities { bundle: true, rtcp_mux: true, ..phone_endpoint() };
    let mut ours = Leg::new(endpoint, 1).with_transports(1);
    let mut peer = Leg::new(phone_endpoint(), 2);
    exchange(&mut ours, &mut peer, &Wish::audio_and_video());
    let states: Vec<StreamState> =
        ours.negotiation.plan().streams.iter().map(|stream| stream.state).collect();
    assert_eq!(states, [StreamState::Active, StreamState::Rejected]);
    assert!(peer.negotiation.refusals()[0].to_string().contains("bundle"));
}

#[test]
fn stream_echo_sends_the_first_picture_both_ways_and_copies_one_way() {
    let (mut ours, mut browser) = pair();
    exchange(&mut browser, &mut ours, &Wish::audio_and_video());
    let offer = exchange(&mut ours, &mut browser, &stream_echo(4));
    assert_eq!(offer.media.len(), 5);
    use Direction::{RecvOnly, SendOnly, SendRecv};
    assert_eq!(directions(&ours), [SendRecv, SendRecv, SendOnly, SendOnly, SendOnly]);
    assert_eq!(directions(&browser), [SendRecv, SendRecv, RecvOnly, RecvOnly, RecvOnly]);
    let msids: Vec<&str> = (1..5).map(|line| value(&offer, line, "msid")).collect();
    let streams: std::collections::HashSet<&str> =
        msids.iter().map(|msid| msid.split(' ').next().unwrap()).collect();
    assert_eq!(streams.len(), 4, "each copy is a stream of its own");
    assert!(offer.media.iter().all(|media| media.line.port != 0), "the bundle is agreed");
    // StreamEcho(0): no picture at all.
    let none = Wish::audio_only();
    let offer = exchange(&mut ours, &mut browser, &none);
    assert_eq!(offer.media.len(), 5);
    assert_eq!(offer.attributes.value("group"), Some("BUNDLE 0"));
    assert!(ours.negotiation.plan().streams[1..].iter().all(|s| s.state == StreamState::Rejected));
}

#[test]
fn the_limit_of_streams_holds_for_offers_too() {
    let endpoint = Capabilities { max_video_streams: 2, ..browser_endpoint() };
    let mut ours = Leg::new(endpoint, 1).with_transports(1);
    assert_eq!(ours.offer(&stream_echo(4)).media.len(), 3);
}

#[test]
fn a_participant_who_leaves_frees_a_line_and_moves_nobody() {
    let (mut ours, mut browser) = pair();
    let room = |names: &[&str]| {
        let pictures = names.iter().map(|n| StreamWish::labelled(Direction::SendOnly, n));
        let own = std::iter::once(StreamWish::new(Direction::RecvOnly));
        let video = KindWish { streams: own.chain(pictures).collect(), ..KindWish::none() };
        Wish { video, ..Wish::audio_only() }
    };
    let line_of = |leg: &Leg, name: &str| {
        let streams = &leg.negotiation.plan().streams;
        streams.iter().position(|stream| stream.label.as_deref() == Some(name))
    };
    exchange(&mut ours, &mut browser, &room(&["bob", "carol"]));
    assert_eq!((line_of(&ours, "bob"), line_of(&ours, "carol")), (Some(2), Some(3)));
    let carol = ours.negotiation.plan().streams[3].clone();
    let left = exchange(&mut ours, &mut browser, &room(&["carol"]));
    assert_eq!(left.media[2].line.port, 0);
    let old_mid = value(&left, 2, "mid").to_owned();
    let joined = exchange(&mut ours, &mut browser, &room(&["carol", "dave"]));
    assert_eq!(joined.media.len(), 4, "the free line is used again");
    assert_eq!(line_of(&ours, "dave"), Some(2));
    assert_ne!(value(&joined, 2, "mid"), old_mid, "MIDs are never used twice");
    assert_eq!(ours.negotiation.plan().streams[3], carol);
}

#[test]
fn the_bundle_survives_the_loss_of_its_tagged_line() {
    let (mut ours, mut browser) = pair();
    exchange(&mut browser, &mut ours, &Wish::audio_and_video());
    let before = ours.negotiation.plan().transports[0].protection.clone();
    let offer = browser.offer(&Wish { audio: KindWish::none(), ..Wish::audio_and_video() });
    assert_eq!(offer.media[0].line.port, 0);
    assert!(has(&offer, 1, "candidate"), "the next line speaks for the transport");
    let (answer, plan) = ours.answer(&offer, &Wish::call()).unwrap();
    assert_eq!(answer.attributes.value("group"), Some("BUNDLE 1"));
    assert_eq!(plan.transports[0].protection, before, "the association goes on");
    browser.accept(&answer).unwrap();
}

#[test]
fn attributes_left_out_of_bundled_lines_come_from_the_tagged_one() {
    // RFC 9143 §7.1.3 and a later offer of Firefox: transport attributes once.
    let text = fixture("chrome_offer").to_string();
    let (head, video) = text.split_once("m=video").unwrap();
    let transport = ["a=ice-", "a=fingerprint", "a=setup", "a=rtcp-mux", "a=candidate", "a=rtcp:"];
    let kept = video.lines().filter(|line| !transport.iter().any(|p| line.starts_with(p)));
    let text = format!("{head}m=video{}", kept.collect::<Vec<_>>().join("\r\n"));
    let mut leg = Leg::new(browser_endpoint(), 1).with_transports(1);
    let (answer, plan) = leg.answer(&over_the_wire(&sdp(&text)), &Wish::call()).unwrap();
    assert_eq!(answer.attributes.value("group"), Some("BUNDLE 0 1"));
    assert_eq!((plan.transports.len(), plan.streams[1].transport), (1, 0));
}

#[test]
fn trickled_candidates_find_their_transport() {
    let mut leg = Leg::new(browser_endpoint(), 1).with_transports(1);
    leg.answer(&fixture("chrome_offer"), &Wish::call()).unwrap();
    let body = |ufrag: &str, mid: &str| {
        let text = format!(
            "a=ice-ufrag:{ufrag}\r\nm=audio 9 RTP/AVP 0\r\na=mid:{mid}\r\n\
             a=candidate:1 1 udp 1 198.51.100.9 4000 typ srflx\r\na=end-of-candidates\r\n"
        );
        Fragment::parse(text.as_bytes()).unwrap()
    };
    let trickled = leg.negotiation.trickled(&body("hK2x", "1"));
    assert_eq!((trickled[0].transport, trickled[0].complete), (0, true));
    assert_eq!(trickled[0].candidates, ["1 1 udp 1 198.51.100.9 4000 typ srflx"]);
    assert!(leg.negotiation.trickled(&body("old1", "1")).is_empty(), "an older generation");
    assert!(leg.negotiation.trickled(&body("hK2x", "9")).is_empty(), "an unknown line");
}

#[test]
fn an_offer_of_ours_reads_like_one_of_a_browser() {
    let mut leg = Leg::new(browser_endpoint(), 1).with_transports(1);
    leg.local[0].rtcp = None;
    let offer = leg.offer(&Wish::audio_and_video());
    let expected = "m=audio 12000 UDP/TLS/RTP/SAVPF 107 0 96 101\n\
        a=candidate:1 1 udp 2130706431 203.0.113.5 12000 typ host\na=end-of-candidates\n\
        a=ice-ufrag:Lu01\na=ice-pwd:Lu010123456789abcdefghijkl\na=ice-options:ice2 trickle\n";
    let text = section(&offer, 0);
    assert!(text.starts_with(expected), "{text}");
    let expected = "a=rtpmap:107 opus/48000/2\na=rtcp-fb:107 transport-cc\n\
        a=fmtp:107 useinbandfec=1\na=rtpmap:0 PCMU/8000\na=rtcp-fb:0 transport-cc\n\
        a=rtpmap:96 telephone-event/48000\na=fmtp:96 0-16\na=rtpmap:101 telephone-event/8000\n\
        a=fmtp:101 0-16\na=ptime:20\na=maxptime:120\n";
    assert!(text.ends_with(expected), "{text}");
    for name in ["fingerprint", "setup", "tls-id", "mid", "extmap", "msid", "ssrc", "rtcp-rsize"] {
        assert!(has(&offer, 0, name), "{name}");
    }
    assert_eq!(value(&offer, 0, "setup"), "actpass");
    assert!(!has(&offer, 1, "candidate") && !has(&offer, 0, "rtcp"));
    assert_eq!(offer.media[1].line.formats.len(), 4, "VP8 and H.264, each with its rtx");
}
