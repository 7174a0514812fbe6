//! Pipe legs: what is sent out of one end comes in at the other.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sidetone_base::LegId;
use sidetone_media::path::Collected;
use sidetone_media::{
    DtmfRelay, LegEvent, LegFault, NewPipe, Playback, Prompt, Route, RtpSettings,
};
use sidetone_rtp::RtpView;
use sidetone_rtp::rtcp::{Packet, packets};
use sidetone_sdp::plan::{MediaKind, StreamPlan};
use support::{Link, Phone, World, audio, certificate, opus, plain_plan, video};

const SECOND: Duration = Duration::from_secs(1);

/// Ends 10 and 11 of a pipe between the legs 1 and 2, one for each phone.
struct Joined {
    world: World,
    one: Phone,
    two: Phone,
    to_one: SocketAddr,
    to_two: SocketAddr,
}

fn pipe(world: &mut World, first: u64, second: u64) {
    let new = NewPipe {
        ends: [LegId(first), LegId(second)],
        streams: vec![MediaKind::Audio, MediaKind::Video],
        settings: RtpSettings::default(),
        certificate: certificate(),
    };
    let now = world.now;
    world.hosts[0].graph.create_pipe(now, &new, &mut Collected::default()).unwrap();
}

fn forward(world: &mut World, from: u64, to: u64, streams: usize) {
    for stream in 0..streams {
        world.route(0, from, stream, Route::Forward(vec![(LegId(to), stream)]));
    }
}

fn joined(one: Vec<StreamPlan>, two: Vec<StreamPlan>) -> Joined {
    let mut world = World::new(1, Link::default());
    let phones = [Phone::new("198.51.100.9:4000"), Phone::new("198.51.100.10:4000")];
    let to_one = world.plain(0, 1, RtpSettings::default()).rtp;
    let to_two = world.plain(0, 2, RtpSettings::default()).rtp;
    let streams = one.len();
    world.apply(0, 1, plain_plan(phones[0].address, one));
    world.apply(0, 2, plain_plan(phones[1].address, two));
    pipe(&mut world, 10, 11);
    forward(&mut world, 1, 10, streams);
    forward(&mut world, 10, 1, streams);
    forward(&mut world, 11, 2, streams);
    forward(&mut world, 2, 11, streams);
    let [one, two] = phones;
    Joined { world, one, two, to_one, to_two }
}

fn digits(world: &World, leg: u64) -> Vec<char> {
    let digit = |event| match event {
        LegEvent::Dtmf { digit, .. } => Some(digit),
        _ => None,
    };
    world.events(0, leg).into_iter().filter_map(digit).collect()
}

fn payload_types(phone: &Phone, world: &World) -> Vec<u8> {
    let heard = phone.heard(world);
    heard.iter().filter_map(|bytes| Some(RtpView::parse(bytes).ok()?.payload_type())).collect()
}

#[test]
fn two_calls_joined_by_a_pipe_hear_each_other_untouched() {
    let mut call = joined(vec![audio(0x11)], vec![audio(0x22)]);
    call.one.talk(&mut call.world, call.to_one, 10);
    call.two.talk(&mut call.world, call.to_two, 7);
    call.world.run(SECOND / 10);
    for (phone, count) in [(&call.two, 10), (&call.one, 7)] {
        let heard = phone.heard(&call.world);
        assert_eq!(heard.len(), count);
        for bytes in &heard {
            let view = RtpView::parse(bytes).unwrap();
            assert_eq!((view.payload_type(), view.payload()), (0, &[0xff; 160][..]));
        }
    }
    let first = LegEvent::FirstPacket { stream: 0 };
    assert!(call.world.has(0, 10, |event| *event == first));
    assert!(call.world.has(0, 11, |event| *event == first));
}

#[test]
fn codecs_that_differ_are_translated_once_behind_the_pipe() {
    let mut call = joined(vec![audio(0x11)], vec![opus(0x22)]);
    call.one.talk(&mut call.world, call.to_one, 20);
    call.world.run(SECOND / 10);
    let heard = payload_types(&call.two, &call.world);
    assert!((19..=20).contains(&heard.len()) && heard.iter().all(|number| *number == 111));
}

#[test]
fn a_prompt_played_into_one_end_is_heard_behind_the_other() {
    let mut call = joined(vec![audio(0x11)], vec![opus(0x22)]);
    let samples = (0..8000).map(|n: i32| ((n % 18 - 9) * 800) as i16).collect();
    let prompts = vec![Arc::new(Prompt { rate: 8000, samples })];
    call.world.play(0, 10, 5, Playback { prompts, ..Playback::default() });
    call.one.talk(&mut call.world, call.to_one, 10);
    call.world.run(2 * SECOND);
    let heard = payload_types(&call.two, &call.world);
    // Meanwhile the first phone talks unheard.
    assert!((49..=51).contains(&heard.len()), "{}", heard.len());
    assert!(call.world.has(0, 10, |event| matches!(event, LegEvent::PlaybackFinished { .. })));
    assert!(call.one.heard(&call.world).is_empty());
}

