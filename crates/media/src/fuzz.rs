//! Entry points for fuzzing: arbitrary datagrams against legs in every state, and handshakes whose
//! datagrams somebody on the way changes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sidetone_base::{LegId, SeededRandom};
use sidetone_rtp::NtpTime;
use sidetone_sdp::plan::{
    CodecPlan, Direction, Feedback, MediaKind, MediaPlan, Protection, RemoteIce, StreamPlan,
    StreamState, TransportPlan,
};

use crate::certificate::Certificate;
use crate::clock::WallClock;
use crate::dtls::{Dtls, DtlsConfig, DtlsNews, Expected};
use crate::graph::{Arrival, Graph, NewLeg};
use crate::jitter::{JitterMode, JitterSettings};
use crate::path::{Base, Collected, PathId};
use crate::settings::{LegKind, PeerVerification, RtpSettings, StrictRtp, ToneDetection};
use crate::source::Route;
use crate::transport::NewTransport;

// A key of no secret: parsing must be fast and the same in each run.
const CERTIFICATE: &[u8] = include_bytes!("../testdata/fuzz-certificate.der");
const KEY: &[u8] = include_bytes!("../testdata/fuzz-key.der");
const RSA_CERTIFICATE: &[u8] = include_bytes!("../testdata/fuzz-rsa-certificate.der");
const RSA_KEY: &[u8] = include_bytes!("../testdata/fuzz-rsa-key.der");

const PLAIN: PathId = PathId(1);
const SHARED: PathId = PathId(0);

/// Feeds a sequence of datagrams (each: one byte that says where it arrives, one byte of length,
/// content) to a plain leg that echoes and to a WebRTC leg, moving time on between them. Asserts
/// that nothing panics and that closing leaves nothing behind.
pub fn fuzz_datagrams(data: &[u8]) {
    let mut now = Instant::now();
    let mut out = Collected::default();
    let Some(mut graph) = world(now, data.first().is_some_and(|first| first & 2 == 2)) else {
        return;
    };
    let local = SocketAddr::from(([192, 0, 2, 1], 5000));
    let mut rest = data;
    while let [to, len, tail @ ..] = rest {
        let (content, next) = tail.split_at_checked(usize::from(*len)).unwrap_or((tail, &[]));
        let path = if to & 1 == 0 { SHARED } else { PLAIN };
        let source = SocketAddr::from(([192, 0, 2, 2], 4000 + u16::from(to >> 1)));
        let mut datagram = content.to_vec();
        graph.handle_datagram(now, Arrival { path, local, source }, &mut datagram, &mut out);
        now += Duration::from_millis(7);
        graph.handle_timeout(now, &mut out);
        while graph.poll_event().is_some() {}
        out.0.clear();
        rest = next;
    }
    graph.close_leg(now, LegId(1), &mut out);
    graph.close_leg(now, LegId(2), &mut out);
    let left = graph.snapshot();
    assert_eq!((left.legs, left.routes, left.timers), (0, 0, 0));
}

/// Two legs. The plain one may listen for tones behind a jitter buffer.
fn world(now: Instant, listens: bool) -> Option<Graph> {
    let clock = WallClock::new(now, NtpTime(1 << 63));
    let mut graph = Graph::new(clock, Box::new(SeededRandom::new(1)));
    graph.add_shared_path(SHARED);
    let mut out = Collected::default();
    let certificate = Certificate::from_der(CERTIFICATE.to_vec(), KEY.to_vec()).ok()?;
    let address = SocketAddr::from(([192, 0, 2, 1], 5000));
    let end = |path| Some((Base { address, path }, address));
    for (id, kind, path) in [(1, LegKind::Plain, PLAIN), (2, LegKind::Ice { lite: true }, SHARED)] {
        let bases = if path == SHARED { vec![Base { address, path }] } else { vec![] };
        let transport = NewTransport { bases, rtp: end(path), ..NewTransport::default() };
        let mut settings = RtpSettings { strict: StrictRtp::No, ..RtpSettings::default() };
        if listens {
            settings.dtmf.detection = ToneDetection::Always;
            settings.jitter = Some(JitterSettings::new(JitterMode::Adaptive));
        }
        let new = NewLeg {
            id: LegId(id),
            kind,
            settings,
            certificate: certificate.clone(),
            transports: vec![transport],
        };
        graph.create_leg(now, new, &mut out).ok()?;
    }
    graph.apply(now, LegId(1), plan(), &mut out).ok()?;
    graph.route(now, LegId(1), 0, &Route::Echo).ok()?;
    graph.route(now, LegId(1), 1, &Route::Echo).ok()?;
    Some(graph)
}

