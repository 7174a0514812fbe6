//! Plans and peers for the tests with real sockets.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "each test file uses its part"
)]

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use sidetone_base::LegId;
use sidetone_engine::media::{CandidatePolicy, LegEvent, LegKind};
use sidetone_engine::{Engine, EngineSettings, LegSpec};
use sidetone_sdp::plan::{
    CodecPlan, Direction, DtlsRole, Feedback, LocalTransport, MediaKind, MediaPlan, Protection,
    RemoteIce, StreamPlan, StreamState, TransportPlan,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

pub type Events = mpsc::Receiver<(LegId, LegEvent)>;

pub fn engine(ports: std::ops::RangeInclusive<u16>, workers: usize) -> Engine {
    Engine::start(EngineSettings {
        workers: Some(workers),
        ports,
        bind: vec![Ipv4Addr::LOCALHOST.into()],
        ..EngineSettings::default()
    })
    .unwrap()
}

pub fn spec(kind: LegKind) -> (LegSpec, Events) {
    let (sender, events) = mpsc::channel(64);
    let candidates = CandidatePolicy {
        peer: Some(Ipv4Addr::LOCALHOST.into()),
        local_address: Some(Ipv4Addr::LOCALHOST.into()),
        ..CandidatePolicy::default()
    };
    (LegSpec { candidates, ..LegSpec::new(kind, sender) }, events)
}

pub fn ulaw() -> CodecPlan {
    CodecPlan {
        send_payload_type: 0,
        receive_payload_type: 0,
        name: "pcmu".into(),
        clock_rate: 8000,
        channels: 1,
        remote_fmtp: String::new(),
        local_fmtp: String::new(),
        feedback: Feedback::default(),
    }
}

pub fn audio(local_ssrc: u32) -> StreamPlan {
    StreamPlan {
        kind: MediaKind::Audio,
        state: StreamState::Active,
        mid: Some("0".into()),
        direction: Direction::SendRecv,
        transport: 0,
        codecs: vec![ulaw()],
        telephone_events: vec![(8000, 101)],
        comfort_noise: None,
        fax: None,
        rtx: vec![],
        ptime_ms: 20,
        extensions: vec![],
        remote_ssrcs: vec![],
        remote_cname: None,
        local_ssrc,
        local_rtx_ssrc: None,
        label: None,
        local_msid: None,
        rtcp_reduced_size: false,
    }
}

pub fn webrtc_plan(remote: &LocalTransport, role: DtlsRole, ssrc: u32) -> MediaPlan {
    let ice = remote.ice.as_ref().unwrap();
    MediaPlan {
        streams: vec![audio(ssrc)],
        transports: vec![TransportPlan {
            remote_rtp: Some(remote.rtp),
            remote_rtcp: None,
            rtcp_mux: true,
            ice: Some(RemoteIce {
                ufrag: ice.ufrag.clone(),
                pwd: ice.pwd.clone(),
                candidates: ice.candidates.clone(),
                lite: ice.lite,
                complete: true,
                controlling: role == DtlsRole::Client,
            }),
            protection: Protection::Dtls { fingerprints: remote.fingerprints.clone(), role },
        }],
    }
}

pub fn plain_plan(remote: SocketAddr, ssrc: u32) -> MediaPlan {
    MediaPlan {
        streams: vec![audio(ssrc)],
        transports: vec![TransportPlan {
            remote_rtp: Some(remote),
            remote_rtcp: Some(SocketAddr::new(remote.ip(), remote.port() + 1)),
            rtcp_mux: false,
            ice: None,
            protection: Protection::None,
        }],
    }
}

pub async fn wait_for(events: &mut Events, wanted: impl Fn(&LegEvent) -> bool) -> LegEvent {
    let found = timeout(Duration::from_secs(10), async {
        loop {
            let (_, event) = events.recv().await.expect("the leg is gone");
            if wanted(&event) {
                return event;
            }
        }
    });
    found.await.expect("the event did not come")
}

/// A telephone made of one socket.
pub struct Phone {
    pub socket: UdpSocket,
    sequence: u16,
}

impl Phone {
    pub fn new() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
        Self { socket, sequence: 0 }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub fn say(&mut self, to: SocketAddr, text: &[u8]) {
        let mut packet = vec![0x80, 0];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend((u32::from(self.sequence) * 160).to_be_bytes());
        packet.extend(7_u32.to_be_bytes());
        packet.extend(text);
        self.sequence += 1;
        self.socket.send_to(&packet, to).unwrap();
    }

    pub fn hear(&self) -> Option<Vec<u8>> {
        let mut buffer = [0; 2048];
        let (len, _) = self.socket.recv_from(&mut buffer).ok()?;
        Some(buffer[..len].to_vec())
    }
}
