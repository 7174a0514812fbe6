//! Two WebRTC legs over a bad link, and what strangers try.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use sidetone_base::LegId;
use sidetone_media::{LegEvent, LegFault, LegKind, Route, RtpSettings};
use sidetone_rtp::{Kind, classify};
use sidetone_sdp::plan::{Direction, DtlsRole, LocalTransport, Protection};
use support::{Link, Phone, World, audio, fresh_certificate, plain_plan, webrtc_plan};

const SECOND: Duration = Duration::from_secs(1);

fn bad_link() -> Link {
    Link {
        loss_percent: 20,
        repeat_percent: 5,
        delay: Duration::from_millis(30),
        jitter: Duration::from_millis(20),
    }
}

/// Adds a plain leg 3 on host 0, joined with leg 1, and lets leg 2 echo.
fn with_phone(world: &mut World) -> (Phone, LocalTransport) {
    let phone = Phone::new("198.51.100.9:4000");
    let local = world.plain(0, 3, RtpSettings::default());
    world.apply(0, 3, plain_plan(phone.address, vec![audio(0x33)]));
    world.route(0, 3, 0, Route::Forward(vec![(LegId(1), 0)]));
    world.route(0, 1, 0, Route::Forward(vec![(LegId(3), 0)]));
    world.route(1, 2, 0, Route::Echo);
    (phone, local)
}

#[test]
fn legs_connect_and_echo_on_a_good_link() {
    let mut world = World::connected(1, Link::default());
    assert!(world.keyed(0, 1) && world.keyed(1, 2));
    let (mut phone, local) = with_phone(&mut world);
    phone.talk(&mut world, local.rtp, 10);
    world.run(SECOND / 5);
    assert_eq!(phone.heard(&world).len(), 10);
    assert_eq!(world.received(1, 2), 10);
}

/// ICE, DTLS and media over IPv6, on a bad link and through an ICE restart.
#[test]
fn over_ipv6_legs_connect_hear_and_restart() {
    for seed in 1..=4 {
        let hosts = ["2001:db8::1", "2001:db8::2"].map(|ip| ip.parse().unwrap());
        let mut world = World::between(hosts, seed, bad_link());
        world.connect();
        world.run(20 * SECOND);
        assert!(world.keyed(0, 1) && world.keyed(1, 2), "seed {seed}: {:?}", world.events(0, 1));
        world.link = Link::default();
        let now = world.now;
        let a = world.hosts[0].graph.restart_ice(now, LegId(1)).unwrap().remove(0);
        let line = a.ice.as_ref().unwrap().candidates[0].clone();
        assert!(line.contains(" 2001:db8::1 ") && line.ends_with("typ host"), "{line}");
        let b = world.hosts[1].graph.restart_ice(now, LegId(2)).unwrap().remove(0);
        world.apply(1, 2, webrtc_plan(&a, DtlsRole::Server, vec![audio(0x22)]));
        world.apply(0, 1, webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]));
        world.run(SECOND);
        let (mut phone, local) = with_phone(&mut world);
        phone.talk(&mut world, local.rtp, 10);
        world.run(SECOND / 5);
        assert_eq!(world.received(1, 2), 10);
        assert_eq!(phone.heard(&world).len(), 10);
        let over_ipv6 = |event: &LegEvent| match event {
            LegEvent::IceConnected { remote, .. } => remote.is_ipv6(),
            _ => false,
        };
        assert!(world.has(0, 1, over_ipv6));
    }
}

#[test]
fn the_handshake_survives_a_fifth_of_loss() {
    for seed in 1..=8 {
        let mut world = World::connected(seed, bad_link());
        world.run(20 * SECOND);
        assert!(world.keyed(0, 1) && world.keyed(1, 2), "seed {seed}: {:?}", world.events(0, 1));
    }
}

#[test]
fn the_handshake_is_done_within_seven_round_trips() {
    let mut world = World::connected(1, Link::default());
    let when = world.wire.iter().filter(|(_, _, bytes)| classify(bytes) == Some(Kind::Dtls));
    assert!(when.count() <= 16, "flights were repeated on a link without loss");
    world.run(SECOND);
    assert!(world.keyed(0, 1));
}

