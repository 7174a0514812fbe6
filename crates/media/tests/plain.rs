//! Plain legs: sources, SDES keys, digits, silence.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::time::Duration;

use sidetone_base::LegId;
use sidetone_media::{DtmfRelay, LegEvent, Route, RtpSettings};
use sidetone_rtp::{Kind, RtpView, classify};
use sidetone_sdp::plan::{Direction, MediaPlan, Protection, SdesKey};
use support::{Link, Phone, World, audio, opus, plain_plan};

const SECOND: Duration = Duration::from_secs(1);

fn echo_leg(settings: RtpSettings) -> (World, Phone, std::net::SocketAddr) {
    let mut world = World::new(1, Link::default());
    let phone = Phone::new("198.51.100.9:4000");
    let local = world.plain(0, 1, settings);
    world.apply(0, 1, plain_plan(phone.address, vec![audio(0x11)]));
    world.route(0, 1, 0, Route::Echo);
    (world, phone, local.rtp)
}

#[test]
fn echo_renumbers_but_keeps_payload() {
    let (mut world, mut phone, to) = echo_leg(RtpSettings::default());
    phone.talk(&mut world, to, 3);
    world.run(SECOND / 10);
    let heard = phone.heard(&world);
    let views: Vec<_> = heard.iter().map(|bytes| RtpView::parse(bytes).unwrap()).collect();
    assert_eq!(views.len(), 3);
    assert!(views.iter().all(|view| view.ssrc().0 == 0x11 && view.payload() == [0xff; 160]));
    assert_eq!(views[2].sequence(), views[0].sequence().wrapping_add(2));
    assert_eq!(views[2].timestamp(), views[0].timestamp().wrapping_add(320));
    assert!(views[0].marker() && !views[1].marker());
}

#[test]
fn who_was_never_heard_says_no_goodbye() {
    let (mut world, _, _) = echo_leg(RtpSettings::default());
    world.close(0, 1);
    assert!(world.wire.is_empty(), "RFC 3550, 6.3.7");
    let (mut world, mut phone, to) = echo_leg(RtpSettings::default());
    phone.talk(&mut world, to, 1);
    world.run(SECOND / 10);
    let sent = world.wire.len();
    world.close(0, 1);
    let kinds: Vec<_> = world.wire[sent..].iter().map(|(_, _, b)| classify(b)).collect();
    assert_eq!(kinds, [Some(Kind::Rtcp)], "who sent a packet does");
}

#[test]
fn a_peer_behind_nat_is_found_and_strangers_are_not() {
    let (mut world, phone, to) = echo_leg(RtpSettings::default());
    let mut nated = Phone::new("203.0.113.5:61000");
    nated.talk(&mut world, to, 10);
    let mut stranger = Phone::new("203.0.113.66:1234");
    for _ in 0..50 {
        stranger.say(&mut world, to, b"intruder");
        nated.talk(&mut world, to, 1);
    }
    world.run(SECOND / 10);
    assert!(phone.heard(&world).is_empty() && stranger.heard(&world).is_empty());
    // Three packets of probation were not echoed.
    assert_eq!(nated.heard(&world).len(), 57);
    let moved = LegEvent::SourceChanged { transport: 0, remote: nated.address };
    assert_eq!(world.events(0, 1).iter().filter(|event| **event == moved).count(), 1);
}

fn sdes(plan: &mut MediaPlan, local: u8, remote: u8) {
    let key = |byte| SdesKey {
        tag: 1,
        suite: "AES_CM_128_HMAC_SHA1_80".into(),
        key_and_salt: vec![byte; 30],
    };
    plan.transports[0].protection = Protection::Sdes { local: key(local), remote: key(remote) };
}

