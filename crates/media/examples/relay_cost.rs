//! What a packet costs inside the graph, without system calls: `cargo run --release -p
//! sidetone-media --example relay_cost`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark talks and may fail")]

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use sidetone_base::{LegId, SeededRandom};
use sidetone_media::path::Collected;
use sidetone_media::{
    Arrival, Base, Certificate, Graph, LegKind, NewLeg, NewTransport, Outbox, PathId, Route,
    RtpSettings, WallClock,
};
use sidetone_rtp::NtpTime;
use sidetone_sdp::plan::{
    CodecPlan, Direction, Feedback, MediaKind, MediaPlan, Protection, SdesKey, StreamPlan,
    StreamState, TransportPlan,
};

#[derive(Default)]
struct Sink(u64);

impl Outbox for Sink {
    fn send(&mut self, _path: PathId, _from: IpAddr, _to: SocketAddr, datagram: &[u8]) {
        self.0 += datagram.len() as u64;
    }
}

fn main() {
    for legs in [1, 100, 1000] {
        println!("{legs:5} legs  echo in clear {:5.0} ns", cost(legs, false));
    }
    for legs in [1, 100, 1000] {
        println!("{legs:5} legs  clear to SRTP {:5.0} ns", cost(legs, true));
    }
}

fn cost(legs: u32, protect: bool) -> f64 {
    const ROUNDS: u32 = 200_000;
    let start = Instant::now();
    let clock = WallClock::new(start, NtpTime(1 << 63));
    let mut graph = Graph::new(clock, Box::new(SeededRandom::new(1)));
    let made = rcgen::generate_simple_self_signed(vec!["bench".to_owned()]).unwrap();
    let key = made.signing_key.serialize_der();
    let certificate = Certificate::from_der(made.cert.der().to_vec(), key).unwrap();
    let mut out = Collected::default();
    for number in 0..legs {
        let peer = SocketAddr::from(([198, 51, 100, 1], 1000 + number as u16));
        let mut make = |id: u64, protect: bool| {
            let path = PathId(id as u32);
            let address = SocketAddr::from(([192, 0, 2, 1], 2000 + id as u16));
            let rtp = Some((Base { address, path }, address));
            let transports = vec![NewTransport { rtp, ..NewTransport::default() }];
            let (kind, settings) = (LegKind::Plain, RtpSettings::default());
            let certificate = certificate.clone();
            let new = NewLeg { id: LegId(id), kind, settings, certificate, transports };
            graph.create_leg(start, new, &mut out).unwrap();
            graph.apply(start, LegId(id), plan(peer, protect), &mut out).unwrap();
        };
        make(u64::from(number), false);
        if protect {
            make(u64::from(10_000 + number), true);
            let target = LegId(u64::from(10_000 + number));
            let route = Route::Forward(vec![(target, 0)]);
            graph.route(start, LegId(u64::from(number)), 0, &route).unwrap();
        } else {
            graph.route(start, LegId(u64::from(number)), 0, &Route::Echo).unwrap();
        }
    }
    let mut sink = Sink::default();
    let began = Instant::now();
    let mut packet = [0_u8; 172];
    for round in 0..ROUNDS {
        let leg = round % legs;
        let sequence = round / legs;
        packet[0] = 0x80;
        packet[2..4].copy_from_slice(&((sequence & 0xffff) as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&(sequence * 160).to_be_bytes());
        let arrival = Arrival {
            path: PathId(leg),
            local: SocketAddr::from(([192, 0, 2, 1], 2000 + leg as u16)),
            source: SocketAddr::from(([198, 51, 100, 1], 1000 + leg as u16)),
        };
        let now = start + Duration::from_millis(20) * sequence;
        graph.handle_datagram(now, arrival, &mut packet, &mut sink);
    }
    let spent = began.elapsed();
    assert!(sink.0 >= u64::from(ROUNDS) * 172 - 172 * 100);
    spent.as_nanos() as f64 / f64::from(ROUNDS)
}

fn plan(peer: SocketAddr, protect: bool) -> MediaPlan {
    let codec = CodecPlan {
        send_payload_type: 0,
        receive_payload_type: 0,
        name: "pcmu".into(),
        clock_rate: 8000,
        channels: 1,
        remote_fmtp: String::new(),
        local_fmtp: String::new(),
        feedback: Feedback::default(),
    };
    let stream = StreamPlan {
        kind: MediaKind::Audio,
        state: StreamState::Active,
        mid: None,
        direction: Direction::SendRecv,
        transport: 0,
        codecs: vec![codec],
        telephone_events: vec![],
        comfort_noise: None,
        fax: None,
        rtx: vec![],
        ptime_ms: 20,
        extensions: vec![],
        remote_ssrcs: vec![],
        remote_cname: None,
        local_ssrc: 77,
        local_rtx_ssrc: None,
        local_msid: None,
        label: None,
        rtcp_reduced_size: false,
    };
    let key =
        SdesKey { tag: 1, suite: "AES_CM_128_HMAC_SHA1_80".into(), key_and_salt: vec![7; 30] };
    let protection = if protect {
        Protection::Sdes { local: key.clone(), remote: key }
    } else {
        Protection::None
    };
    let transport = TransportPlan {
        remote_rtp: Some(peer),
        remote_rtcp: None,
        rtcp_mux: true,
        ice: None,
        protection,
    };
    MediaPlan { streams: vec![stream], transports: vec![transport] }
}