#[test]
fn nothing_leaves_in_clear_ever() {
    let mut world = World::new(2, Link::default());
    let a = world.webrtc(0, 1);
    let b = world.webrtc(1, 2);
    let mut phone = Phone::new("198.51.100.9:4000");
    let local = world.plain(0, 3, RtpSettings::default());
    world.apply(0, 3, plain_plan(phone.address, vec![audio(0x33)]));
    world.apply(0, 1, webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]));
    world.route(0, 3, 0, Route::Forward(vec![(LegId(1), 0)]));
    // The phone talks long before the other side answers.
    phone.talk(&mut world, local.rtp, 20);
    world.apply(1, 2, webrtc_plan(&a, DtlsRole::Server, vec![audio(0x22)]));
    // Until reports have come due too.
    phone.talk(&mut world, local.rtp, 600);
    let shared = a.rtp;
    let from_leg = || world.wire.iter().filter(|(from, _, _)| *from == shared);
    assert!(from_leg().all(|(_, _, bytes)| !bytes.windows(32).any(|w| w == [0xff; 32])));
    let kinds = from_leg().map(|(_, _, bytes)| classify(bytes));
    let first_media = kinds.clone().position(|kind| kind == Some(Kind::Rtp));
    let last_dtls = kinds.clone().collect::<Vec<_>>();
    let last_dtls = last_dtls.iter().rposition(|kind| *kind == Some(Kind::Dtls));
    assert!(last_dtls.is_some() && first_media > last_dtls, "media before the handshake ended");
    let reports: Vec<_> = from_leg().filter(|(_, _, bytes)| is_rtcp(bytes)).collect();
    assert!(reports.len() >= 2, "{} reports in 12 s", reports.len());
    for (_, _, report) in reports {
        assert!(!is_whole_rtcp(report), "a report in clear: {report:02x?}");
    }
    assert!(world.received(1, 2) > 50);
}

fn is_rtcp(bytes: &[u8]) -> bool {
    classify(bytes) == Some(Kind::Rtcp)
}

/// Whether the lengths of the reports lead exactly to the end, as they do in clear: SRTCP has an
/// index and a tag behind them (RFC 3711 §3.4).
fn is_whole_rtcp(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let [first, _, high, low, ..] = rest {
        let len = 4 * (usize::from(u16::from_be_bytes([*high, *low])) + 1);
        if first >> 6 != 2 || rest.len() < len {
            return false;
        }
        rest = &rest[len..];
    }
    rest.is_empty()
}

/// RFC 8445 §7.3.1.3: whoever stands behind a NAT is known by its checks alone.
#[test]
fn a_peer_whose_address_no_candidate_names_is_found_by_its_checks() {
    let elsewhere = "candidate:1 1 udp 2130706431 203.0.113.77 9 typ host".to_owned();
    for (seed, controlling) in [(6, true), (7, false)] {
        for candidates in [vec![], vec![elsewhere.clone()]] {
            let mut world = World::new(seed, Link::default());
            let a = world.webrtc(0, 1);
            let b = world.webrtc(1, 2);
            let mut plan = webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]);
            let ice = plan.transports[0].ice.as_mut().unwrap();
            (ice.candidates, ice.controlling) = (candidates, controlling);
            plan.transports[0].remote_rtp = None;
            world.apply(0, 1, plan);
            let mut plan = webrtc_plan(&a, DtlsRole::Server, vec![audio(0x22)]);
            plan.transports[0].ice.as_mut().unwrap().controlling = !controlling;
            world.apply(1, 2, plan);
            world.run(5 * SECOND);
            let found = |event: &LegEvent| match event {
                LegEvent::IceConnected { remote, .. } => *remote == b.rtp,
                _ => false,
            };
            assert!(world.has(0, 1, found), "{:?}", world.events(0, 1));
            let (mut phone, local) = with_phone(&mut world);
            phone.talk(&mut world, local.rtp, 60);
            assert!(world.received(1, 2) > 50 && world.received(0, 1) > 50);
        }
    }
}

/// RFC 8445 §7.1.2: both media agents say which pair they use, and it is the same one.
#[test]
fn both_sides_settle_on_one_pair_and_keep_to_it() {
    let mut world = World::connected(8, Link::default());
    let pairs = |world: &World, host, id| {
        let found = |event| match event {
            LegEvent::IceConnected { remote, .. } => Some(remote),
            _ => None,
        };
        world.events(host, id).into_iter().filter_map(found).collect::<Vec<_>>()
    };
    let (mut phone, local) = with_phone(&mut world);
    phone.talk(&mut world, local.rtp, 200);
    let (near, far) = (pairs(&world, 0, 1), pairs(&world, 1, 2));
    let last = near.last().zip(far.last()).expect("both are connected");
    // What one sends to is where the other receives.
    let media = |from, to| {
        let media = world.wire.iter().filter(|(_, _, bytes)| classify(bytes) == Some(Kind::Rtp));
        media.filter(|(source, target, _)| *source == from && *target == to).count()
    };
    assert!(media(*last.1, *last.0) > 100 && media(*last.0, *last.1) > 100);
    assert_eq!((near.len(), far.len()), (1, 1), "{near:?} {far:?}");
}