fn plan() -> MediaPlan {
    let codec = |name: &str, number, clock_rate, feedback| CodecPlan {
        send_payload_type: number,
        receive_payload_type: number,
        name: name.to_owned(),
        clock_rate,
        channels: 1,
        remote_fmtp: String::new(),
        local_fmtp: String::new(),
        feedback,
    };
    let every = Feedback { nack: true, pli: true, fir: true, remb: true, transport_cc: true };
    let stream = |kind, codec, local_ssrc| StreamPlan {
        kind,
        state: StreamState::Active,
        mid: Some("m".to_owned()),
        direction: Direction::SendRecv,
        transport: 0,
        codecs: vec![codec],
        telephone_events: vec![(8000, 101)],
        comfort_noise: Some(13),
        fax: None,
        rtx: vec![(97, 96)],
        ptime_ms: 20,
        extensions: vec![(1, "urn:ietf:params:rtp-hdrext:sdes:mid".to_owned())],
        remote_ssrcs: vec![],
        remote_cname: None,
        local_ssrc,
        local_rtx_ssrc: Some(local_ssrc + 100),
        local_msid: None,
        label: None,
        rtcp_reduced_size: true,
    };
    let streams = vec![
        stream(MediaKind::Audio, codec("pcmu", 0, 8000, Feedback::default()), 1),
        stream(MediaKind::Video, codec("vp8", 96, 90_000, every), 2),
    ];
    let transport = TransportPlan {
        remote_rtp: Some(SocketAddr::from(([192, 0, 2, 2], 4000))),
        remote_rtcp: None,
        rtcp_mux: true,
        ice: None,
        protection: Protection::None,
    };
    MediaPlan { streams, transports: vec![transport] }
}

/// Feeds arbitrary text as remote ICE parameters and candidates.
pub fn fuzz_candidates(data: &[u8]) {
    let now = Instant::now();
    let Some(mut graph) = world(now, false) else { return };
    let text = String::from_utf8_lossy(data);
    let mut lines = text.lines().map(str::to_owned);
    let mut plan = plan();
    if let Some(transport) = plan.transports.first_mut() {
        transport.ice = Some(RemoteIce {
            ufrag: lines.next().unwrap_or_default(),
            pwd: lines.next().unwrap_or_default(),
            candidates: lines.collect(),
            lite: false,
            complete: true,
            controlling: true,
        });
        let fingerprints = vec![("sha-256".to_owned(), vec![0; 32])];
        let role = sidetone_sdp::plan::DtlsRole::Server;
        transport.protection = Protection::Dtls { fingerprints, role };
    }
    let mut out = Collected::default();
    let _ = graph.apply(now, LegId(2), plan, &mut out);
    graph.handle_timeout(now + Duration::from_secs(1), &mut out);
    graph.close_leg(now, LegId(2), &mut out);
}

/// Lets one of our handshakes meet a peer, and does to each datagram what the input says. The
/// first byte chooses role, version and both kinds of certificate. Asserts that nothing panics,
/// and that without a change both sides have the same keys.
pub fn fuzz_handshake(data: &[u8]) {
    let (choice, mut changes) =
        data.split_first().map_or((0, data), |(first, rest)| (*first, rest));
    let untouched = changes.is_empty();
    let mut now = Instant::now();
    let Some((mut ours, mut theirs)) = pair(now, choice) else { return };
    let (mut keyed, mut peer_keys) = (None, None);
    let mut buffer = vec![0; 4096];
    for _ in 0..40 {
        let (mut to_peer, mut to_us) = (Vec::new(), Vec::new());
        match ours.drain(&mut |datagram| change(datagram, &mut changes, &mut to_peer)) {
            Some(DtlsNews::Keyed(keys)) => keyed = Some(keys),
            Some(DtlsNews::Failed(_)) => break,
            None => {}
        }
        loop {
            match theirs.poll_output(&mut buffer) {
                dimpl::Output::Packet(packet) => change(packet, &mut changes, &mut to_us),
                dimpl::Output::KeyingMaterial(keys, _) => peer_keys = Some(keys.to_vec()),
                dimpl::Output::BufferTooSmall { needed } => buffer.resize(needed, 0),
                dimpl::Output::Timeout(_) => break,
                _ => {}
            }
        }
        now += Duration::from_millis(if to_peer.is_empty() && to_us.is_empty() { 300 } else { 5 });
        let refused = to_us.iter().any(|datagram| ours.handle_packet(now, datagram).is_err());
        if refused || ours.handle_timeout(now).is_err() || theirs.handle_timeout(now).is_err() {
            break;
        }
        if to_peer.iter().any(|datagram| theirs.handle_packet(datagram).is_err()) {
            break;
        }
    }
    assert!(!untouched || (keyed.is_some() && peer_keys.is_some()), "choice {choice}");
}

