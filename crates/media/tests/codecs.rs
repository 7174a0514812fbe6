//! Codecs through the graph: the one a peer sends is followed, it may change in the middle of a
//! call, and reported loss reaches the encoder.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use sidetone_base::LegId;
use sidetone_codec::opus::has_redundancy;
use sidetone_codec::{Format, OpusSettings, encoder};
use sidetone_media::{CodecSettings, Route, RtpSettings, no_translation};
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
    let mut encoder = encoder(format, &OpusSettings::default()).unwrap();
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

#[test]
fn every_pair_of_codecs_talks_through_the_graph() {
    let plan = |name: &str, number: u8, clock_rate: u32, ssrc: u32| {
        let mut plan = audio(ssrc);
        plan.codecs = vec![codec(name, number, clock_rate)];
        plan
    };
    let codecs = [
        ("pcmu", 0, 8000, Format::ULAW),
        ("gsm", 3, 8000, Format::GSM),
        ("dvi4", 5, 8000, Format::ADPCM),
        ("g726-32", 111, 8000, Format::G726),
        ("aal2-g726-32", 112, 8000, Format::G726_AAL2),
        ("speex", 117, 16_000, Format::speex(16_000)),
        ("l16", 118, 16_000, Format::slin(16_000)),
        ("l16", 119, 24_000, Format::slin(24_000)),
        ("g722", 9, 8000, Format::G722),
    ];
    for (name, number, clock_rate, format) in codecs {
        for (other, other_number, other_rate, _) in codecs {
            let (mut world, mut phones, to) = joined(
                (plan(name, number, clock_rate, 0x11), RtpSettings::default()),
                plan(other, other_number, other_rate, 0x22),
            );
            speak(&mut world, &mut phones[0], to[0], (format, number), 10);
            let packets = heard(&phones[1], &world);
            assert!(packets.len() >= 9, "{name} to {other}: {}", packets.len());
            assert!(packets.iter().all(|packet| packet.0 == other_number));
        }
    }
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
