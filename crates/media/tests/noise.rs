//! Silence that is described (RFC 3389): passed on where the other side agreed to it, made into
//! noise where it did not.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use sidetone_base::LegId;
use sidetone_codec::g711;
use sidetone_media::{Route, RtpSettings};
use sidetone_rtp::RtpView;
use sidetone_sdp::plan::StreamPlan;
use support::{Link, Phone, World, audio, codec, plain_plan};

const SECOND: Duration = Duration::from_secs(1);
/// -40 dBov, flat.
const QUIET: &[u8] = &[40];

/// Two phones on two legs of one worker; what the first says goes to the second.
fn call(from: StreamPlan, to: StreamPlan) -> (World, Phone, Phone, SocketAddr) {
    let mut world = World::new(1, Link::default());
    let (alice, bob) = (Phone::new("198.51.100.9:4000"), Phone::new("198.51.100.8:4000"));
    let local = world.plain(0, 1, RtpSettings::default());
    world.plain(0, 2, RtpSettings::default());
    world.apply(0, 1, plain_plan(alice.address, vec![from]));
    world.apply(0, 2, plain_plan(bob.address, vec![to]));
    world.route(0, 1, 0, Route::Forward(vec![(LegId(2), 0)]));
    (world, alice, bob, local.rtp)
}

fn with_noise(mut plan: StreamPlan) -> StreamPlan {
    plan.comfort_noise = Some(13);
    plan
}

fn alaw(ssrc: u32) -> StreamPlan {
    let mut plan = audio(ssrc);
    plan.codecs = vec![codec("pcma", 8, 8000)];
    plan
}

/// Payload type, sequence number, timestamp and payload of what a phone heard.
fn heard(phone: &Phone, world: &World) -> Vec<(u8, u16, u32, Vec<u8>)> {
    let packets = phone.heard(world);
    let views = packets.iter().filter_map(|bytes| RtpView::parse(bytes).ok());
    let parts = views.map(|view| {
        (view.payload_type(), view.sequence(), view.timestamp(), view.payload().to_vec())
    });
    parts.filter(|(payload_type, ..)| *payload_type < 20).collect()
}

fn fall_silent(phone: &mut Phone, world: &mut World, to: SocketAddr) {
    phone.payload_type = 13;
    phone.say(world, to, QUIET);
    phone.payload_type = 0;
}

#[test]
fn a_described_silence_is_passed_on_to_who_agreed_to_it() {
    let (mut world, mut alice, bob, local) = call(with_noise(audio(1)), with_noise(audio(2)));
    alice.talk(&mut world, local, 10);
    fall_silent(&mut alice, &mut world, local);
    world.run(SECOND);
    let last = heard(&bob, &world).pop().unwrap();
    assert_eq!((last.0, last.3.as_slice()), (13, QUIET));
    assert_eq!(heard(&bob, &world).len(), 11, "nothing else comes");
}

#[test]
fn where_it_was_not_agreed_noise_of_the_level_fills_the_silence_until_the_voice_is_back() {
    for (to, decode) in
        [(audio(2), g711::decode_mu as fn(u8) -> i16), (alaw(2), g711::decode_a as fn(u8) -> i16)]
    {
        let number = to.codecs[0].send_payload_type;
        let (mut world, mut alice, bob, local) = call(with_noise(audio(1)), to);
        alice.talk(&mut world, local, 10);
        fall_silent(&mut alice, &mut world, local);
        world.run(SECOND);
        let noise = heard(&bob, &world).split_off(10);
        assert!((48..=52).contains(&noise.len()), "{}", noise.len());
        let samples = noise.iter().flat_map(|(.., payload)| payload.iter().map(|c| decode(*c)));
        let squares: Vec<f64> = samples.map(|sample| f64::from(sample).powi(2)).collect();
        let level = (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
        // -40 dBov are 328; codecs of eight bits round.
        assert!((250.0..420.0).contains(&level), "{level}");
        alice.sequence = alice.sequence.wrapping_add(50);
        alice.talk(&mut world, local, 10);
        world.run(SECOND);
        let all = heard(&bob, &world);
        // One more packet of it was due before the voice.
        let expected = 20 + noise.len()..=21 + noise.len();
        assert!(expected.contains(&all.len()), "the voice ends the noise: {}", all.len());
        for pair in all.windows(2) {
            assert_eq!(pair[1].0, number);
            assert_eq!(pair[1].1, pair[0].1.wrapping_add(1), "numbers go on without a gap");
            assert!(pair[1].2.wrapping_sub(pair[0].2) < 0x8000_0000, "time never goes back");
        }
    }
}

#[test]
fn noise_of_a_peer_that_never_speaks_again_ends() {
    let (mut world, mut alice, bob, local) = call(with_noise(audio(1)), alaw(2));
    fall_silent(&mut alice, &mut world, local);
    world.run(SECOND * 58);
    let before = heard(&bob, &world).len();
    assert!(before > 2_800, "{before}");
    world.run(SECOND * 10);
    let all = heard(&bob, &world).len();
    assert!(all < 3_010, "{all}");
    // Described again, it goes on.
    fall_silent(&mut alice, &mut world, local);
    world.run(SECOND);
    assert!(heard(&bob, &world).len() >= all + 48);
}
