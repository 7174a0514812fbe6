//! Codecs through the graph: the one a peer sends is followed, it may change in the middle of a
//! call, and reported loss reaches the encoder.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sidetone_base::LegId;
use sidetone_codec::opus::has_redundancy;
use sidetone_codec::{CoderSettings, Format, decoder, encoder};
use sidetone_media::{CodecSettings, Playback, Prompt, Route, RtpSettings, no_translation};
use sidetone_rtp::RtpView;
use sidetone_sdp::negotiation::CodecSpec;
use sidetone_sdp::plan::StreamPlan;
use support::{Link, Phone, World, audio, codec, opus, plain_plan};

const TICK: Duration = Duration::from_millis(20);

/// Leg 1 with one plan and settings, leg 2 with another, joined.
fn joined(
    first: (StreamPlan, RtpSettings),
    second: StreamPlan,
) -> (World, [Phone; 2], [SocketAddr; 2]) {
    let mut world = World::new(1, Link::default());
    let phones = ["198.51.100.9:4000", "198.51.100.10:4000"].map(Phone::new);
    let ends = [world.plain(0, 1, first.1).rtp, world.plain(0, 2, RtpSettings::default()).rtp];
    world.apply(0, 1, plain_plan(phones[0].address, vec![first.0]));
    world.apply(0, 2, plain_plan(phones[1].address, vec![second]));
    world.route(0, 1, 0, Route::Forward(vec![(LegId(2), 0)]));
    world.route(0, 2, 0, Route::Forward(vec![(LegId(1), 0)]));
    (world, phones, ends)
}

/// Speaks `packets` of a format under a payload type, and lets their time pass.
fn speak(
    world: &mut World,
    phone: &mut Phone,
    to: SocketAddr,
    (format, payload_type): (Format, u8),
    packets: usize,
) {
    let mut encoder = encoder(format, &CoderSettings::default()).unwrap();
    let pcm = sidetone_codec::cost::speech(format.sample_rate, TICK * packets as u32);
    phone.payload_type = payload_type;
    let mut payload = [0; 2_000];
    for frame in pcm.chunks_exact(format.samples(TICK)) {
        let len = encoder.encode(frame, &mut payload).unwrap();
        phone.say(world, to, &payload[..len]);
        world.run(TICK);
    }
}

fn heard(phone: &Phone, world: &World) -> Vec<(u8, u16, usize)> {
    let packets = phone.heard(world);
    let views = packets.iter().filter_map(|bytes| {
        let view = RtpView::parse(bytes).ok()?;
        let media = !(72..=76).contains(&view.payload_type());
        media.then(|| (view.payload_type(), view.sequence(), view.payload().len()))
    });
    views.collect()
}

/// Three seconds that are not silent.
fn hum() -> Playback {
    let samples = (0..24_000).map(|at| if at % 16 < 8 { 4_000 } else { -4_000 }).collect();
    let prompts = vec![Arc::new(Prompt { rate: 8_000, samples })];
    Playback { prompts, ..Playback::default() }
}

fn both_laws(ssrc: u32) -> StreamPlan {
    let mut plan = audio(ssrc);
    plan.codecs = vec![codec("pcmu", 0, 8000), codec("pcma", 8, 8000)];
    plan
}

#[test]
fn what_a_peer_sends_is_what_it_gets() {
    let (mut world, mut phones, to) =
        joined((both_laws(0x11), RtpSettings::default()), audio(0x22));
    // The first phone agreed to both laws and speaks A-law: ulaw from the other is translated.
    speak(&mut world, &mut phones[0], to[0], (Format::ALAW, 8), 10);
    speak(&mut world, &mut phones[1], to[1], (Format::ULAW, 0), 20);
    let packets = heard(&phones[0], &world);
    assert!(packets.len() >= 19, "{packets:?}");
    assert!(packets.iter().all(|packet| packet.0 == 8), "{packets:?}");
}

