//! Bad input of every kind: it is refused, counted under its own reason and no other, and the
//! call it hit goes on.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use sidetone_base::{LegId, Random, SeededRandom};
use sidetone_media::{LegEvent, Refusal, Route, RtpSettings};
use sidetone_rtp::{Kind, classify};
use sidetone_sdp::plan::{DtlsRole, MediaKind};
use support::{Link, Phone, World, audio, plain_plan, webrtc_plan};

const SECOND: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(20);

/// Sends `datagram` to a host and asserts that it is counted as `refusal`, once, and as nothing
/// else.
fn assert_refused(
    world: &mut World,
    host: usize,
    (from, to): (SocketAddr, SocketAddr),
    datagram: &[u8],
    refusal: Refusal,
) {
    let counted = |world: &World| {
        let refused = world.hosts[host].graph.snapshot().refused;
        Refusal::ALL.map(|reason| (reason.name(), refused.of(reason)))
    };
    let mut expected = counted(world);
    world.inject(from, to, datagram);
    world.run(TICK);
    let row = expected.iter_mut().find(|(name, _)| *name == refusal.name());
    row.expect("each reason has a row").1 += 1;
    assert_eq!(counted(world), expected, "{refusal:?}: {datagram:?}");
}

/// A telephone in the middle of a call in clear, and the port it talks to.
fn call_in_clear() -> (World, Phone, SocketAddr) {
    let mut world = World::new(1, Link::default());
    let mut phone = Phone::new("198.51.100.9:4000");
    let local = world.plain(0, 1, RtpSettings::default()).rtp;
    world.apply(0, 1, plain_plan(phone.address, vec![audio(0x11)]));
    world.route(0, 1, 0, Route::Echo);
    phone.talk(&mut world, local, 20);
    (world, phone, local)
}

/// RTP as a peer sends it, of this payload type.
fn rtp(payload_type: u8) -> Vec<u8> {
    let mut packet = vec![0x80, payload_type, 0, 200, 0, 0, 0x7d, 0, 0, 0, 0, 0x77];
    packet.extend([0xff; 160]);
    packet
}

fn with_port(address: SocketAddr, port: u16) -> SocketAddr {
    SocketAddr::new(address.ip(), port)
}