#[test]
fn sdes_protects_both_ways_and_survives_a_reinvite() {
    let mut world = World::new(2, Link::default());
    let a = world.plain(0, 1, RtpSettings::default());
    let b = world.plain(1, 2, RtpSettings::default());
    let mut a_plan = plain_plan(b.rtp, vec![audio(0x11)]);
    let mut b_plan = plain_plan(a.rtp, vec![audio(0x22)]);
    sdes(&mut a_plan, 1, 2);
    sdes(&mut b_plan, 2, 1);
    world.apply(0, 1, a_plan.clone());
    world.apply(1, 2, b_plan.clone());
    world.route(1, 2, 0, Route::Echo);
    let mut phone = Phone::new("198.51.100.9:4000");
    let c = world.plain(0, 3, RtpSettings::default());
    world.apply(0, 3, plain_plan(phone.address, vec![audio(0x33)]));
    world.route(0, 3, 0, Route::Forward(vec![(LegId(1), 0)]));
    world.route(0, 1, 0, Route::Forward(vec![(LegId(3), 0)]));
    phone.talk(&mut world, c.rtp, 5);
    world.apply(0, 1, a_plan);
    world.apply(1, 2, b_plan);
    phone.talk(&mut world, c.rtp, 5);
    world.run(SECOND / 10);
    assert_eq!(phone.heard(&world).len(), 10);
    let between = world.wire.iter().filter(|(from, to, _)| (*from, *to) == (a.rtp, b.rtp));
    assert!(between.clone().count() >= 10);
    assert!(between.into_iter().all(|(_, _, bytes)| !bytes.windows(8).any(|w| w == [0xff; 8])));
}

/// Two plain legs on two hosts that talk to each other.
fn pair(a: RtpSettings, b: RtpSettings) -> World {
    let mut world = World::new(3, Link::default());
    let a = world.plain(0, 1, a);
    let b = world.plain(1, 2, b);
    world.apply(0, 1, plain_plan(b.rtp, vec![audio(0x11)]));
    world.apply(1, 2, plain_plan(a.rtp, vec![audio(0x22)]));
    world
}

fn digits(world: &World, host: usize, id: u64) -> Vec<(char, u128)> {
    let digit = |event| match event {
        LegEvent::Dtmf { digit, duration, .. } => Some((digit, duration.as_millis())),
        _ => None,
    };
    world.events(host, id).into_iter().filter_map(digit).collect()
}

#[test]
fn digits_are_sent_one_after_the_other_and_reported_once() {
    let mut world = pair(RtpSettings::default(), RtpSettings::default());
    let now = world.now;
    for digit in ['1', '#', 'A'] {
        let graph = &mut world.hosts[0].graph;
        graph.send_dtmf(now, LegId(1), 0, digit, Duration::from_millis(100)).unwrap();
    }
    let refused = world.hosts[0].graph.send_dtmf(now, LegId(1), 0, 'x', SECOND);
    assert!(refused.is_err());
    world.run(2 * SECOND);
    assert_eq!(digits(&world, 1, 2), [('1', 100), ('#', 100), ('A', 100)]);
}

#[test]
fn a_digit_at_the_clock_of_another_codec_is_heard() {
    let mut world = World::new(3, Link::default());
    let a = world.plain(0, 1, RtpSettings::default());
    let b = world.plain(1, 2, RtpSettings::default());
    let mut sender = opus(0x11);
    sender.telephone_events = vec![(8_000, 126)];
    let mut receiver = opus(0x22);
    receiver.telephone_events = vec![(48_000, 110), (8_000, 126)];
    world.apply(0, 1, plain_plan(b.rtp, vec![sender]));
    world.apply(1, 2, plain_plan(a.rtp, vec![receiver]));
    let now = world.now;
    let graph = &mut world.hosts[0].graph;
    graph.send_dtmf(now, LegId(1), 0, '#', Duration::from_millis(120)).unwrap();
    world.run(2 * SECOND);
    assert_eq!(digits(&world, 1, 2), [('#', 120)]);
}

#[test]
fn digits_survive_loss() {
    for seed in 0..5 {
        let mut world = pair(RtpSettings::default(), RtpSettings::default());
        world.random = sidetone_base::SeededRandom::new(seed);
        world.link.loss_percent = 20;
        let now = world.now;
        let graph = &mut world.hosts[0].graph;
        graph.send_dtmf(now, LegId(1), 0, '5', Duration::from_millis(160)).unwrap();
        world.run(2 * SECOND);
        assert_eq!(digits(&world, 1, 2).len(), 1, "seed {seed}");
    }
}