/// A prompt begins in the first codec; the peer speaks another, and hears the rest in that one.
#[test]
fn a_prompt_goes_on_in_the_codec_that_the_peer_sends() {
    for (asymmetric, expected) in [(false, 8), (true, 0)] {
        let codecs = CodecSettings { asymmetric, ..CodecSettings::default() };
        let settings = RtpSettings { codecs, ..RtpSettings::default() };
        let (mut world, mut phones, to) = joined((both_laws(0x11), settings), audio(0x22));
        world.play(0, 1, 1, hum());
        world.run(Duration::from_millis(200));
        let before = heard(&phones[0], &world);
        assert!(before.len() >= 9 && before.iter().all(|packet| packet.0 == 0), "{before:?}");
        speak(&mut world, &mut phones[0], to[0], (Format::ALAW, 8), 10);
        let packets = heard(&phones[0], &world);
        let after = &packets[before.len() + 1..];
        assert!(after.len() >= 8, "{packets:?}");
        assert!(after.iter().all(|packet| packet.0 == expected), "{packets:?}");
        let numbers: Vec<u16> = packets.iter().map(|packet| packet.1).collect();
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)), "{numbers:?}");
        // What begins now begins in it.
        world.play(0, 1, 2, hum());
        world.run(Duration::from_millis(100));
        let last = heard(&phones[0], &world).pop().expect("a packet");
        assert_eq!(last.0, expected);
    }
}

#[test]
fn asymmetric_codecs_pass_untouched_where_they_are_allowed() {
    let codecs = CodecSettings { asymmetric: true, ..CodecSettings::default() };
    let settings = RtpSettings { codecs, ..RtpSettings::default() };
    let (mut world, mut phones, to) = joined((both_laws(0x11), settings), audio(0x22));
    speak(&mut world, &mut phones[0], to[0], (Format::ALAW, 8), 10);
    speak(&mut world, &mut phones[1], to[1], (Format::ULAW, 0), 20);
    let packets = heard(&phones[0], &world);
    assert!(packets.len() >= 19 && packets.iter().all(|packet| packet.0 == 0), "{packets:?}");
}

#[test]
fn sides_of_one_codec_are_concealed_between_where_the_option_says_so() {
    for (conceals_equal, expected) in [(false, 20), (true, 22)] {
        let codecs = CodecSettings { conceals_equal, ..CodecSettings::default() };
        let settings = RtpSettings { codecs, ..RtpSettings::default() };
        let (mut world, mut phones, to) = joined((audio(0x11), settings), audio(0x22));
        speak(&mut world, &mut phones[1], to[1], (Format::ULAW, 0), 10);
        // Two packets are lost on the way to us.
        phones[1].sequence += 2;
        world.run(Duration::from_millis(40));
        speak(&mut world, &mut phones[1], to[1], (Format::ULAW, 0), 10);
        let packets = heard(&phones[0], &world);
        assert_eq!(packets.len(), expected, "{packets:?}");
        assert!(packets.iter().all(|(number, _, len)| (*number, *len) == (0, 160)));
    }
}

#[test]
fn a_codec_changes_in_the_middle_of_a_call_and_the_numbers_go_on() {
    let (mut world, mut phones, to) = joined((both_laws(0x11), RtpSettings::default()), opus(0x22));
    for round in 0..3 {
        speak(&mut world, &mut phones[0], to[0], (Format::ULAW, 0), 10);
        speak(&mut world, &mut phones[0], to[0], (Format::ALAW, 8), 10);
        let packets = heard(&phones[1], &world);
        assert!(packets.len() >= 20 * (round + 1) - 1, "{}", packets.len());
        let mut numbers: Vec<u16> = packets.iter().map(|packet| packet.1).collect();
        let gaps = numbers.windows(2).filter(|pair| pair[1] != pair[0].wrapping_add(1)).count();
        assert_eq!(gaps, 0, "{numbers:?}");
        numbers.dedup();
        assert_eq!(numbers.len(), packets.len());
    }
}