#[test]
fn whatever_is_wrong_with_a_datagram_in_clear_is_counted_by_its_reason() {
    let (mut world, mut phone, local) = call_in_clear();
    let ends = (phone.address, local);
    let rtcp = (with_port(phone.address, 4001), with_port(local, local.port() + 1));
    let stranger = ("203.0.113.66:1234".parse().unwrap(), local);
    let truncated_report = [0x80, 200, 0, 6, 0, 0, 0, 0x77];
    let wrong_version_behind = [0x80, 201, 0, 1, 0, 0, 0, 0x77, 0x40, 200, 0, 0];
    let binding_request =
        [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    let cases: [(_, &[u8], _); 13] = [
        (ends, &[], Refusal::Unknown),
        (ends, &[200, 1, 2, 3], Refusal::Unknown),
        (ends, &[16; 40], Refusal::Unknown), // ZRTP
        (ends, &[0x40, 0, 0, 4, 1, 2, 3, 4], Refusal::Unknown), // a channel of TURN
        (ends, &[0x80, 0], Refusal::Rtp),
        (ends, &[0x8f; 20], Refusal::Rtp), // more sources than bytes
        (ends, &rtp(77), Refusal::Unagreed),
        (stranger, &rtp(0), Refusal::Stranger),
        (rtcp, &truncated_report, Refusal::Rtcp),
        (rtcp, &wrong_version_behind, Refusal::Rtcp),
        (("203.0.113.66:1235".parse().unwrap(), rtcp.1), &truncated_report, Refusal::Stranger),
        (ends, &binding_request, Refusal::Stun),
        (ends, &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Refusal::Unknown),
    ];
    for ((from, to), datagram, refusal) in cases {
        assert_refused(&mut world, 0, (from, to), datagram, refusal);
    }
    let heard = phone.heard(&world).len();
    phone.talk(&mut world, local, 10);
    world.run(TICK);
    assert!(phone.heard(&world).len() >= heard + 10, "the call goes on");
}

#[test]
fn a_flood_of_garbage_at_the_port_of_a_call_ends_nothing() {
    let (mut world, mut phone, local) = call_in_clear();
    let mut random = SeededRandom::new(5);
    let before = world.hosts[0].graph.snapshot();
    for number in 0..5_000_u64 {
        let garbage: Vec<u8> = (0..random.below(80)).map(|_| random.below(256) as u8).collect();
        let from = if number % 2 == 0 { phone.address } else { with_port(local, 9) };
        world.inject(from, local, &garbage);
        if number % 100 == 0 {
            let heard = phone.heard(&world).len();
            phone.talk(&mut world, local, 5);
            // By chance a little of it is RTP, and there are reports.
            assert!(phone.heard(&world).len() >= heard + 5, "after {number}");
        }
    }
    let after = world.hosts[0].graph.snapshot();
    assert!(after.refused.total() - before.refused.total() > 4_500, "{:?}", after.refused);
    assert_eq!(
        (after.legs, after.routes, after.timers),
        (before.legs, before.routes, before.timers)
    );
}

#[test]
fn what_is_no_fax_and_what_comes_before_one_is_counted() {
    let (mut world, phone, local) = call_in_clear();
    let ends = (phone.address, local);
    let mut image = audio(0x11);
    (image.kind, image.codecs) = (MediaKind::Image, Vec::new());
    world.apply(0, 1, plain_plan(phone.address, vec![image]));
    for broken in [&[][..], &[0], &[0, 1, 0xff, 0, 1]] {
        assert_refused(&mut world, 0, ends, broken, Refusal::Udptl);
    }
    let stranger = ("203.0.113.66:1234".parse().unwrap(), local);
    assert_refused(&mut world, 0, stranger, &[0, 1, 1, 6, 0, 0], Refusal::Stranger);
}

/// Two legs of WebRTC with keys, and a telephone whose voice goes from the first to the second.
fn call_of_browsers() -> (World, Phone, SocketAddr) {
    let mut world = World::connected(6, Link::default());
    let mut phone = Phone::new("198.51.100.9:4000");
    let local = world.plain(0, 3, RtpSettings::default()).rtp;
    world.apply(0, 3, plain_plan(phone.address, vec![audio(0x33)]));
    world.route(0, 3, 0, Route::Forward(vec![(LegId(1), 0)]));
    phone.talk(&mut world, local, 10);
    world.run(SECOND / 5);
    (world, phone, local)
}

#[test]
fn whatever_is_wrong_with_a_datagram_for_a_browser_s_leg_is_counted_by_its_reason() {
    let (mut world, mut phone, local) = call_of_browsers();
    let (one, two) = (world.hosts[0].ip_port(), world.hosts[1].ip_port());
    let sent = |world: &World, kind| {
        let of_kind = |(from, to, bytes): &&(SocketAddr, SocketAddr, Vec<u8>)| {
            (*from, *to) == (one, two) && classify(bytes) == Some(kind)
        };
        world.wire.iter().rfind(of_kind).expect("there was one").2.clone()
    };
    let media = sent(&world, Kind::Rtp);
    let mut forged = media.clone();
    *forged.last_mut().unwrap() ^= 1;
    // A later number, so that the tag decides and not the window.
    forged[2] ^= 0x40;
    let mut meddled = sent(&world, Kind::Stun);
    // In the middle of an attribute: integrity covers it.
    let middle = meddled.len() / 2;
    meddled[middle] ^= 1;
    let stranger: SocketAddr = "203.0.113.66:1234".parse().unwrap();
    let mut report = vec![0x80, 201, 0, 1, 0, 0, 0, 0x11];
    report.extend([7; 28]);
    let cases: [(_, &[u8], _); 10] = [
        (one, &media, Refusal::Replayed),
        (one, &forged, Refusal::Unauthentic),
        (one, &report, Refusal::Unauthentic),
        (one, &[0x80, 0, 1], Refusal::Rtp),
        (one, &[0x80, 200, 0], Refusal::Rtcp),
        (one, &meddled, Refusal::Stun),
        (one, &[22, 0xfe], Refusal::Dtls),
        (one, &[22, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Refusal::Dtls), // TLS, not DTLS
        (stranger, &media, Refusal::Unclaimed),
        (stranger, &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Refusal::Unclaimed),
    ];
    for (from, datagram, refusal) in cases {
        assert_refused(&mut world, 1, (from, two), datagram, refusal);
    }
    let heard = world.received(1, 2);
    phone.talk(&mut world, local, 10);
    world.run(SECOND / 5);
    assert_eq!(world.received(1, 2), heard + 10, "the call goes on");
}

#[test]
fn a_keep_alive_without_an_answer_is_no_fault() {
    let (mut world, ..) = call_of_browsers();
    let (one, two) = (world.hosts[0].ip_port(), world.hosts[1].ip_port());
    let before = world.hosts[1].graph.snapshot().refused.of(Refusal::Stun);
    let mut indication = vec![0, 0x11, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    indication.extend([5; 12]);
    world.inject(one, two, &indication);
    world.run(TICK);
    assert_eq!(world.hosts[1].graph.snapshot().refused.of(Refusal::Stun), before);
}

/// Datagrams of every first byte that belongs to DTLS, well-formed records and not, without
/// handshake messages (22): before there are keys, a forged one cannot be told from the peer's.
fn nonsense(random: &mut SeededRandom) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for first in (20..64).filter(|first| *first != 22) {
        for epoch in 0..2 {
            let mut record = vec![first, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 9, 0, 60];
            record.extend((0..60).map(|_| random.below(256) as u8));
            found.push(record);
        }
    }
    found
}

/// Two legs of WebRTC that are proven and have no keys: ICE passes, DTLS is lost.
fn call_without_keys() -> World {
    let mut world = World::new(8, Link::default());
    world.rewrite = Some(|bytes| match classify(&bytes) {
        Some(Kind::Dtls) => Vec::new(),
        _ => vec![bytes],
    });
    let a = world.webrtc(0, 1);
    let b = world.webrtc(1, 2);
    world.apply(0, 1, webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]));
    world.apply(1, 2, webrtc_plan(&a, DtlsRole::Server, vec![audio(0x22)]));
    world.run(2 * SECOND);
    assert!(!world.keyed(0, 1) && !world.keyed(1, 2));
    world
}

