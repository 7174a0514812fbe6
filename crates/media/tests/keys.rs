//! Keys of the telephone between legs, in every pair of ways: events, tones, signalling.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use sidetone_base::LegId;
use sidetone_codec::dtmf::{DtmfDetector, DtmfEvent, generator};
use sidetone_codec::g711;
use sidetone_media::{DtmfSettings, LegEvent, Route, RtpSettings, ToneDetection, WithoutEvents};
use sidetone_rtp::RtpView;
use sidetone_rtp::event::{EventCode, EventPayload};
use sidetone_sdp::plan::StreamPlan;
use support::{Link, Phone, World, audio, opus, plain_plan};

const MS: Duration = Duration::from_millis(1);

/// How keys travel on one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Events,
    Tones,
    Info,
}

const WAYS: [Way; 3] = [Way::Events, Way::Tones, Way::Info];

impl Way {
    fn settings(self) -> RtpSettings {
        let detection =
            if self == Self::Tones { ToneDetection::Always } else { ToneDetection::Never };
        let without_events =
            if self == Self::Info { WithoutEvents::Signalling } else { WithoutEvents::Tones };
        let dtmf = DtmfSettings { detection, without_events, ..DtmfSettings::default() };
        RtpSettings { dtmf, ..RtpSettings::default() }
    }

    fn plan(self, mut plan: StreamPlan) -> StreamPlan {
        if self != Self::Events {
            plan.telephone_events.clear();
        }
        plan
    }
}

struct Call {
    world: World,
    one: Phone,
    two: Phone,
    to_one: SocketAddr,
}

fn call(from: Way, to: Way, second: StreamPlan) -> Call {
    let mut world = World::new(1, Link::default());
    let one = Phone::new("198.51.100.9:4000");
    let two = Phone::new("198.51.100.10:4000");
    let to_one = world.plain(0, 1, from.settings()).rtp;
    world.plain(0, 2, to.settings());
    world.apply(0, 1, plain_plan(one.address, vec![from.plan(audio(0x11))]));
    world.apply(0, 2, plain_plan(two.address, vec![to.plan(second)]));
    world.route(0, 1, 0, Route::Forward(vec![(LegId(2), 0)]));
    Call { world, one, two, to_one }
}

fn quiet(call: &mut Call, packets: usize) {
    call.one.talk(&mut call.world, call.to_one, packets);
}

/// Sends a key as tones in ulaw, embedded in silence.
fn sound(call: &mut Call, key: char, millis: u32) {
    let mut pcm = vec![0; (millis as usize).div_ceil(20) * 160];
    generator(key, millis, 0, 8000).unwrap().fill(&mut pcm);
    for frame in pcm.chunks(160) {
        let payload: Vec<u8> = frame.iter().map(|sample| g711::encode_mu(*sample)).collect();
        call.one.say(&mut call.world, call.to_one, &payload);
        call.world.run(20 * MS);
    }
}

fn press(call: &mut Call, way: Way, key: char) {
    match way {
        Way::Events => {
            let code = EventCode::from_key(key).unwrap().0;
            call.one.press(&mut call.world, call.to_one, 101, code);
        }
        Way::Tones => sound(call, key, 100),
        Way::Info => {
            let now = call.world.now;
            let graph = &mut call.world.hosts[0].graph;
            graph.hear_dtmf(now, LegId(1), 0, key, 100 * MS).unwrap();
            call.world.step_now();
        }
    }
    quiet(call, 10);
}

/// The keys the second phone got as events: each with its duration in milliseconds.
fn events_at(phone: &Phone, world: &World, payload_type: u8, rate: u32) -> Vec<(char, u32)> {
    let mut ended = Vec::new();
    let mut last = None;
    for bytes in phone.heard(world) {
        let view = RtpView::parse(&bytes).unwrap();
        if view.payload_type() != payload_type {
            continue;
        }
        let event = EventPayload::parse(view.payload()).unwrap();
        if event.end && last != Some(view.timestamp()) {
            last = Some(view.timestamp());
            let millis = u32::from(event.duration) * 1000 / rate;
            ended.push((event.code.key().unwrap(), millis));
        }
    }
    ended
}

/// The keys in the audio that the second phone got.
fn tones_at(phone: &Phone, world: &World) -> Vec<(char, u32)> {
    let mut detector = DtmfDetector::new(8000);
    let mut next: Option<u32> = None;
    for bytes in phone.heard(world) {
        let view = RtpView::parse(&bytes).unwrap();
        let pause = next.map_or(0, |next| view.timestamp().wrapping_sub(next)).min(8000);
        detector.handle_input(&vec![0; pause as usize]);
        let pcm: Vec<i16> = view.payload().iter().map(|byte| g711::decode_mu(*byte)).collect();
        detector.handle_input(&pcm);
        next = Some(view.timestamp().wrapping_add(pcm.len() as u32));
    }
    detector.handle_input(&[0; 800]);
    let mut keys = Vec::new();
    while let Some(event) = detector.poll_output() {
        if let DtmfEvent::Ended { key, duration } = event {
            keys.push((key, duration.as_millis() as u32));
        }
    }
    keys
}

fn signalled(world: &World) -> Vec<(char, u32)> {
    let signalled = |event| match event {
        LegEvent::SignalKey { digit, duration, .. } => Some((digit, duration.as_millis() as u32)),
        _ => None,
    };
    world.events(0, 2).into_iter().filter_map(signalled).collect()
}

