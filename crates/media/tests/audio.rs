//! Playback, tones and transcoding.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use sidetone_base::{LegId, Random, SeededRandom};
use sidetone_codec::{CoderSettings, Format};
use sidetone_media::{
    JitterMode, JitterSettings, LegEvent, Playback, PlaybackId, Prompt, Repeat, Route, RtpSettings,
    Tone, ToneStep,
};
use sidetone_rtp::RtpView;
use support::{Link, Phone, World, audio, codec, opus, plain_plan};

const SECOND: Duration = Duration::from_secs(1);

fn leg(plan: sidetone_sdp::plan::StreamPlan) -> (World, Phone, std::net::SocketAddr) {
    let mut world = World::new(1, Link::default());
    let phone = Phone::new("198.51.100.9:4000");
    let local = world.plain(0, 1, RtpSettings::default());
    world.apply(0, 1, plain_plan(phone.address, vec![plan]));
    (world, phone, local.rtp)
}

fn prompt(rate: u32, millis: u32) -> Arc<Prompt> {
    let count = rate / 1000 * millis;
    let turn = 440.0 * std::f64::consts::TAU / f64::from(rate);
    let sample = |n: u32| (f64::from(n) * turn).sin() * 8000.0;
    Arc::new(Prompt { rate, samples: (0..count).map(|n| sample(n) as i16).collect() })
}

fn rtp_of(phone: &Phone, world: &World) -> Vec<(u8, u16, u32, usize)> {
    let heard = phone.heard(world);
    let views = heard.iter().filter_map(|bytes| {
        let view = RtpView::parse(bytes).ok()?;
        let (sequence, timestamp) = (view.sequence(), view.timestamp());
        Some((view.payload_type(), sequence, timestamp, view.payload().len()))
    });
    views.collect()
}

fn finished(world: &World) -> Vec<(u64, u64)> {
    let played = |event| match event {
        LegEvent::PlaybackFinished { id, samples_played, .. } => Some((id.0, samples_played)),
        _ => None,
    };
    world.events(0, 1).into_iter().filter_map(played).collect()
}

#[test]
fn a_prompt_plays_at_its_pace_and_says_when_it_is_over() {
    let (mut world, phone, _) = leg(audio(0x11));
    let prompts = vec![prompt(8000, 310), prompt(8000, 100)];
    world.play(0, 1, 7, Playback { prompts, ..Playback::default() });
    world.run(SECOND / 5);
    assert_eq!(rtp_of(&phone, &world).len(), 10);
    assert!(finished(&world).is_empty());
    world.run(SECOND);
    let packets = rtp_of(&phone, &world);
    // 410 ms are 20.5 frames: the last one is filled up with silence.
    assert_eq!(packets.len(), 21);
    for pair in packets.windows(2) {
        assert_eq!(pair[1].1, pair[0].1.wrapping_add(1));
        assert_eq!(pair[1].2, pair[0].2.wrapping_add(160));
        assert_eq!((pair[1].0, pair[1].3), (0, 160));
    }
    assert_eq!(finished(&world), [(7, 3280)]);
}

#[test]
fn prompts_of_other_rates_and_codecs_last_as_long() {
    for (plan, ticks) in [
        (audio(0x11), 160),
        (opus(0x11), 960),
        (
            {
                let mut plan = audio(0x11);
                plan.codecs = vec![codec("g722", 9, 8000)];
                plan
            },
            160,
        ),
    ] {
        for rate in [8000, 16_000, 48_000] {
            let (mut world, phone, _) = leg(plan.clone());
            let prompts = vec![prompt(rate, 400)];
            world.play(0, 1, 1, Playback { prompts, ..Playback::default() });
            world.run(SECOND);
            let packets = rtp_of(&phone, &world);
            assert!((20..=21).contains(&packets.len()), "{} at {rate}", packets.len());
            assert!(packets.windows(2).all(|p| p[1].2.wrapping_sub(p[0].2) == ticks));
            assert_eq!(finished(&world), [(1, u64::from(rate) * 4 / 10)]);
        }
    }
}

#[test]
fn music_repeats_until_it_is_stopped() {
    let (mut world, phone, _) = leg(audio(0x11));
    let prompts = vec![prompt(8000, 100)];
    world.play(0, 1, 3, Playback { prompts, repeat: Repeat::Forever, skip_samples: 0 });
    world.run(SECOND);
    let now = world.now;
    world.hosts[0].graph.stop_playback(now, LegId(1), 0, PlaybackId(3)).unwrap();
    world.run(SECOND);
    let count = rtp_of(&phone, &world).len();
    assert!((49..=51).contains(&count), "{count}");
    assert_eq!(finished(&world).len(), 1);
}