#[test]
fn media_and_nonsense_before_the_keys_are_counted_and_the_handshake_succeeds_later() {
    let mut world = call_without_keys();
    let (one, two) = (world.hosts[0].ip_port(), world.hosts[1].ip_port());
    assert_refused(&mut world, 1, (one, two), &rtp(0), Refusal::Untimely);
    assert_refused(&mut world, 1, (one, two), &[0x80, 201, 0, 1, 0, 0, 0, 1], Refusal::Untimely);
    let refused = |world: &World, host: usize| world.hosts[host].graph.snapshot().refused;
    let before = [0, 1].map(|host| refused(&world, host));
    for datagram in nonsense(&mut SeededRandom::new(9)) {
        world.inject(one, two, &datagram);
        world.inject(two, one, &datagram);
        world.run(Duration::from_millis(2));
    }
    for host in [0, 1] {
        let new = |reason| refused(&world, host).of(reason) - before[host].of(reason);
        // Types 27 to 31 are nobody's; eight say a length that is not theirs; and we never agree
        // to connection IDs (48 to 63).
        assert_eq!(new(Refusal::Dtls), (5 + 8 + 16) * 2, "host {host}");
        let all = refused(&world, host).total() - before[host].total();
        assert_eq!(all, new(Refusal::Dtls), "{:?}", world.hosts[host].events);
    }
    world.rewrite = None;
    world.run(20 * SECOND);
    let failed = |event: &LegEvent| matches!(event, LegEvent::DtlsFailed { .. });
    for (host, id) in [(0, 1), (1, 2)] {
        assert!(!world.has(host, id, failed), "{:?}", world.events(host, id));
        assert!(world.keyed(host, id), "{:?}", world.events(host, id));
    }
}

#[test]
fn dtls_after_a_handshake_that_failed_is_counted_as_late() {
    let mut world = World::new(3, Link::default());
    let a = world.webrtc(0, 1);
    let b = world.webrtc(1, 2);
    let mut plan = webrtc_plan(&a, DtlsRole::Server, vec![audio(0x22)]);
    for transport in &mut plan.transports {
        if let sidetone_sdp::plan::Protection::Dtls { fingerprints, .. } = &mut transport.protection
        {
            fingerprints.iter_mut().for_each(|(_, hash)| hash[0] ^= 1);
        }
    }
    world.apply(0, 1, webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]));
    world.apply(1, 2, plan);
    world.run(3 * SECOND);
    assert!(world.has(1, 2, |event| matches!(event, LegEvent::DtlsFailed { .. })));
    let (one, two) = (world.hosts[0].ip_port(), world.hosts[1].ip_port());
    let hello = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    // The other side still tries; its flight is over before the next one.
    assert_refused(&mut world, 1, (one, two), &hello, Refusal::Untimely);
}

/// An alert in clear: record header, level, description.
fn alert(level: u8, description: u8) -> Vec<u8> {
    vec![21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, level, description]
}

#[test]
fn an_alert_in_clear_is_counted_and_a_fatal_one_is_the_reason_why_there_is_no_sound() {
    let mut world = call_without_keys();
    let (one, two) = (world.hosts[0].ip_port(), world.hosts[1].ip_port());
    let failed = |world: &World| {
        let reasons = world.events(0, 1).into_iter().filter_map(|event| match event {
            LegEvent::DtlsFailed { reason, .. } => Some(reason),
            _ => None,
        });
        reasons.collect::<Vec<_>>()
    };
    assert_refused(&mut world, 0, (two, one), &alert(1, 90), Refusal::Alert);
    assert_refused(&mut world, 1, (one, two), &alert(1, 90), Refusal::Alert);
    assert!(failed(&world).is_empty(), "a warning ends nothing: {:?}", failed(&world));
    assert_refused(&mut world, 0, (two, one), &alert(2, 40), Refusal::Alert);
    let reasons = failed(&world);
    let named = |reason: &String| reason.contains("the peer sent the alert handshake_failure (40)");
    assert!(reasons.len() == 1 && named(&reasons[0]), "{reasons:?}");
}
