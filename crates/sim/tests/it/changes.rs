//! A called peer without a stack of ours that answers in its own order, answers twice, changes its
//! source in the middle, or sends garbage for media: its call goes on as the RFCs say, and nothing
//! else notices.

use std::net::SocketAddr;
use std::time::Duration;

use sidetone_sim::{CallState, Configuration, Line, Phone, Stranger, Weather, World, secs};

use super::strangers::answer_to;
use super::{registered, tell};

/// The first host of a world is called by `proxy`.
fn configuration(lines: &str) -> Configuration {
    let mut configuration = Configuration::default();
    configuration.pjsip += &format!(
        "\n[proxy]\ntype = endpoint\ncontext = internal\ndisallow = all\nallow = ulaw,alaw\n\
         aors = proxy\n{lines}\n\
         \n[proxy](devices)\ncontact = sip:proxy@198.51.100.1:5060\n\
         \n[proxy]\ntype = identify\nendpoint = proxy\nmatch = 198.51.100.1\n"
    );
    configuration
}

/// Where the peer has its media.
fn media(port: u16) -> SocketAddr {
    ([198, 51, 100, 1], port).into()
}

fn sdp(port: u16, formats: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP {formats}\r\n"
    )
}

/// Where an offer of ours wants its media.
fn wanted(offer: &str) -> SocketAddr {
    let line = offer.lines().find_map(|line| line.strip_prefix("m=audio ")).expect("audio");
    let port = line.split(' ').next().and_then(|port| port.parse().ok()).expect("a port");
    ([192, 0, 2, 1], port).into()
}

/// A caller calls the peer, which has not answered yet; its INVITE. The peer is the first host.
async fn called(world: &World, caller: &str) -> (Phone, Stranger, String) {
    let mut peer = world.stranger().await;
    let alice = registered(world, caller, Line::Udp).await;
    alice.dial("proxy").await;
    let heard = peer.hear(secs(2)).await;
    let invite = heard.into_iter().find(|text| text.starts_with("INVITE ")).expect("a call");
    (alice, peer, invite)
}

/// The same after its answer.
async fn answered(world: &World, caller: &str, formats: &str) -> (Phone, Stranger, String) {
    let (alice, mut peer, invite) = called(world, caller).await;
    peer.say(answer_to(&invite, "200 OK", "peer", &sdp(4_000, formats))).await;
    let talks = |_: &World| alice.state() == Some(CallState::Talking);
    world.run_until("alice is answered", secs(5), talks).await;
    (alice, peer, invite)
}

/// Alice hangs up, and the peer says yes.
async fn over(world: &World, alice: &Phone, peer: &mut Stranger) {
    alice.hang_up().await;
    let heard = peer.hear(secs(2)).await;
    for bye in heard.iter().filter(|text| text.starts_with("BYE ")) {
        peer.say(answer_to(bye, "200 OK", "x", "").replace(";tag=x", "")).await;
    }
    world.assert_no_leaks().await;
}

/// COD-07: the offer names ulaw first, the answer alaw. The caller has opus, so that the exchange
/// must choose what to encode to: between two legs with a codec in common nothing is encoded.
#[test]
fn what_is_sent_is_the_codec_that_the_endpoint_prefers_of_an_answer() {
    let cases = [
        ("", 8),
        ("codec_prefs_incoming_answer = prefer: pending", 8),
        ("codec_prefs_incoming_answer = prefer: configured", 0),
        ("codec_prefs_incoming_answer = prefer: configured, keep: first", 0),
    ];
    for (lines, format) in cases {
        tell(1, Weather::CLEAR, &configuration(lines), async |world: World| {
            let (alice, mut peer, invite) = answered(&world, "oscar", "8 0").await;
            assert!(invite.contains(" RTP/AVP 0 8"), "{invite}");
            world.run_for(secs(1)).await;
            let came = world.taken_at(media(4_000));
            assert!(came.len() > 30, "{lines}: {}", came.len());
            let others = came.iter().filter(|packet| packet[1] & 0x7f != format).count();
            assert_eq!(others, 0, "{lines}: {:?}", came[0]);
            over(&world, &alice, &mut peer).await;
        });
    }
}

/// RFC 3261 §13.2.2.4: the second is taken for the first again, whatever it holds.
#[test]
fn a_peer_that_answers_twice_is_acknowledged_twice_and_stays_where_it_was() {
    tell(1, Weather::CLEAR, &configuration(""), async |world: World| {
        let (alice, mut peer, invite) = answered(&world, "alice", "0").await;
        peer.hear(secs(1)).await;
        peer.say(answer_to(&invite, "200 OK", "peer", &sdp(4_010, "8"))).await;
        let heard = peer.hear(secs(2)).await;
        let acks = heard.iter().filter(|text| text.starts_with("ACK ")).count();
        assert_eq!((acks, heard.len()), (1, 1), "{heard:?}");
        let _ = world.taken_at(media(4_000));
        world.run_for(secs(1)).await;
        let came = world.taken_at(media(4_000));
        assert!(came.len() > 30, "{}", came.len());
        assert!(came.iter().all(|packet| packet[1] & 0x7f == 0));
        assert_eq!(world.strays_at(media(4_010)), 0);
        assert_eq!(alice.state(), Some(CallState::Talking));
        over(&world, &alice, &mut peer).await;
    });
}