#[test]
fn keys_are_heard_on_the_way_and_at_the_end_once() {
    for (second, digit_at_end) in [(audio(0x22), 101), (opus(0x22), 110)] {
        let mut call = joined(vec![audio(0x11)], vec![second]);
        call.one.talk(&mut call.world, call.to_one, 5);
        call.one.press(&mut call.world, call.to_one, 101, 7);
        call.one.talk(&mut call.world, call.to_one, 5);
        call.world.run(SECOND);
        assert_eq!(digits(&call.world, 1), ['7']);
        assert_eq!(digits(&call.world, 11), ['7']);
        assert_eq!(digits(&call.world, 10), []);
        let heard = call.two.heard(&call.world);
        let ends = heard.iter().filter_map(|bytes| RtpView::parse(bytes).ok()).filter(|view| {
            view.payload_type() == digit_at_end && view.payload()[..2] == [7, 0x80 | 10]
        });
        assert_eq!(ends.count(), 3);
    }
}

#[test]
fn a_digit_sent_into_one_end_comes_in_at_the_other() {
    let mut call = joined(vec![audio(0x11)], vec![audio(0x22)]);
    let now = call.world.now;
    let graph = &mut call.world.hosts[0].graph;
    graph.send_dtmf(now, LegId(10), 0, '5', SECOND / 10).unwrap();
    graph.dtmf_relay(LegId(11), 0, DtmfRelay::Stop).unwrap();
    call.world.run(SECOND);
    assert_eq!(digits(&call.world, 11), ['5']);
    // Its owner reads it; nobody behind hears it.
    assert!(call.two.heard(&call.world).is_empty());
}

#[test]
fn echo_in_a_pipe_returns_and_a_loop_of_echoes_ends() {
    let mut call = joined(vec![audio(0x11)], vec![audio(0x22)]);
    call.world.route(0, 11, 0, Route::Echo);
    call.one.talk(&mut call.world, call.to_one, 10);
    call.world.run(SECOND / 10);
    assert_eq!(call.one.heard(&call.world).len(), 10);
    call.world.route(0, 10, 0, Route::Echo);
    call.one.talk(&mut call.world, call.to_one, 10);
    call.world.run(SECOND / 10);
    assert_eq!(call.one.heard(&call.world).len(), 10);
}

#[test]
fn chains_of_pipes_carry_on_and_endless_ones_do_not() {
    let mut call = joined(vec![audio(0x11)], vec![audio(0x22)]);
    for number in 0..30 {
        pipe(&mut call.world, 100 + 2 * number, 101 + 2 * number);
    }
    let chain = |world: &mut World, pipes: u64| {
        forward(world, 1, 100, 1);
        for number in 0..pipes - 1 {
            forward(world, 101 + 2 * number, 102 + 2 * number, 1);
        }
        forward(world, 99 + 2 * pipes, 2, 1);
    };
    chain(&mut call.world, 5);
    call.one.talk(&mut call.world, call.to_one, 10);
    call.world.run(SECOND / 10);
    assert_eq!(call.two.heard(&call.world).len(), 10);
    chain(&mut call.world, 30);
    call.one.talk(&mut call.world, call.to_one, 10);
    call.world.run(SECOND / 10);
    assert_eq!(call.two.heard(&call.world).len(), 10);
}

#[test]
fn pictures_pass_and_requests_for_them_reach_the_camera() {
    let plan = |ssrc| vec![audio(ssrc), video("v", ssrc + 1)];
    let mut call = joined(plan(0x11), plan(0x22));
    call.one.payload_type = 96;
    call.one.talk(&mut call.world, call.to_one, 5);
    call.world.run(SECOND / 10);
    assert_eq!(payload_types(&call.two, &call.world), [96; 5]);
    let asked = |world: &World| {
        let control = SocketAddr::new(call.one.address.ip(), call.one.address.port() + 1);
        let to_us = world.strays.iter().filter(move |(_, to, _)| *to == control);
        let all = to_us.flat_map(|(_, _, bytes)| packets(bytes).map_while(Result::ok));
        all.filter(|packet| matches!(packet, Packet::PictureLoss { .. } | Packet::FullIntra(_)))
            .count()
    };
    call.world.run(2 * SECOND);
    let before = asked(&call.world);
    let now = call.world.now;
    call.world.hosts[0].graph.request_keyframe(now, LegId(11), 1).unwrap();
    call.world.run(SECOND);
    assert_eq!(asked(&call.world), before + 1);
}

#[test]
fn closing_the_ends_leaves_nothing_behind() {
    let mut call = joined(vec![audio(0x11)], vec![audio(0x22)]);
    call.one.talk(&mut call.world, call.to_one, 2);
    call.world.close(0, 11);
    call.one.talk(&mut call.world, call.to_one, 2);
    assert!(call.two.heard(&call.world).len() <= 2);
    let fault = call.world.try_apply(0, 10, plain_plan(call.one.address, vec![])).unwrap_err();
    assert!(matches!(fault, LegFault::BadPlan(_)));
    for leg in [10, 1, 2] {
        call.world.close(0, leg);
    }
    let snapshot = call.world.hosts[0].graph.snapshot();
    assert_eq!((snapshot.legs, snapshot.routes, snapshot.timers), (0, 0, 0));
}
