//! Datagrams of a fax (T.38) between legs, on ports where RTP, STUN and DTLS mean nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use sidetone_base::LegId;
use sidetone_media::path::Collected;
use sidetone_media::{NewPipe, Route, RtpSettings};
use sidetone_sdp::attributes::Fax;
use sidetone_sdp::plan::{MediaKind, StreamPlan};
use support::{Link, Phone, World, audio, certificate, plain_plan};

fn image() -> StreamPlan {
    let mut plan = audio(1);
    plan.kind = MediaKind::Image;
    plan.codecs = Vec::new();
    plan.telephone_events = Vec::new();
    plan.fax = Some(Fax::default());
    plan
}

struct Call {
    world: World,
    ends: [(Phone, SocketAddr); 2],
}

/// Two machines on two legs of one worker.
fn call(settings: &RtpSettings) -> Call {
    let mut world = World::new(1, Link::default());
    let phones = [Phone::new("198.51.100.9:4000"), Phone::new("198.51.100.8:4000")];
    let ends = [1, 2].map(|id| world.plain(0, id, settings.clone()).rtp);
    for (id, phone) in [1, 2].into_iter().zip(&phones) {
        world.apply(0, id, plain_plan(phone.address, vec![image()]));
    }
    for (id, other) in [(1, 2), (2, 1)] {
        world.route(0, id, 0, Route::Forward(vec![(LegId(other), 0)]));
    }
    let [alice, bob] = phones;
    Call { world, ends: [(alice, ends[0]), (bob, ends[1])] }
}

fn datagram(number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    vec![high, low, 1, 6, 0, 0]
}

#[test]
fn every_number_passes_whatever_protocol_it_looks_like() {
    let Call { mut world, ends: [(alice, local), (bob, _)] } = call(&RtpSettings::default());
    // First bytes 0 to 255: STUN, DTLS, TURN, RTP and RTCP among them.
    let sent: Vec<Vec<u8>> = (0..=255_u16).map(|high| datagram(high << 8)).collect();
    for bytes in &sent {
        world.inject(alice.address, local, bytes);
        world.run(Duration::from_millis(20));
    }
    world.run(Duration::from_millis(100));
    assert_eq!(bob.heard(&world), sent);
    assert!(alice.heard(&world).is_empty(), "nothing comes back, no report either");
}

#[test]
fn a_fax_passes_through_pipes_and_a_loop_of_them_ends() {
    let Call { mut world, ends: [(alice, local), (bob, behind)] } = call(&RtpSettings::default());
    for (first, second) in [(10, 11), (12, 13)] {
        let new = NewPipe {
            ends: [LegId(first), LegId(second)],
            streams: MediaKind::PASSED.to_vec(),
            settings: RtpSettings::default(),
            certificate: certificate(),
        };
        let now = world.now;
        world.hosts[0].graph.create_pipe(now, &new, &mut Collected::default()).unwrap();
    }
    let forward = |world: &mut World, (from, stream), to| {
        world.route(0, from, stream, Route::Forward(vec![to]));
    };
    for (from, to) in [((1, 0), (10, 3)), ((11, 3), (12, 3)), ((13, 3), (2, 0))] {
        forward(&mut world, from, (LegId(to.0), to.1));
        forward(&mut world, to, (LegId(from.0), from.1));
    }
    for number in 0..5 {
        world.inject(alice.address, local, &datagram(number));
        world.inject(bob.address, behind, &datagram(100 + number));
        world.run(Duration::from_millis(20));
    }
    world.run(Duration::from_millis(100));
    assert_eq!(bob.heard(&world), (0..5).map(datagram).collect::<Vec<_>>());
    assert_eq!(alice.heard(&world), (100..105).map(datagram).collect::<Vec<_>>());
    forward(&mut world, (11, 3), (LegId(10), 3));
    world.inject(alice.address, local, &datagram(9));
    world.run(Duration::from_millis(100));
    assert_eq!(bob.heard(&world).len(), 5);
}

#[test]
fn strangers_and_garbage_are_dropped_and_a_machine_behind_nat_is_found() {
    let symmetric = RtpSettings { symmetric_fax: true, ..RtpSettings::default() };
    for (settings, found) in [(RtpSettings::default(), false), (symmetric, true)] {
        let Call { mut world, ends: [(alice, local), (bob, behind)] } = call(&settings);
        let nat: SocketAddr = "203.0.113.7:61000".parse().unwrap();
        for number in 0..10 {
            world.inject(nat, behind, &datagram(number));
            world.run(Duration::from_millis(20));
        }
        let stranger: SocketAddr = "203.0.113.66:5".parse().unwrap();
        for number in 0..10 {
            world.inject(nat, behind, &datagram(10 + number));
            world.inject(stranger, behind, &datagram(number));
            world.inject(nat, behind, &[0x80, 0, 0xff, 0, 1]);
            world.run(Duration::from_millis(20));
        }
        world.run(Duration::from_millis(100));
        // The first three are the probation of an address nobody named.
        assert_eq!(alice.heard(&world), (3..20).map(datagram).collect::<Vec<_>>());
        world.inject(alice.address, local, &datagram(1));
        world.run(Duration::from_millis(100));
        let at_nat = world.strays.iter().filter(|(_, to, _)| *to == nat).count();
        assert_eq!((at_nat, bob.heard(&world).len()), if found { (1, 0) } else { (0, 1) });
    }
}

#[test]
fn the_voice_comes_back_on_the_same_port() {
    let Call { mut world, ends: [(mut alice, local), (bob, _)] } = call(&RtpSettings::default());
    for (id, phone) in [(1, &alice), (2, &bob)] {
        world.apply(0, id, plain_plan(phone.address, vec![audio(id as u32)]));
    }
    let before = bob.heard(&world).len();
    world.inject(alice.address, local, &datagram(7));
    alice.talk(&mut world, local, 5);
    world.run(Duration::from_millis(100));
    let rtp = bob.heard(&world).split_off(before);
    let voices = rtp.iter().filter(|bytes| bytes.len() == 172).count();
    assert_eq!(voices, 5);
    assert!(!rtp.contains(&datagram(7)), "a late datagram of the fax is no voice");
}