#[test]
fn a_playback_replaces_another_and_forwarded_audio() {
    let (mut world, mut phone, to) = leg(audio(0x11));
    world.route(0, 1, 0, Route::Echo);
    phone.talk(&mut world, to, 5);
    world.play(0, 1, 1, Playback { prompts: vec![prompt(8000, 1000)], ..Default::default() });
    phone.talk(&mut world, to, 5);
    world.play(0, 1, 2, Playback { prompts: vec![prompt(8000, 100)], ..Default::default() });
    phone.talk(&mut world, to, 20);
    world.run(SECOND / 10);
    let packets = rtp_of(&phone, &world);
    assert!(packets.windows(2).all(|pair| pair[1].1 == pair[0].1.wrapping_add(1)));
    let done = finished(&world);
    assert_eq!((done[0].0, done[1]), (1, (2, 800)));
    assert!((29..=31).contains(&packets.len()), "{packets:?} {done:?}");
}

#[test]
fn a_tone_rings_in_its_cadence() {
    let (mut world, phone, _) = leg(audio(0x11));
    let step = |first_hz, millis| ToneStep {
        first_hz,
        second_hz: 0,
        duration: Duration::from_millis(millis),
    };
    let tone = Tone { steps: vec![step(425, 200), step(0, 200)], repeat: Repeat::Forever };
    let now = world.now;
    world.hosts[0].graph.tone(now, LegId(1), 0, PlaybackId(1), tone).unwrap();
    world.run(SECOND);
    let heard = phone.heard(&world);
    let loud = |bytes: &Vec<u8>| bytes[12..].iter().any(|byte| byte & 0x7f < 0x60);
    let pattern: Vec<bool> = heard.iter().map(loud).collect();
    assert_eq!(pattern[..20], [[true; 10], [false; 10]].concat());
    assert!(pattern[21]);
}

#[test]
fn what_cannot_be_encoded_is_refused_in_words() {
    let mut plan = audio(0x11);
    plan.codecs = vec![codec("evs", 97, 16_000)];
    let (mut world, _, _) = leg(plan);
    let now = world.now;
    let graph = &mut world.hosts[0].graph;
    let refused = graph.play(now, LegId(1), 0, PlaybackId(1), Playback::default());
    assert!(format!("{refused:?}").contains("cannot encode evs"), "{refused:?}");
}

/// Leg 1 towards an opus phone, leg 2 towards a ulaw phone, joined.
fn transcoded() -> (World, Phone, Phone, std::net::SocketAddr, std::net::SocketAddr) {
    let mut world = World::new(1, Link::default());
    let mut a = Phone::new("198.51.100.9:4000");
    a.payload_type = 111;
    let b = Phone::new("198.51.100.10:4000");
    let to_a = world.plain(0, 1, RtpSettings::default()).rtp;
    let to_b = world.plain(0, 2, RtpSettings::default()).rtp;
    world.apply(0, 1, plain_plan(a.address, vec![opus(0x11)]));
    world.apply(0, 2, plain_plan(b.address, vec![audio(0x22)]));
    world.route(0, 1, 0, Route::Forward(vec![(LegId(2), 0)]));
    world.route(0, 2, 0, Route::Forward(vec![(LegId(1), 0)]));
    (world, a, b, to_a, to_b)
}

#[test]
fn ulaw_and_opus_are_transcoded_both_ways() {
    let (mut world, a, mut b, to_a, to_b) = transcoded();
    b.talk(&mut world, to_b, 50);
    world.run(SECOND / 10);
    let at_a = rtp_of(&a, &world);
    assert!((48..=50).contains(&at_a.len()), "{}", at_a.len());
    assert!(at_a.iter().all(|packet| packet.0 == 111));
    assert!(at_a.windows(2).all(|p| p[1].2.wrapping_sub(p[0].2) == 960));
    // And back: what leg 1 sent to the opus phone comes from it again.
    let spoken: Vec<Vec<u8>> = a.heard(&world);
    let mut a = a;
    for packet in spoken {
        let payload = RtpView::parse(&packet).unwrap().payload().to_vec();
        a.say(&mut world, to_a, &payload);
        world.run(Duration::from_millis(20));
    }
    world.run(SECOND / 10);
    let at_b = rtp_of(&b, &world);
    assert!((46..=50).contains(&at_b.len()), "{}", at_b.len());
    assert!(at_b.iter().all(|packet| (packet.0, packet.3) == (0, 160)));
}