/// RFC 4028 §7.4: a re-INVITE that refreshes is an offer like any other, and so is its answer. The
/// peer does not say that it knows UPDATE.
#[test]
fn the_answer_to_a_refresh_may_name_another_port() {
    let lines = "timers = always\ntimers_sess_expires = 90\nrtp_symmetric = no";
    tell(1, Weather::CLEAR, &configuration(lines), async |world: World| {
        let (alice, mut peer, _) = answered(&world, "alice", "0").await;
        let heard = peer.hear(secs(50)).await;
        let refresh = heard.iter().find(|text| text.starts_with("INVITE ")).expect("a refresh");
        assert!(refresh.contains("Session-Expires: 90;refresher=uac"), "{refresh}");
        let answer = answer_to(refresh, "200 OK", "x", &sdp(4_100, "0")).replace(";tag=x", "");
        let _ = world.taken_at(media(4_000));
        peer.say(answer).await;
        world.run_for(secs(1)).await;
        let came = world.taken_at(media(4_100));
        assert!(came.len() > 30, "{}\n{}", came.len(), world.account());
        let heard = peer.hear(secs(40)).await;
        assert!(heard.iter().any(|text| text.starts_with("ACK ")), "{heard:?}");
        assert_eq!(alice.state(), Some(CallState::Talking));
        over(&world, &alice, &mut peer).await;
    });
}

/// A packet of ulaw that holds a tone of 400 Hz.
fn packet(ssrc: u32, number: u16) -> Vec<u8> {
    let mut bytes = vec![0x80, 0];
    bytes.extend(number.to_be_bytes());
    bytes.extend((u32::from(number) * 160).to_be_bytes());
    bytes.extend(ssrc.to_be_bytes());
    // One period of a square wave at 8 kHz: ten samples up, ten down.
    let wave = [[0x9f_u8; 10], [0x1f; 10]].concat();
    bytes.extend(wave.iter().cycle().take(160));
    bytes
}

/// The peer sends for a second from this source.
async fn sends(world: &World, to: SocketAddr, ssrc: u32, first: u16) {
    for number in 0..50 {
        world.send_from(media(4_000), to, &packet(ssrc, first.wrapping_add(number)));
        world.run_for(Duration::from_millis(20)).await;
    }
}

/// What alice hears of the peer's second.
async fn is_heard(world: &World, alice: &Phone, to: SocketAddr, ssrc: u32, first: u16) {
    let time = Duration::from_millis(950);
    let (sound, ()) = tokio::join!(world.listen(alice, time), sends(world, to, ssrc, first));
    assert!(sound.length_ms() > 700, "{} ms of {ssrc:x}\n{}", sound.length_ms(), world.account());
    assert!(sound.share_in_tenths(400.0) > 0.7, "{ssrc:x}: {}", sound.share_in_tenths(400.0));
}

/// RFC 3550 §8: a source is another one from then on; numbers and times begin anew.
#[test]
fn a_peer_that_changes_its_source_is_heard_on() {
    tell(1, Weather::CLEAR, &configuration(""), async |world: World| {
        let (alice, mut peer, invite) = answered(&world, "alice", "0").await;
        let to = wanted(&invite);
        for (ssrc, first) in [(0x0102_0304, 100), (0xa0b0_c0d0, 40_000), (7, 65_500), (8, 0)] {
            is_heard(&world, &alice, to, ssrc, first).await;
        }
        over(&world, &alice, &mut peer).await;
    });
}

/// What is no RTP, or none that was agreed.
fn garbage() -> Vec<Vec<u8>> {
    let good = packet(1, 500);
    let with = |place: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[place] = value;
        bytes
    };
    let mut all = vec![
        Vec::new(),
        vec![0x80],
        good[..11].to_vec(),
        good[..12].to_vec(),
        vec![0xff; 1_400],
        vec![0; 172],
        // Version 1; fifteen contributing sources in a header that ends before them.
        with(0, 0x40),
        [&[0x8f][..], &good[1..40]].concat(),
        // An extension longer than the packet; padding longer than the packet.
        [&[0x90][..], &good[1..12], &[0xbe, 0xde, 0xff, 0xff, 1, 2]].concat(),
        [&[0xa0][..], &good[1..171], &[0xff]].concat(),
        // A payload type that nobody agreed to; RTCP of no length and of too much.
        with(1, 99),
        vec![0x80, 200, 0, 0],
        vec![0x81, 201, 0xff, 0xff, 0, 0, 0, 1],
        vec![0x80, 203, 0, 1, 0, 0, 0, 1],
    ];
    // Records of DTLS and messages of STUN where neither was agreed.
    all.push(vec![22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200, 1]);
    all.push([&[0, 1, 0xff, 0xff, 0x21, 0x12, 0xa4, 0x42][..], &[9; 12]].concat());
    all
}

#[test]
fn a_peer_that_sends_garbage_for_media_ends_nothing_and_is_heard_again() {
    tell(1, Weather::CLEAR, &configuration(""), async |world: World| {
        let (alice, mut peer, invite) = answered(&world, "alice", "0").await;
        let bob = registered(&world, "bob", Line::Udp).await;
        bob.dial("600").await;
        world.run_until("bob hears himself", secs(9), |_| bob.is_talking()).await;
        let to = wanted(&invite);
        is_heard(&world, &alice, to, 9, 100).await;
        for _ in 0..20 {
            for bytes in garbage() {
                world.send_from(media(4_000), to, &bytes);
                let rtcp = SocketAddr::new(to.ip(), to.port() + 1);
                world.send_from(media(4_001), rtcp, &bytes);
            }
            world.run_for(Duration::from_millis(20)).await;
            assert!(bob.is_talking(), "{}", world.account());
        }
        assert_eq!(alice.state(), Some(CallState::Talking));
        is_heard(&world, &alice, to, 9, 200).await;
        bob.hang_up().await;
        over(&world, &alice, &mut peer).await;
    });
}