#[test]
fn digits_travel_along_the_route_unless_stopped() {
    for (relay, passed) in [(DtmfRelay::Pass, 1), (DtmfRelay::Stop, 0)] {
        let mut world = pair(RtpSettings::default(), RtpSettings::default());
        world.route(1, 2, 0, Route::Echo);
        world.hosts[1].graph.dtmf_relay(LegId(2), 0, relay).unwrap();
        let now = world.now;
        let graph = &mut world.hosts[0].graph;
        graph.send_dtmf(now, LegId(1), 0, '7', Duration::from_millis(100)).unwrap();
        world.run(SECOND);
        assert_eq!((digits(&world, 1, 2).len(), digits(&world, 0, 1).len()), (1, passed));
    }
}

#[test]
fn silence_is_told_once_and_again_after_new_media() {
    let settings = RtpSettings { timeout: Some(2 * SECOND), ..RtpSettings::default() };
    let (mut world, mut phone, to) = echo_leg(settings);
    let timeouts = |world: &World| {
        let events = world.events(0, 1).into_iter();
        events.filter(|event| matches!(event, LegEvent::RtpTimeout { .. })).count()
    };
    world.run(10 * SECOND);
    assert_eq!(timeouts(&world), 1);
    phone.talk(&mut world, to, 100);
    assert_eq!(timeouts(&world), 1);
    world.run(5 * SECOND);
    assert_eq!(timeouts(&world), 2);
}

#[test]
fn on_hold_the_other_timeout_counts() {
    let settings = RtpSettings {
        timeout: Some(SECOND),
        timeout_hold: Some(20 * SECOND),
        ..RtpSettings::default()
    };
    let (mut world, phone, _) = echo_leg(settings);
    let mut held = audio(0x11);
    held.direction = Direction::SendOnly;
    world.apply(0, 1, plain_plan(phone.address, vec![held]));
    let told = |event: &LegEvent| matches!(event, LegEvent::RtpTimeout { .. });
    world.run(15 * SECOND);
    assert!(!world.has(0, 1, told));
    world.run(10 * SECOND);
    assert!(world.has(0, 1, told));
}

#[test]
fn a_quiet_leg_keeps_its_nat_binding_open() {
    let settings = RtpSettings { keepalive: Some(SECOND), ..RtpSettings::default() };
    let (mut world, phone, _) = echo_leg(settings);
    world.run(10 * SECOND);
    let sent = phone.heard(&world).len();
    assert!((9..=10).contains(&sent), "{sent}");
}

/// What the peer says keeps its own binding open, and may go another way than what it is to hear.
#[test]
fn a_leg_that_only_hears_keeps_its_nat_binding_open_too() {
    let settings = RtpSettings { keepalive: Some(SECOND), ..RtpSettings::default() };
    let mut world = World::new(1, Link::default());
    let mut phone = Phone::new("198.51.100.9:4000");
    let local = world.plain(0, 1, settings);
    world.apply(0, 1, plain_plan(phone.address, vec![audio(0x11)]));
    phone.talk(&mut world, local.rtp, 500);
    let sent = phone.heard(&world).len();
    assert!((9..=10).contains(&sent), "{sent}");
}

#[test]
fn rtcp_goes_to_its_own_port_without_mux() {
    let (mut world, mut phone, to) = echo_leg(RtpSettings::default());
    phone.talk(&mut world, to, 100);
    let rtcp = std::net::SocketAddr::new(phone.address.ip(), 4001);
    assert!(world.strays.iter().any(|(_, to, bytes)| *to == rtcp && bytes[1] == 200));
}

/// NAT-12: CNAMEs are random and nothing in a report names an address, whatever it is written as.
#[test]
fn reports_carry_no_address_of_ours() {
    let (mut world, mut phone, to) = echo_leg(RtpSettings::default());
    phone.talk(&mut world, to, 50);
    world.run(30 * SECOND);
    let std::net::IpAddr::V4(ours) = to.ip() else { panic!("an IPv4 host") };
    let (octets, text) = (ours.octets(), ours.to_string().into_bytes());
    let reports: Vec<&Vec<u8>> = world
        .wire
        .iter()
        .filter(|(from, _, bytes)| from.ip() == to.ip() && classify(bytes) == Some(Kind::Rtcp))
        .map(|(_, _, bytes)| bytes)
        .collect();
    assert!(reports.len() >= 3, "{} reports", reports.len());
    for report in reports {
        assert!(!report.windows(4).any(|window| window == octets), "{report:?}");
        assert!(!report.windows(text.len()).any(|window| window == text), "{report:?}");
    }
}