#[test]
fn a_lost_packet_is_concealed_and_time_goes_on() {
    let (mut world, a, mut b, _, to_b) = transcoded();
    for number in 0..20 {
        if number == 10 {
            b.sequence += 2;
            world.run(Duration::from_millis(40));
        }
        b.talk(&mut world, to_b, 1);
    }
    world.run(SECOND / 10);
    // Two packets were made up.
    let count = rtp_of(&a, &world).len();
    assert!((20..=22).contains(&count), "{count}");
}

#[test]
fn digits_cross_a_transcoded_call() {
    let (mut world, a, b, _, _) = transcoded();
    let now = world.now;
    let graph = &mut world.hosts[0].graph;
    graph.send_dtmf(now, LegId(2), 0, '9', Duration::from_millis(100)).unwrap();
    world.run(SECOND);
    // What went to the ulaw phone comes back from it, as if its user had pressed the key.
    let events: Vec<Vec<u8>> = b.heard(&world);
    let to_b = world.wire.iter().find(|(_, to, _)| *to == b.address).unwrap().0;
    for packet in events {
        world.inject(b.address, to_b, &packet);
    }
    world.run(SECOND);
    let digit = LegEvent::Dtmf { stream: 0, digit: '9', duration: Duration::from_millis(100) };
    assert!(world.events(0, 2).contains(&digit), "{:?}", world.events(0, 2));
    let packets = rtp_of(&a, &world);
    assert!(packets.iter().any(|packet| packet.0 == 110), "{packets:?}");
    assert!(packets.iter().filter(|packet| packet.0 == 110).count() >= 6);
}

#[test]
fn a_digit_becomes_a_tone_when_events_were_not_agreed() {
    let mut plan = audio(0x11);
    plan.telephone_events = vec![];
    let (mut world, phone, _) = leg(plan);
    let now = world.now;
    let graph = &mut world.hosts[0].graph;
    graph.send_dtmf(now, LegId(1), 0, '5', Duration::from_millis(100)).unwrap();
    world.run(SECOND);
    assert_eq!(rtp_of(&phone, &world).len(), 8);
    assert!(finished(&world).is_empty());
}

#[test]
fn a_jitter_buffer_brings_packets_back_into_order_and_pace() {
    for mode in [JitterMode::Fixed, JitterMode::Adaptive] {
        let (mut world, mut phone, to) = leg(audio(0x11));
        world.route(0, 1, 0, Route::Echo);
        let now = world.now;
        let settings = Some(JitterSettings::new(mode));
        world.hosts[0].graph.set_jitter(now, LegId(1), settings).unwrap();
        for round in 0..20_u16 {
            // Three packets in one burst, the first one last, and none of a fourth.
            for place in [1, 2, 0] {
                phone.sequence = 100 + round * 4 + place;
                phone.say(&mut world, to, &[0xff; 160]);
            }
            world.run(Duration::from_millis(80));
        }
        world.run(SECOND);
        let heard = rtp_of(&phone, &world);
        let sequences: Vec<u16> = heard.iter().map(|(_, sequence, ..)| *sequence).collect();
        assert!(sequences.is_sorted(), "{mode:?}: {sequences:?}");
        // The gap of each fourth packet stays visible.
        let gaps = heard.windows(2).filter(|pair| pair[1].1.wrapping_sub(pair[0].1) == 2);
        assert!((18..=19).contains(&gaps.count()), "{mode:?}: {sequences:?}");
        assert!(heard.len() >= 57, "{mode:?}: {}", heard.len());
        let now = world.now;
        world.hosts[0].graph.set_jitter(now, LegId(1), None).unwrap();
        phone.sequence = 300;
        phone.talk(&mut world, to, 5);
        world.run(SECOND / 10);
        assert_eq!(rtp_of(&phone, &world).len(), heard.len() + 5);
    }
}