/// All that is spoken, as RTP names it.
const SPOKEN: [(&str, u8, u32, Format); 15] = [
    ("pcmu", 0, 8000, Format::ULAW),
    ("pcma", 8, 8000, Format::ALAW),
    ("gsm", 3, 8000, Format::GSM),
    ("dvi4", 5, 8000, Format::ADPCM),
    ("g726-32", 111, 8000, Format::G726),
    ("aal2-g726-32", 112, 8000, Format::G726_AAL2),
    ("lpc", 7, 8000, Format::LPC10),
    ("ilbc", 113, 8000, Format::ILBC30),
    ("speex", 115, 8_000, Format::speex(8_000)),
    ("speex", 117, 16_000, Format::speex(16_000)),
    ("speex", 116, 32_000, Format::speex(32_000)),
    ("l16", 118, 16_000, Format::slin(16_000)),
    ("l16", 119, 24_000, Format::slin(24_000)),
    ("g722", 9, 8000, Format::G722),
    ("opus", 96, 48_000, Format::OPUS),
];

/// How loud what a phone heard is, decoded, without the first packets.
fn loudness(phone: &Phone, world: &World, format: Format) -> f64 {
    let mut decoder = decoder(format).unwrap();
    let mut pcm = vec![0; 20_000];
    let mut power = (0.0, 0_usize);
    for (place, bytes) in phone.heard(world).iter().enumerate() {
        let Ok(view) = RtpView::parse(bytes) else { continue };
        if (72..=76).contains(&view.payload_type()) {
            continue;
        }
        let samples = decoder.decode(view.payload(), &mut pcm).unwrap();
        if place > 3 {
            power.0 += pcm[..samples].iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
            power.1 += samples;
        }
    }
    (power.0 / power.1.max(1) as f64).sqrt()
}

#[test]
fn every_pair_of_codecs_talks_through_the_graph_as_loud_as_it_was_spoken() {
    let plan = |(name, number, clock_rate, _): (&str, u8, u32, Format), ssrc| {
        let mut plan = audio(ssrc);
        plan.codecs = vec![codec(name, number, clock_rate)];
        plan
    };
    // A phone of this test speaks in packets of 20 ms, which iLBC at 30 ms and LPC-10 do not have.
    for from in SPOKEN.into_iter().filter(|(name, ..)| !["ilbc", "lpc"].contains(name)) {
        for to in SPOKEN {
            let (name, number, _, format) = from;
            let (other, other_number, _, other_format) = to;
            let (mut world, mut phones, ends) =
                joined((plan(from, 0x11), RtpSettings::default()), plan(to, 0x22));
            speak(&mut world, &mut phones[0], ends[0], (format, number), 15);
            let packets = heard(&phones[1], &world);
            let least = match other {
                "ilbc" => 9,
                "lpc" => 12,
                _ => 14,
            };
            assert!(packets.len() >= least, "{name} to {other}: {}", packets.len());
            assert!(packets.iter().all(|packet| packet.0 == other_number));
            let pcm = sidetone_codec::cost::speech(8_000, TICK * 15);
            let power: f64 = pcm.iter().map(|sample| f64::from(*sample).powi(2)).sum();
            let spoken = (power / pcm.len() as f64).sqrt();
            let ratio = loudness(&phones[1], &world, other_format) / spoken;
            assert!((0.5..2.0).contains(&ratio), "{format} to {other_format}: {ratio}");
        }
    }
}

