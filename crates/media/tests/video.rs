//! Several streams on one transport, and the repair of video.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::time::Duration;

use sidetone_base::LegId;
use sidetone_media::{LegEvent, Route};
use sidetone_rtp::Ssrc;
use sidetone_rtp::rtcp::{Arrival, CompoundWriter, Packet, packets};
use sidetone_sdp::plan::DtlsRole;
use support::{Link, Phone, World, audio, plain_plan, video, webrtc_plan};

const SECOND: Duration = Duration::from_secs(1);

/// A plain leg 1 on host 0 with audio and video bundled, towards a phone.
fn bundled() -> (World, Phone, std::net::SocketAddr) {
    let mut world = World::new(1, Link::default());
    let phone = Phone::new("198.51.100.9:4000");
    let local = world.plain(0, 1, Default::default());
    let mut plan = plain_plan(phone.address, vec![audio(0x11), video("v", 0x12), video("w", 0x13)]);
    plan.transports[0].rtcp_mux = true;
    world.apply(0, 1, plan);
    (world, phone, local.rtp)
}

fn packets_of(world: &mut World, stream: usize) -> u64 {
    world.hosts[0].graph.quality(LegId(1)).unwrap()[stream].received.packets
}

#[test]
fn streams_of_a_bundle_are_told_apart() {
    let (mut world, mut phone, to) = bundled();
    // A payload type that one stream alone has.
    phone.talk(&mut world, to, 1);
    assert_eq!(packets_of(&mut world, 0), 1);
    // Both videos have 96: without MID nobody knows which it is.
    (phone.payload_type, phone.ssrc) = (96, 0x80);
    phone.talk(&mut world, to, 1);
    assert_eq!((packets_of(&mut world, 1), packets_of(&mut world, 2)), (0, 0));
    // The MID says so, and from then on the SSRC does.
    phone.element = Some((4, b"w".to_vec()));
    phone.talk(&mut world, to, 1);
    phone.element = None;
    phone.talk(&mut world, to, 1);
    assert_eq!((packets_of(&mut world, 1), packets_of(&mut world, 2)), (0, 2));
}

#[test]
fn one_video_feeds_all_videos_of_the_same_leg() {
    // StreamEcho: the first video goes to all.
    let (mut world, mut phone, to) = bundled();
    world.route(0, 1, 1, Route::Forward(vec![(LegId(1), 1), (LegId(1), 2)]));
    (phone.payload_type, phone.element) = (96, Some((4, b"v".to_vec())));
    phone.talk(&mut world, to, 5);
    world.run(SECOND / 10);
    let heard = phone.heard(&world);
    let of = |ssrc: u32| {
        let mine = heard.iter().filter(|bytes| bytes[8..12] == ssrc.to_be_bytes());
        mine.filter(|bytes| bytes[1] & 0x7f == 96).count()
    };
    assert_eq!((of(0x12), of(0x13)), (5, 5));
    let view = heard.iter().find(|bytes| bytes[8..12] == 0x13_u32.to_be_bytes()).unwrap();
    let view = sidetone_rtp::RtpView::parse(view).unwrap();
    assert_eq!(view.element(4), Some(&b"w"[..]));
}

/// Audio and video between two WebRTC legs; leg 3 on host 0 feeds leg 1's video.
fn video_call(link: Link) -> (World, Phone, std::net::SocketAddr) {
    let mut world = World::new(2, Link::default());
    let a = world.webrtc(0, 1);
    let b = world.webrtc(1, 2);
    world.apply(0, 1, webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11), video("v", 0x12)]));
    world.apply(1, 2, webrtc_plan(&a, DtlsRole::Server, vec![audio(0x21), video("v", 0x22)]));
    let phone = Phone::new("198.51.100.9:4000");
    let camera = world.plain(0, 3, Default::default());
    let mut plan = plain_plan(phone.address, vec![video("v", 0x32)]);
    plan.transports[0].rtcp_mux = true;
    world.apply(0, 3, plan);
    world.route(0, 3, 0, Route::Forward(vec![(LegId(1), 1)]));
    world.run(2 * SECOND);
    world.link = link;
    (world, Phone { payload_type: 96, ..phone }, camera.rtp)
}