/// One of ours and its peer.
fn pair(now: Instant, choice: u8) -> Option<(Dtls, dimpl::Dtls)> {
    use sidetone_sdp::plan::DtlsRole::{Client, Server};
    let is = |bit: u8| choice & bit != 0;
    let shown = |rsa| if rsa { (RSA_CERTIFICATE, RSA_KEY) } else { (CERTIFICATE, KEY) };
    let (certificate, key) = shown(is(1));
    let own = Certificate::from_der(certificate.to_vec(), key.to_vec()).ok()?;
    let (certificate, key) = shown(is(2));
    let theirs = Certificate::from_der(certificate.to_vec(), key.to_vec()).ok()?;
    let fingerprints = theirs.fingerprints();
    let expected = Expected { fingerprints, verification: PeerVerification::Fingerprint };
    let role = if is(4) { Client } else { Server };
    let mtu = if is(16) { 300 } else { 1_200 };
    let mut ours = Dtls::new(now, &DtlsConfig::new(mtu, &[]).ok()?, &own, role, expected);
    let config = dimpl::Config::builder().mtu(usize::from(mtu)).use_server_cookie(is(32));
    let config = std::sync::Arc::new(config.build().ok()?);
    let mut peer = if is(8) {
        dimpl::Dtls::new_12(config, theirs.dtls(), now)
    } else {
        dimpl::Dtls::new_13(config, theirs.dtls(), now)
    };
    peer.set_active(role == Server);
    ours.start(now).ok()?;
    peer.handle_timeout(now).ok()?;
    Some((ours, peer))
}

/// Takes one change from the input and does it to a datagram: three bytes that say what, where and
/// with which value.
fn change(datagram: &[u8], changes: &mut &[u8], out: &mut Vec<Vec<u8>>) {
    let mut bytes = datagram.to_vec();
    let [what, place, value, rest @ ..] = *changes else {
        out.push(bytes);
        return;
    };
    *changes = rest;
    // The head of a datagram is where most decisions are made.
    let at = usize::from(*place) * (if what & 128 == 0 { 1 } else { bytes.len() / 256 + 1 });
    let at = at.min(bytes.len().saturating_sub(1));
    match what & 15 {
        0 => return,
        1 => out.push(bytes.clone()),
        2 => bytes.truncate(at),
        3 => bytes.extend_from_slice(&datagram[at..]),
        4 => bytes.insert(at, *value),
        5 | 6 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= value;
            }
        }
        7 => {
            out.insert(0, bytes);
            return;
        }
        _ => {}
    }
    out.push(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    #[test]
    fn handshakes_that_nobody_touches_give_keys_in_every_combination() {
        (0..64).for_each(|choice| super::fuzz_handshake(&[choice]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn arbitrary_datagrams_do_no_harm(
            data in proptest::collection::vec(any::<u8>(), 0..600)
        ) {
            super::fuzz_datagrams(&data);
        }

        #[test]
        fn almost_valid_datagrams_do_no_harm(
            packets in proptest::collection::vec(
                (any::<bool>(), prop_oneof![
                    Just(vec![0x80, 0]), Just(vec![0x90, 96]), Just(vec![0x80, 97]),
                    Just(vec![0x80, 101]), Just(vec![0x81, 200]), Just(vec![0x81, 205]),
                    Just(vec![0x84, 206]), Just(vec![0, 1]), Just(vec![1, 1]),
                    Just(vec![22, 254, 253]),
                ], proptest::collection::vec(any::<u8>(), 0..120)), 0..20)
        ) {
            let mut data = Vec::new();
            for (plain, head, tail) in packets {
                data.push(u8::from(plain));
                data.push((head.len() + tail.len()) as u8);
                data.extend(head);
                data.extend(tail);
            }
            super::fuzz_datagrams(&data);
        }

        #[test]
        fn handshakes_that_somebody_changes_do_no_harm(
            data in proptest::collection::vec(any::<u8>(), 0..80)
        ) {
            super::fuzz_handshake(&data);
        }

        #[test]
        fn arbitrary_candidates_do_no_harm(text in "[ -~\\n]{0,400}") {
            super::fuzz_candidates(text.as_bytes());
        }
    }
}