#[test]
fn a_wrong_fingerprint_is_refused_in_words() {
    let mut world = World::new(3, Link::default());
    let a = world.webrtc(0, 1);
    let b = world.webrtc(1, 2);
    let mut plan = webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]);
    let fingerprints = fresh_certificate().fingerprints();
    plan.transports[0].protection = Protection::Dtls { fingerprints, role: DtlsRole::Client };
    world.apply(0, 1, plan);
    world.apply(1, 2, webrtc_plan(&a, DtlsRole::Server, vec![audio(0x22)]));
    world.run(5 * SECOND);
    assert!(!world.keyed(0, 1));
    let refused = |event: &LegEvent| match event {
        LegEvent::DtlsFailed { reason, .. } => reason.contains("does not match the sha-256"),
        _ => false,
    };
    assert!(world.has(0, 1, refused), "{:?}", world.events(0, 1));
    let (mut phone, local) = with_phone(&mut world);
    phone.talk(&mut world, local.rtp, 5);
    assert_eq!(world.received(1, 2), 0);
}

#[test]
fn strangers_reach_neither_dtls_nor_srtp() {
    let mut world = World::new(4, Link::default());
    let a = world.webrtc(0, 1);
    let b = world.webrtc(1, 2);
    world.apply(0, 1, webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]));
    world.apply(1, 2, webrtc_plan(&a, DtlsRole::Server, vec![audio(0x22)]));
    let stranger = "203.0.113.66:1234".parse().unwrap();
    // A ClientHello of a handshake elsewhere, raced from another address.
    let mut other = World::connected(5, Link::default());
    other.run(SECOND);
    let is_dtls = |(_, _, bytes): &&(_, _, Vec<u8>)| classify(bytes) == Some(Kind::Dtls);
    let hello = other.wire.iter().find(is_dtls).unwrap().2.clone();
    for _ in 0..20 {
        world.inject(stranger, b.rtp, &hello);
        world.inject(stranger, b.rtp, &[0x80; 172]);
        world.inject(stranger, b.rtp, &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4]);
        world.run(Duration::from_millis(5));
    }
    world.run(3 * SECOND);
    assert!(world.keyed(0, 1) && world.keyed(1, 2));
    assert!(world.strays.is_empty(), "the stranger got an answer");
    assert!(world.hosts[1].graph.snapshot().refused.total() >= 60);
}

#[test]
fn replayed_media_from_elsewhere_is_dropped() {
    let mut world = World::connected(6, Link::default());
    let (mut phone, local) = with_phone(&mut world);
    phone.talk(&mut world, local.rtp, 10);
    world.run(SECOND / 5);
    let before = world.received(1, 2);
    let (media, two) = (world.wire.clone(), world.hosts[1].ip_port());
    let to_two =
        media.iter().filter(|(_, to, bytes)| *to == two && classify(bytes) == Some(Kind::Rtp));
    for (from, to, bytes) in to_two.clone() {
        let stranger = "203.0.113.66:1234".parse().unwrap();
        world.inject(stranger, *to, bytes);
        // And from the right address: SRTP's replay list.
        world.inject(*from, *to, bytes);
    }
    world.run(SECOND / 5);
    assert_eq!(world.received(1, 2), before);
}

#[test]
fn hold_and_a_flipped_setup_keep_the_handshake() {
    let mut world = World::connected(7, Link::default());
    let (mut phone, local) = with_phone(&mut world);
    let b = world_local(&mut world, 1);
    for (direction, role) in [
        (Direction::SendOnly, DtlsRole::Server),
        (Direction::Inactive, DtlsRole::Client),
        (Direction::SendRecv, DtlsRole::Server),
    ] {
        let mut stream = audio(0x11);
        stream.direction = direction;
        let mut plan = webrtc_plan(&b, role, vec![stream]);
        plan.transports[0].ice.as_mut().unwrap().controlling = true;
        world.apply(0, 1, plan);
        world.run(SECOND);
    }
    phone.talk(&mut world, local.rtp, 10);
    world.run(SECOND / 5);
    assert_eq!(phone.heard(&world).len(), 10);
    let connects = world.events(0, 1).into_iter();
    let connects = connects.filter(|event| matches!(event, LegEvent::DtlsConnected { .. }));
    assert_eq!(connects.count(), 1);
}