#[test]
fn lost_video_is_asked_for_and_repeated() {
    let link = Link { loss_percent: 10, ..Link::default() };
    let (mut world, mut phone, to) = video_call(link);
    for _ in 0..500 {
        phone.say(&mut world, to, &[9; 1000]);
        world.run(Duration::from_millis(5));
    }
    world.run(SECOND);
    let quality = world.hosts[1].graph.quality(LegId(2)).unwrap().remove(1);
    // 500 with a tenth lost is about 450; repetitions bring all but a few back.
    assert!(quality.received.packets > 490, "{:?}", quality.received);
    assert!(quality.received.lost < 10, "{:?}", quality.received);
}

#[test]
fn with_rtx_repetitions_have_a_stream_of_their_own() {
    let (mut world, mut phone, to) = video_call(Link::default());
    let rtx = |mut plan: sidetone_sdp::plan::StreamPlan, ssrc| {
        plan.rtx = vec![(97, 96)];
        plan.local_rtx_ssrc = Some(ssrc);
        plan
    };
    let locals = |world: &mut World, host: usize| {
        let id = LegId(host as u64 + 1);
        world.hosts[host].graph.local_transports(id).unwrap().remove(0)
    };
    let (a, b) = (locals(&mut world, 0), locals(&mut world, 1));
    let streams = vec![audio(0x11), rtx(video("v", 0x12), 0x112)];
    world.apply(0, 1, webrtc_plan(&b, DtlsRole::Client, streams));
    let streams = vec![audio(0x21), rtx(video("v", 0x22), 0x122)];
    world.apply(1, 2, webrtc_plan(&a, DtlsRole::Server, streams));
    world.link.loss_percent = 10;
    for _ in 0..500 {
        phone.say(&mut world, to, &[9; 1000]);
        world.run(Duration::from_millis(5));
    }
    let repeated = world.wire.iter().filter(|(_, _, bytes)| bytes[8..12] == [0, 0, 1, 0x12]);
    let count = repeated.count();
    assert!((30..=90).contains(&count), "{count}");
}

/// How often a camera was asked for a key frame.
fn asked(world: &World, camera: &Phone) -> usize {
    let heard = camera.heard(world);
    let plis = |bytes: &Vec<u8>| {
        let found = packets(bytes).map_while(Result::ok);
        found.filter(|packet| matches!(packet, Packet::PictureLoss { .. })).count()
    };
    heard.iter().map(plis).sum()
}

#[test]
fn a_request_for_a_key_frame_reaches_the_camera_but_not_too_often() {
    let (mut world, mut phone, to) = video_call(Link::default());
    phone.say(&mut world, to, &[9; 500]);
    world.run(SECOND);
    let before = asked(&world, &phone);
    // The receiving browser asks ten times within half a second.
    let now = world.now;
    for _ in 0..10 {
        world.hosts[1].graph.request_keyframe(now, LegId(2), 1).unwrap();
        world.run(SECOND / 20);
    }
    world.run(2 * SECOND);
    let requests = asked(&world, &phone) - before;
    assert!((1..=3).contains(&requests), "{requests}");
}