fn reported(world: &World) -> String {
    let digit = |event| match event {
        LegEvent::Dtmf { digit, .. } => Some(digit),
        _ => None,
    };
    world.events(0, 1).into_iter().filter_map(digit).collect()
}

#[test]
fn each_way_of_pressing_reaches_each_way_of_hearing_once_and_as_long() {
    for from in WAYS {
        for to in WAYS {
            let mut call = call(from, to, audio(0x22));
            quiet(&mut call, 5);
            for key in "15*55#".chars() {
                press(&mut call, from, key);
            }
            call.world.run(1500 * MS);
            let label = format!("{from:?} to {to:?}");
            assert_eq!(reported(&call.world), "15*55#", "{label}");
            let events = events_at(&call.two, &call.world, 101, 8000);
            let (tones, signals) = (tones_at(&call.two, &call.world), signalled(&call.world));
            let (heard, others) = match to {
                Way::Events => (events, [tones, signals]),
                Way::Tones => (tones, [events, signals]),
                Way::Info => (signals, [events, tones]),
            };
            let keys: String = heard.iter().map(|(key, _)| *key).collect();
            assert_eq!(keys, "15*55#", "{label}: {heard:?}");
            assert!(heard.iter().all(|(_, ms)| (75..=125).contains(ms)), "{label}: {heard:?}");
            // The beginning of a tone passes before anybody can know it; 40 ms make a key (Q.24).
            let twice = others.iter().flatten().filter(|(_, ms)| *ms >= 40);
            assert_eq!(twice.count(), 0, "{label}: not in two ways: {others:?}");
        }
    }
}

#[test]
fn keys_cross_a_call_between_ulaw_and_opus() {
    for from in WAYS {
        let mut call = call(from, Way::Events, opus(0x22));
        quiet(&mut call, 5);
        for key in "407".chars() {
            press(&mut call, from, key);
        }
        call.world.run(1500 * MS);
        let heard = events_at(&call.two, &call.world, 110, 48_000);
        let keys: String = heard.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, "407", "{from:?}");
        assert!(heard.iter().all(|(_, ms)| (75..=125).contains(ms)), "{from:?}: {heard:?}");
    }
}

#[test]
fn a_short_key_is_made_long_enough_and_a_stuck_one_ends() {
    let mut call = call(Way::Info, Way::Events, audio(0x22));
    quiet(&mut call, 2);
    for held in [10 * MS, Duration::from_secs(60)] {
        let now = call.world.now;
        let graph = &mut call.world.hosts[0].graph;
        graph.hear_dtmf(now, LegId(1), 0, '3', held).unwrap();
        call.world.run(Duration::from_secs(12));
    }
    let heard = events_at(&call.two, &call.world, 101, 8000);
    let lengths: Vec<u32> = heard.iter().map(|(_, ms)| *ms).collect();
    assert_eq!(heard.len(), 2);
    // The last segment of the long one (RFC 4733 §2.5.1.3) tells the rest.
    assert_eq!(lengths[0], 80);
}

#[test]
fn a_phone_that_sends_events_and_info_is_heard_once() {
    let mut call = call(Way::Events, Way::Events, audio(0x22));
    quiet(&mut call, 2);
    press(&mut call, Way::Events, '9');
    press(&mut call, Way::Info, '9');
    quiet(&mut call, 50);
    press(&mut call, Way::Info, '9');
    call.world.run(1000 * MS);
    assert_eq!(reported(&call.world), "99");
    assert_eq!(events_at(&call.two, &call.world, 101, 8000).len(), 2);
}

#[test]
fn tones_are_heard_without_events_only_where_auto_says_so() {
    for (events, expected) in [(true, ""), (false, "6")] {
        let mut call = call(Way::Events, Way::Events, audio(0x22));
        let dtmf =
            DtmfSettings { detection: ToneDetection::WithoutEvents, ..DtmfSettings::default() };
        let to = call.world.plain(0, 3, RtpSettings { dtmf, ..RtpSettings::default() }).rtp;
        let mut plan = audio(0x33);
        if !events {
            plan.telephone_events.clear();
        }
        call.world.apply(0, 3, plain_plan(call.one.address, vec![plan]));
        call.to_one = to;
        sound(&mut call, '6', 100);
        quiet(&mut call, 10);
        let events = call.world.events(0, 3);
        let keys: String = events
            .iter()
            .filter_map(|event| match event {
                LegEvent::Dtmf { digit, .. } => Some(*digit),
                _ => None,
            })
            .collect();
        assert_eq!(keys, expected);
    }
}

#[test]
fn a_tone_whose_packets_stop_ends_by_timeout() {
    let mut call = call(Way::Tones, Way::Info, audio(0x22));
    sound(&mut call, '8', 200);
    call.world.run(1000 * MS);
    assert_eq!(reported(&call.world), "8");
    assert_eq!(signalled(&call.world).len(), 1);
}

#[test]
fn speech_around_a_tone_passes_and_the_tone_does_not() {
    let mut call = call(Way::Tones, Way::Events, audio(0x22));
    quiet(&mut call, 10);
    sound(&mut call, '2', 200);
    quiet(&mut call, 30);
    let heard = call.two.heard(&call.world);
    let loud = heard.iter().filter(|bytes| {
        let view = RtpView::parse(bytes).unwrap();
        view.payload_type() == 0 && view.payload().iter().any(|byte| *byte & 0x7f < 0x50)
    });
    // The beginning passes before anybody can know.
    assert!(loud.count() <= 2);
    let numbers: Vec<u16> =
        heard.iter().map(|bytes| RtpView::parse(bytes).unwrap().sequence()).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)));
}