/// What leg 2 told leg 1 in SDP: the same values again, as in a re-INVITE.
fn world_local(world: &mut World, host: usize) -> LocalTransport {
    let id = LegId(host as u64 + 1);
    let graph = &mut world.hosts[host].graph;
    graph.local_transports(id).unwrap().remove(0)
}

#[test]
fn an_ice_restart_keeps_keys_and_media() {
    let mut world = World::connected(8, Link::default());
    let (mut phone, local) = with_phone(&mut world);
    phone.talk(&mut world, local.rtp, 5);
    let now = world.now;
    let a = world.hosts[0].graph.restart_ice(now, LegId(1)).unwrap().remove(0);
    // The offer is under way: media goes on over the old path.
    phone.talk(&mut world, local.rtp, 5);
    let now = world.now;
    let b = world.hosts[1].graph.restart_ice(now, LegId(2)).unwrap().remove(0);
    world.apply(1, 2, webrtc_plan(&a, DtlsRole::Server, vec![audio(0x22)]));
    world.apply(0, 1, webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]));
    phone.talk(&mut world, local.rtp, 20);
    world.run(SECOND);
    assert_eq!(phone.heard(&world).len(), 30);
    let connected = |event: &LegEvent| matches!(event, LegEvent::IceConnected { .. });
    assert!(world.events(0, 1).into_iter().filter(|e| connected(e)).count() >= 2);
    let count = |event: &LegEvent| matches!(event, LegEvent::DtlsConnected { .. });
    assert_eq!(world.events(0, 1).into_iter().filter(|e| count(e)).count(), 1);
}

#[test]
fn consent_that_runs_out_stops_media_until_the_path_is_back() {
    let mut world = World::connected(9, Link::default());
    let (mut phone, local) = with_phone(&mut world);
    world.cut = true;
    world.run(35 * SECOND);
    assert!(world.has(0, 1, |event| matches!(event, LegEvent::IceDisconnected { .. })));
    let sent = world.wire.len();
    phone.talk(&mut world, local.rtp, 10);
    let rtp = |(_, _, bytes): &&(_, _, Vec<u8>)| classify(bytes) == Some(Kind::Rtp);
    assert_eq!(world.wire[sent..].iter().filter(rtp).count(), 0);
    // RFC 7675 §5.1: consent that is gone comes back with a restart of ICE only.
    world.cut = false;
    let now = world.now;
    let a = world.hosts[0].graph.restart_ice(now, LegId(1)).unwrap().remove(0);
    let b = world.hosts[1].graph.restart_ice(now, LegId(2)).unwrap().remove(0);
    world.apply(1, 2, webrtc_plan(&a, DtlsRole::Server, vec![audio(0x22)]));
    world.apply(0, 1, webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]));
    world.run(3 * SECOND);
    let (sent, before) = (world.wire.len(), phone.heard(&world).len());
    phone.talk(&mut world, local.rtp, 10);
    world.run(SECOND);
    assert!(world.wire[sent..].iter().filter(rtp).count() >= 10, "the path is back");
    assert_eq!(phone.heard(&world).len() - before, 10, "and comes back from the other side");
}

#[test]
fn mdns_and_broken_candidates_do_not_matter() {
    let mut world = World::new(10, Link::default());
    let a = world.webrtc(0, 1);
    let b = world.webrtc(1, 2);
    let mut plan = webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]);
    plan.transports[0].ice.as_mut().unwrap().candidates = vec![
        "1 1 udp 2113937151 4f1b2c3d-0000-4000-8000-123456789abc.local 50000 typ host".into(),
        "rubbish".into(),
        "2 1 tcp 1518280447 192.0.2.2 9 typ host tcptype active".into(),
    ];
    world.apply(0, 1, plan);
    world.apply(1, 2, webrtc_plan(&a, DtlsRole::Server, vec![audio(0x22)]));
    world.run(3 * SECOND);
    assert!(world.keyed(0, 1) && world.keyed(1, 2));
}

#[test]
fn a_role_conflict_resolves() {
    for (a_controls, b_controls) in [(true, true), (false, false)] {
        let mut world = World::new(11, Link::default());
        let a = world.webrtc(0, 1);
        let b = world.webrtc(1, 2);
        let mut plan = webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]);
        plan.transports[0].ice.as_mut().unwrap().controlling = a_controls;
        world.apply(0, 1, plan);
        let mut plan = webrtc_plan(&a, DtlsRole::Server, vec![audio(0x22)]);
        plan.transports[0].ice.as_mut().unwrap().controlling = b_controls;
        world.apply(1, 2, plan);
        world.run(5 * SECOND);
        assert!(world.keyed(0, 1) && world.keyed(1, 2), "{a_controls} {b_controls}");
    }
}