#[test]
fn a_phone_that_lost_the_picture_asks_the_camera_by_pli_or_fir() {
    let (mut world, mut camera, to) = bundled();
    let viewer = Phone::new("198.51.100.10:4000");
    let local = world.plain(0, 2, Default::default());
    let mut plan = plain_plan(viewer.address, vec![video("v", 0x42)]);
    plan.transports[0].rtcp_mux = true;
    world.apply(0, 2, plan);
    world.route(0, 1, 1, Route::Forward(vec![(LegId(2), 0)]));
    (camera.payload_type, camera.element) = (96, Some((4, b"v".to_vec())));
    type Write = fn(&mut CompoundWriter<'_>);
    let pli: Write = |out| out.picture_loss(Ssrc(5), Ssrc(0x42)).unwrap();
    let fir: Write = |out| out.full_intra(Ssrc(5), Ssrc(0x42), 1).unwrap();
    for (name, write) in [("PLI", pli), ("FIR", fir)] {
        // What a new stream asks for by itself is over.
        camera.talk(&mut world, to, 5);
        world.run(5 * SECOND);
        let before = asked(&world, &camera);
        world.run(SECOND);
        assert_eq!(asked(&world, &camera), before, "nobody asks unasked");
        let mut buffer = [0; 200];
        let mut writer = CompoundWriter::new(&mut buffer);
        writer.receiver_report(Ssrc(5), &[]).unwrap();
        write(&mut writer);
        let len = writer.len();
        world.inject(viewer.address, local.rtp, &buffer[..len]);
        world.run(SECOND);
        assert_eq!(asked(&world, &camera), before + 1, "{name}");
    }
}

#[test]
fn a_sender_that_wants_remb_gets_it() {
    let (mut world, mut phone, to) = video_call(Link::default());
    for _ in 0..200 {
        phone.say(&mut world, to, &[9; 1000]);
        world.run(Duration::from_millis(50));
    }
    let heard = phone.heard(&world);
    let is_remb = |bytes: &Vec<u8>| {
        packets(bytes).map_while(Result::ok).any(|packet| matches!(packet, Packet::Remb(_)))
    };
    assert!(heard.iter().any(is_remb));
}

/// A plain leg with video whose packets carry a transport-wide sequence number, with or without
/// `a=rtcp-fb: transport-cc`. The phone sends these numbers 10 ms apart; what it is told of each.
fn told_of(numbers: &[u16], agreed: bool) -> Vec<Arrival> {
    let mut world = World::new(1, Link::default());
    let mut phone = Phone::new("198.51.100.9:4000");
    let to = world.plain(0, 1, Default::default()).rtp;
    let mut video = video("v", 0x12);
    video.extensions.push((5, sidetone_rtp::extension::uri::TRANSPORT_CC.to_owned()));
    video.codecs[0].feedback.transport_cc = agreed;
    let mut plan = plain_plan(phone.address, vec![video]);
    plan.transports[0].rtcp_mux = true;
    world.apply(0, 1, plan);
    phone.payload_type = 96;
    for number in numbers {
        phone.element = Some((5, number.to_be_bytes().to_vec()));
        phone.say(&mut world, to, &[9; 500]);
        world.run(Duration::from_millis(10));
    }
    world.run(SECOND);
    let heard = phone.heard(&world);
    let (mut told, mut reports) = (Vec::new(), 0_u8);
    for packet in heard.iter().flat_map(|bytes| packets(bytes)).map_while(Result::ok) {
        if let Packet::TransportCc(feedback) = packet {
            assert_eq!(feedback.feedback_count, reports, "reports are numbered");
            reports += 1;
            told.extend(feedback.arrivals());
        }
    }
    told
}

#[test]
fn a_sender_that_wants_transport_cc_hears_of_each_packet_when_it_came() {
    // Over the end of the numbers, and without the one that was lost.
    let sent: Vec<u16> = (0..60_u16).map(|n| 65_500_u16.wrapping_add(n)).collect();
    let mut came = sent.clone();
    let lost = came.remove(43);
    let told = told_of(&came, true);
    let numbers: Vec<u16> = told.iter().map(|arrival| arrival.sequence).collect();
    assert_eq!(numbers, sent);
    let missing = told.iter().filter(|arrival| arrival.at.is_none());
    assert_eq!(missing.map(|arrival| arrival.sequence).collect::<Vec<_>>(), [lost]);
    let times: Vec<_> = told.iter().filter_map(|arrival| arrival.at).collect();
    let apart = times.windows(2).map(|pair| pair[1] - pair[0]);
    // Times have a resolution of 250 µs.
    assert!(apart.clone().all(|gap| (9..=11).contains(&gap.as_millis())), "{times:?}");
    assert_eq!(told_of(&came, false), [], "nobody asked");
}

#[test]
fn feedback_about_unknown_streams_is_ignored() {
    let (mut world, phone, to) = video_call(Link::default());
    let mut buffer = [0; 200];
    let mut writer = CompoundWriter::new(&mut buffer);
    writer.receiver_report(Ssrc(5), &[]).unwrap();
    writer.nack(Ssrc(5), Ssrc(0xdead), &[1, 2, 3]).unwrap();
    writer.picture_loss(Ssrc(5), Ssrc(0xdead)).unwrap();
    let len = writer.len();
    world.inject(phone.address, to, &buffer[..len]);
    world.run(SECOND);
    assert!(!world.has(0, 3, |event| matches!(event, LegEvent::Failed { .. })));
}