/// How long what an Opus phone heard lasts, how much of its power is the tone of 440 Hz, and how
/// many packets it was, when a ulaw phone sends twenty seconds of that tone and each packet is on
/// its way for as long as `way` says.
fn tone_over(
    mut way: impl FnMut(u32) -> Duration,
    jitter: Option<JitterSettings>,
) -> (Duration, f64, usize) {
    const COUNT: u32 = 1000;
    let (mut world, a, mut b, _, to_b) = transcoded();
    let now = world.now;
    world.hosts[0].graph.set_jitter(now, LegId(2), jitter).unwrap();
    let mut encoder = sidetone_codec::encoder(Format::ULAW, &CoderSettings::default()).unwrap();
    let tone = prompt(8000, COUNT * 20);
    let mut arrivals = Vec::new();
    for (n, frame) in (0..COUNT).zip(tone.samples.chunks_exact(160)) {
        let mut payload = vec![0; 160];
        encoder.encode(frame, &mut payload).unwrap();
        arrivals.push((world.now + n * Duration::from_millis(20) + way(n), n, payload));
    }
    arrivals.sort();
    for (at, n, payload) in arrivals {
        world.run(at.saturating_duration_since(world.now));
        b.sequence = u16::try_from(n).unwrap();
        b.say(&mut world, to_b, &payload);
    }
    world.run(2 * SECOND);

    let heard = a.heard(&world);
    let packets: Vec<RtpView<'_>> = heard.iter().flat_map(|p| RtpView::parse(p)).collect();
    let mut decoder = sidetone_codec::decoder(Format::OPUS).unwrap();
    let first = packets[0].timestamp();
    let (mut samples, mut pcm) = (Vec::new(), [0; 5760]);
    for packet in &packets {
        let place = packet.timestamp().wrapping_sub(first) as usize;
        assert!(place >= samples.len(), "nothing is said twice");
        samples.resize(place, 0_i16);
        let count = decoder.decode(packet.payload(), &mut pcm).unwrap();
        samples.extend_from_slice(&pcm[..count]);
    }
    let (mut sine, mut cosine, mut power) = (0.0, 0.0, 0.0);
    let mut share = 0.0;
    // A tenth of a second holds a whole number of periods; phases need not fit beyond it.
    let blocks = samples.chunks_exact(4800);
    let count = blocks.len() as f64;
    for block in blocks {
        for (n, sample) in (0_u32..).zip(block) {
            let (turn, sample) = (f64::from(n) * 440.0 / 48_000.0, f64::from(*sample));
            sine += sample * (turn * std::f64::consts::TAU).sin();
            cosine += sample * (turn * std::f64::consts::TAU).cos();
            power += sample * sample;
        }
        share += 2.0 * (sine * sine + cosine * cosine) / (4800.0 * f64::max(power, 1.0)) / count;
        (sine, cosine, power) = (0.0, 0.0, 0.0);
    }
    (Duration::from_secs_f64(samples.len() as f64 / 48_000.0), share, packets.len())
}

#[test]
fn half_a_second_of_jitter_neither_stretches_nor_drowns_a_translated_tone() {
    let wide = JitterSettings { max: SECOND * 6 / 10, ..JitterSettings::new(JitterMode::Fixed) };
    let narrow = JitterSettings::new(JitterMode::Adaptive);
    for (jitter, least) in [(None, 0.5), (Some(narrow), 0.5), (Some(wide), 0.95)] {
        for seed in 1..4 {
            let mut random = SeededRandom::new(seed);
            let way = |_| Duration::from_millis(random.below(500));
            let (lasted, share, packets) = tone_over(way, jitter);
            assert!(lasted.abs_diff(20 * SECOND) < SECOND, "{jitter:?}, {seed}: {lasted:?}");
            assert!(packets <= 1000, "{jitter:?}, {seed}: {packets}");
            assert!(share > least, "{jitter:?}, {seed}: {share}");
        }
    }
}

#[test]
fn a_way_that_stalls_and_then_delivers_all_at_once_loses_nothing_in_translation() {
    // Every two seconds nothing comes for half a second.
    let way = |n: u32| Duration::from_millis(u64::from(500_u32.saturating_sub(n % 100 * 20)));
    for jitter in [None, Some(JitterSettings::new(JitterMode::Adaptive))] {
        let (lasted, share, packets) = tone_over(way, jitter);
        assert!(lasted.abs_diff(20 * SECOND) < SECOND / 2, "{jitter:?}: {lasted:?}");
        assert!(packets <= 1000, "{jitter:?}: {packets}");
        assert!(share > if jitter.is_none() { 0.95 } else { 0.8 }, "{jitter:?}: {share}");
    }
}