#[test]
fn a_lite_leg_connects() {
    let mut world = World::new(12, Link::default());
    let settings = RtpSettings::default();
    let a = world.webrtc_with(0, 1, settings, LegKind::Ice { lite: true });
    assert!(a.ice.as_ref().unwrap().lite);
    let b = world.webrtc(1, 2);
    world.apply(0, 1, webrtc_plan(&b, DtlsRole::Server, vec![audio(0x11)]));
    world.apply(1, 2, webrtc_plan(&a, DtlsRole::Client, vec![audio(0x22)]));
    world.run(3 * SECOND);
    assert!(world.keyed(0, 1) && world.keyed(1, 2));
}

#[test]
fn a_peer_that_never_answers_gives_a_verdict() {
    let mut world = World::new(13, Link::default());
    world.webrtc(0, 1);
    let b = world.webrtc(1, 2);
    world.cut = true;
    world.apply(0, 1, webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]));
    world.run(20 * SECOND);
    let failed = |event: &LegEvent| match event {
        LegEvent::IceFailed { reason, .. } => reason.contains("rtpstart-rtpend"),
        _ => false,
    };
    assert!(world.has(0, 1, failed), "{:?}", world.events(0, 1));
}

#[test]
fn reports_travel_and_give_a_round_trip_time() {
    let mut world = World::connected(14, Link::default());
    let (mut phone, local) = with_phone(&mut world);
    phone.talk(&mut world, local.rtp, 1000);
    // The other side echoes: media goes both ways, and each side reports on what it got.
    for (host, leg) in [(0, 1), (1, 2)] {
        let quality = world.hosts[host].graph.quality(LegId(leg)).unwrap().remove(0);
        let rtt = quality.sent.rtt.expect("no report block came");
        assert!((19..=22).contains(&rtt.as_millis()), "{host}: {rtt:?}");
        assert_eq!((quality.received.lost, quality.sent.lost), (0, 0), "{host}");
        assert!(quality.received.packets >= 900, "{host}: {}", quality.received.packets);
    }
}

#[test]
fn a_leg_reports_as_often_as_it_is_told() {
    let reports = |interval: Duration| {
        let mut world = World::new(17, Link::default());
        let settings = RtpSettings { rtcp_interval: interval, ..RtpSettings::default() };
        let a = world.webrtc_with(0, 1, settings, LegKind::Ice { lite: false });
        let b = world.webrtc(1, 2);
        world.apply(0, 1, webrtc_plan(&b, DtlsRole::Server, vec![audio(0x11)]));
        world.apply(1, 2, webrtc_plan(&a, DtlsRole::Client, vec![audio(0x22)]));
        world.run(3 * SECOND);
        let (mut phone, local) = with_phone(&mut world);
        let (before, ours) = (world.wire.len(), a.rtp);
        phone.talk(&mut world, local.rtp, 1_000);
        let by_us = |(from, _, bytes): &&(SocketAddr, SocketAddr, Vec<u8>)| {
            *from == ours && classify(bytes) == Some(Kind::Rtcp)
        };
        world.wire[before..].iter().filter(by_us).count()
    };
    // Twenty seconds; RFC 3550 §6.3.1 spreads each interval by half to once and a half, and
    // divides by e − 1.5.
    let (often, seldom) = (reports(Duration::from_millis(500)), reports(5 * SECOND));
    assert!((25..=100).contains(&often), "{often} reports at 500 ms");
    assert!((2..=10).contains(&seldom), "{seldom} reports at 5 s");
}

#[test]
fn closing_says_goodbye_and_forgets_everything() {
    let mut world = World::connected(15, Link::default());
    let sent = world.wire.len();
    world.close(0, 1);
    let kinds: Vec<_> = world.wire[sent..].iter().map(|(_, _, b)| classify(b)).collect();
    assert_eq!(kinds, [Some(Kind::Rtcp), Some(Kind::Dtls)]);
    let snapshot = world.hosts[0].graph.snapshot();
    assert_eq!((snapshot.legs, snapshot.routes, snapshot.timers), (0, 0, 0));
}

#[test]
fn media_in_clear_is_no_plan_for_a_leg_that_demands_encryption() {
    let mut world = World::new(16, Link::default());
    let settings = RtpSettings { encrypted: true, ..RtpSettings::default() };
    world.webrtc_with(0, 1, settings, LegKind::Ice { lite: false });
    let plan = plain_plan("198.51.100.9:4000".parse().unwrap(), vec![audio(1)]);
    let refused = world.try_apply(0, 1, plan);
    assert!(matches!(refused, Err(LegFault::BadPlan(_))), "{refused:?}");
}