#[test]
fn frames_of_no_whole_milliseconds_keep_their_time_both_ways() {
    let lpc = || {
        let mut plan = audio(0x22);
        plan.codecs = vec![codec("lpc", 7, 8000)];
        plan
    };
    let stamps = |phone: &Phone, world: &World| {
        let packets = phone.heard(world);
        let views = packets.iter().filter_map(|bytes| RtpView::parse(bytes).ok());
        let media = views.filter(|view| !(72..=76).contains(&view.payload_type()));
        media.map(|view| (view.timestamp(), view.payload().len())).collect::<Vec<_>>()
    };
    let (mut world, mut phones, to) = joined((audio(0x11), RtpSettings::default()), lpc());
    speak(&mut world, &mut phones[0], to[0], (Format::ULAW, 0), 45);
    let packets = stamps(&phones[1], &world);
    // 900 ms are 40 frames.
    assert!((38..=40).contains(&packets.len()), "{packets:?}");
    assert!(packets.iter().all(|packet| packet.1 == 7), "{packets:?}");
    assert!(packets.windows(2).all(|pair| pair[1].0 - pair[0].0 == 180), "{packets:?}");
    // And back.
    let frame = Duration::from_micros(22_500);
    let mut encoder = encoder(Format::LPC10, &CoderSettings::default()).unwrap();
    let pcm = sidetone_codec::cost::speech(8_000, frame * 40);
    (phones[1].payload_type, phones[1].ticks) = (7, 180);
    for part in pcm.chunks_exact(180) {
        let mut payload = [0; 7];
        encoder.encode(part, &mut payload).unwrap();
        phones[1].say(&mut world, to[1], &payload);
        world.run(frame);
    }
    let packets = stamps(&phones[0], &world);
    assert!((43..=45).contains(&packets.len()), "{}", packets.len());
    assert!(packets.windows(2).all(|pair| pair[1].0 - pair[0].0 == 160), "{packets:?}");
    assert!(loudness(&phones[0], &world, Format::ULAW) > 500.0);
    // A prompt has the same pace.
    let before = stamps(&phones[1], &world).len();
    world.play(0, 2, 1, hum());
    world.run(Duration::from_millis(450));
    let packets = stamps(&phones[1], &world).split_off(before);
    assert!((19..=21).contains(&packets.len()), "{packets:?}");
    assert!(packets.windows(2).all(|pair| pair[1].0 - pair[0].0 == 180), "{packets:?}");
}

#[test]
fn what_has_no_path_is_named_by_both_formats() {
    let plan = |name: &str| [CodecSpec::of_config_name(name).unwrap().1];
    let words = no_translation(&plan("g729"), &plan("ulaw")).unwrap();
    assert!(words.starts_with("no translator path from g729 to ulaw (g729: "), "{words}");
    assert!(no_translation(&plan("ulaw"), &plan("g729")).unwrap().contains("from ulaw to g729"));
    assert_eq!(no_translation(&plan("g729"), &plan("g729")), None);
    assert_eq!(no_translation(&plan("ulaw"), &plan("gsm")), None);
}

#[test]
fn reported_loss_makes_opus_carry_copies() {
    let mut peer = opus(0x22);
    peer.codecs[0].remote_fmtp = "useinbandfec=1".into();
    let (mut world, mut phones, to) = joined((audio(0x11), RtpSettings::default()), peer);
    speak(&mut world, &mut phones[0], to[0], (Format::ULAW, 0), 30);
    let copies = |world: &World, phone: &Phone, from: usize| {
        let packets = phone.heard(world);
        let payloads = packets[from..]
            .iter()
            .filter_map(|bytes| RtpView::parse(bytes).ok().map(|view| view.payload().to_vec()));
        payloads.filter(|payload| has_redundancy(payload)).count()
    };
    assert_eq!(copies(&world, &phones[1], 0), 0, "no loss, no copies");
    let before = phones[1].heard(&world).len();
    // A receiver report (RFC 3550 §6.4.2) that a quarter is lost.
    let mut report = vec![0x81, 201, 0, 7];
    report.extend(0x99_u32.to_be_bytes());
    report.extend(0x22_u32.to_be_bytes());
    report.extend([64, 0, 0, 8]);
    report.extend([0; 16]);
    let rtcp: SocketAddr = "198.51.100.10:4001".parse().unwrap();
    let own = SocketAddr::new(to[1].ip(), to[1].port() + 1);
    world.inject(rtcp, own, &report);
    world.run(TICK);
    speak(&mut world, &mut phones[0], to[0], (Format::ULAW, 0), 50);
    assert!(copies(&world, &phones[1], before) > 5);
}
