//! Two hosts in memory, joined by a link that loses, delays, reorders and repeats datagrams as a
//! seed decides. Time is virtual.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "each test file uses its part"
)]

pub mod peer;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use sidetone_base::{LegId, Random, SeededRandom};
use sidetone_media::path::Collected;
use sidetone_media::{
    Arrival, Base, Certificate, Graph, LegEvent, LegKind, NewLeg, NewTransport, PathId, Playback,
    PlaybackId, Route, RtpSettings, WallClock,
};
use sidetone_rtp::NtpTime;
use sidetone_sdp::plan::{
    CodecPlan, Direction, DtlsRole, Feedback, LocalTransport, MediaKind, MediaPlan, Protection,
    RemoteIce, StreamPlan, StreamState, TransportPlan,
};

pub const MID_URI: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";

/// How bad the link is.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    pub loss_percent: u64,
    pub repeat_percent: u64,
    pub delay: Duration,
    pub jitter: Duration,
}

impl Default for Link {
    fn default() -> Self {
        let (delay, jitter) = (Duration::from_millis(10), Duration::ZERO);
        Self { loss_percent: 0, repeat_percent: 0, delay, jitter }
    }
}

pub struct Host {
    pub graph: Graph,
    pub ip: IpAddr,
    pub events: Vec<(LegId, LegEvent)>,
    paths: BTreeMap<SocketAddr, PathId>,
    next_port: u16,
}

impl Host {
    /// The address of the shared port.
    pub fn ip_port(&self) -> SocketAddr {
        SocketAddr::new(self.ip, SHARED_PORT)
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Flying {
    at: Instant,
    serial: u64,
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

/// Makes other datagrams of one.
pub type Rewrite = fn(Vec<u8>) -> Vec<Vec<u8>>;

pub struct World {
    pub now: Instant,
    pub start: Instant,
    pub hosts: Vec<Host>,
    pub link: Link,
    pub random: SeededRandom,
    /// Everything that was sent: who, to whom, what.
    pub wire: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
    /// What reached an address that is no host's.
    pub strays: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
    /// Cuts the link between the hosts.
    pub cut: bool,
    /// Makes other datagrams of each one that is sent: somebody on the way who may.
    pub rewrite: Option<Rewrite>,
    /// What legs of each host show.
    pub certificates: [Certificate; 2],
    flying: BinaryHeap<Reverse<Flying>>,
    serial: u64,
}

const SHARED_PORT: u16 = 5000;

pub fn certificate() -> Certificate {
    static ONE: OnceLock<Certificate> = OnceLock::new();
    ONE.get_or_init(fresh_certificate).clone()
}

pub fn fresh_certificate() -> Certificate {
    let made = rcgen::generate_simple_self_signed(vec!["test".to_owned()]).unwrap();
    Certificate::from_der(made.cert.der().to_vec(), made.signing_key.serialize_der()).unwrap()
}

/// One whose key is RSA of this many bits: 2048 or 4096. Its certificate and key, in DER.
pub fn rsa_pair(bits: usize) -> (Vec<u8>, Vec<u8>) {
    static PAIRS: [OnceLock<(Vec<u8>, Vec<u8>)>; 2] = [OnceLock::new(), OnceLock::new()];
    let (one, size) = match bits {
        4096 => (&PAIRS[1], rcgen::RsaKeySize::_4096),
        _ => (&PAIRS[0], rcgen::RsaKeySize::_2048),
    };
    let make = || {
        let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap();
        let parameters = rcgen::CertificateParams::new(vec!["test".to_owned()]).unwrap();
        let made = parameters.self_signed(&key).unwrap();
        (made.der().to_vec(), key.serialize_der())
    };
    one.get_or_init(make).clone()
}

pub fn rsa_certificate(bits: usize) -> Certificate {
    let (certificate, key) = rsa_pair(bits);
    Certificate::from_der(certificate, key).unwrap()
}

impl World {
    pub fn new(seed: u64, link: Link) -> Self {
        Self::between([1, 2].map(|number| IpAddr::from([192, 0, 2, number])), seed, link)
    }

    /// A world of two hosts with these addresses.
    pub fn between(hosts: [IpAddr; 2], seed: u64, link: Link) -> Self {
        let now = Instant::now();
        let mut world = Self {
            now,
            start: now,
            hosts: Vec::new(),
            link,
            random: SeededRandom::new(seed),
            wire: Vec::new(),
            strays: Vec::new(),
            cut: false,
            rewrite: None,
            certificates: [certificate(), certificate()],
            flying: BinaryHeap::new(),
            serial: 0,
        };
        for ip in hosts {
            let clock = WallClock::new(now, NtpTime(0xe000_0000_0000_0000));
            let seed = world.random.u64();
            let mut graph = Graph::new(clock, Box::new(SeededRandom::new(seed)));
            graph.add_shared_path(PathId(0));
            let paths = BTreeMap::from([(SocketAddr::new(ip, SHARED_PORT), PathId(0))]);
            world.hosts.push(Host { graph, ip, events: vec![], paths, next_port: 6000 });
        }
        world
    }

    pub fn webrtc(&mut self, host: usize, id: u64) -> LocalTransport {
        self.webrtc_with(host, id, RtpSettings::default(), LegKind::Ice { lite: false })
    }

    pub fn webrtc_with(
        &mut self,
        host: usize,
        id: u64,
        settings: RtpSettings,
        kind: LegKind,
    ) -> LocalTransport {
        let (now, certificate) = (self.now, self.certificates[host].clone());
        let host = &mut self.hosts[host];
        let address = SocketAddr::new(host.ip, SHARED_PORT);
        let base = Base { address, path: PathId(0) };
        let transport = NewTransport {
            bases: vec![base],
            advertised: vec![address],
            rtp: Some((base, address)),
            ..NewTransport::default()
        };
        let transports = vec![transport];
        let new = NewLeg { id: LegId(id), kind, settings, certificate, transports };
        host.graph.create_leg(now, new, &mut Collected::default()).unwrap().remove(0)
    }

    pub fn plain(&mut self, host: usize, id: u64, settings: RtpSettings) -> LocalTransport {
        let (now, certificate) = (self.now, self.certificates[host].clone());
        let host = &mut self.hosts[host];
        let mut end = || {
            let address = SocketAddr::new(host.ip, host.next_port);
            let path = PathId(u32::from(host.next_port));
            host.next_port += 1;
            host.paths.insert(address, path);
            Some((Base { address, path }, address))
        };
        let (rtp, rtcp) = (end(), end());
        let transports = vec![NewTransport { rtp, rtcp, ..NewTransport::default() }];
        let kind = LegKind::Plain;
        let new = NewLeg { id: LegId(id), kind, settings, certificate, transports };
        host.graph.create_leg(now, new, &mut Collected::default()).unwrap().remove(0)
    }

    pub fn apply(&mut self, host: usize, id: u64, plan: MediaPlan) {
        self.try_apply(host, id, plan).unwrap();
    }

    pub fn try_apply(
        &mut self,
        host: usize,
        id: u64,
        plan: MediaPlan,
    ) -> Result<(), sidetone_media::LegFault> {
        let mut out = Collected::default();
        let result = self.hosts[host].graph.apply(self.now, LegId(id), plan, &mut out);
        self.launch(out);
        self.collect(host);
        result
    }

    pub fn route(&mut self, host: usize, id: u64, stream: usize, route: Route) {
        self.hosts[host].graph.route(self.now, LegId(id), stream, &route).unwrap();
    }

    pub fn play(&mut self, host: usize, id: u64, playback_id: u64, playback: Playback) {
        let graph = &mut self.hosts[host].graph;
        graph.play(self.now, LegId(id), 0, PlaybackId(playback_id), playback).unwrap();
    }

    pub fn close(&mut self, host: usize, id: u64) {
        let mut out = Collected::default();
        self.hosts[host].graph.close_leg(self.now, LegId(id), &mut out);
        self.launch(out);
    }

    /// Two WebRTC legs (1 on host 0, 2 on host 1), connected.
    pub fn connected(seed: u64, link: Link) -> Self {
        let mut world = Self::new(seed, link);
        world.connect();
        world
    }

    /// Makes leg 1 on host 0 and leg 2 on host 1, and lets them connect.
    pub fn connect(&mut self) {
        let a = self.webrtc(0, 1);
        let b = self.webrtc(1, 2);
        self.apply(0, 1, webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]));
        self.apply(1, 2, webrtc_plan(&a, DtlsRole::Server, vec![audio(0x22)]));
        self.run(Duration::from_secs(3));
    }

    /// Puts a datagram on its way, past the link's faults.
    pub fn inject(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        self.fly(from, to, bytes.to_vec(), Duration::ZERO);
    }

    fn fly(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>, delay: Duration) {
        self.serial += 1;
        let (at, serial) = (self.now + delay, self.serial);
        self.flying.push(Reverse(Flying { at, serial, from, to, bytes }));
    }

    fn launch(&mut self, out: Collected) {
        for (path, from, to, bytes) in out.0 {
            let host = self.hosts.iter().find(|host| host.ip == from).unwrap();
            let own = host.paths.iter().find(|(_, own)| **own == path).unwrap();
            let from = *own.0;
            self.wire.push((from, to, bytes.clone()));
            if self.cut {
                continue;
            }
            let datagrams = match self.rewrite {
                Some(rewrite) => rewrite(bytes),
                None => vec![bytes],
            };
            datagrams.into_iter().for_each(|bytes| self.throw(from, to, &bytes));
        }
    }

    /// Sends one datagram over the link with all its faults.
    pub fn throw(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let copies = 1 + u64::from(self.random.below(100) < self.link.repeat_percent);
        for _ in 0..copies {
            if self.random.below(100) < self.link.loss_percent {
                continue;
            }
            let spread = self.link.jitter.as_micros() as u64 + 1;
            let jitter = Duration::from_micros(self.random.below(spread));
            self.fly(from, to, bytes.to_vec(), self.link.delay + jitter);
        }
    }

    fn collect(&mut self, host: usize) {
        let host = &mut self.hosts[host];
        while let Some(event) = host.graph.poll_event() {
            host.events.push(event);
        }
    }

    /// Runs for this long.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let deadlines = self.hosts.iter_mut().filter_map(|host| host.graph.next_deadline());
            let flying = self.flying.peek().map(|Reverse(flying)| flying.at);
            let next = deadlines.chain(flying).min().filter(|at| *at <= end);
            let Some(next) = next else { break };
            self.now = self.now.max(next);
            self.step();
        }
        self.now = end;
    }

    /// Takes in what commands to the graphs have caused.
    pub fn step_now(&mut self) {
        self.step();
    }

    fn step(&mut self) {
        for host in 0..self.hosts.len() {
            let mut out = Collected::default();
            self.hosts[host].graph.handle_timeout(self.now, &mut out);
            self.launch(out);
            self.collect(host);
        }
        while self.flying.peek().is_some_and(|Reverse(flying)| flying.at <= self.now) {
            let Reverse(mut flying) = self.flying.pop().unwrap();
            let found = self.hosts.iter().position(|host| host.paths.contains_key(&flying.to));
            let Some(host) = found else {
                self.strays.push((flying.from, flying.to, flying.bytes));
                continue;
            };
            let path = self.hosts[host].paths[&flying.to];
            let arrival = Arrival { path, local: flying.to, source: flying.from };
            let mut out = Collected::default();
            let graph = &mut self.hosts[host].graph;
            graph.handle_datagram(self.now, arrival, &mut flying.bytes, &mut out);
            self.launch(out);
            self.collect(host);
        }
    }

    pub fn events(&self, host: usize, id: u64) -> Vec<LegEvent> {
        let events = self.hosts[host].events.iter();
        events.filter(|(leg, _)| leg.0 == id).map(|(_, event)| event.clone()).collect()
    }

    pub fn has(&self, host: usize, id: u64, wanted: impl Fn(&LegEvent) -> bool) -> bool {
        self.events(host, id).iter().any(wanted)
    }

    pub fn keyed(&self, host: usize, id: u64) -> bool {
        self.has(host, id, |event| matches!(event, LegEvent::DtlsConnected { .. }))
    }

    pub fn received(&mut self, host: usize, id: u64) -> u64 {
        self.hosts[host].graph.quality(LegId(id)).unwrap()[0].received.packets
    }
}

/// A telephone outside the hosts that sends RTP in clear.
pub struct Phone {
    pub address: SocketAddr,
    pub sequence: u16,
    pub payload_type: u8,
    /// What timestamps of successive packets differ by.
    pub ticks: u32,
    pub ssrc: u32,
    pub element: Option<(u8, Vec<u8>)>,
}

impl Phone {
    pub fn new(address: &str) -> Self {
        let address = address.parse().unwrap();
        Self { address, sequence: 100, payload_type: 0, ticks: 160, ssrc: 0x77, element: None }
    }

    pub fn say(&mut self, world: &mut World, to: SocketAddr, text: &[u8]) {
        let header = sidetone_rtp::Header {
            marker: false,
            payload_type: self.payload_type,
            sequence: self.sequence,
            timestamp: u32::from(self.sequence) * self.ticks,
            ssrc: sidetone_rtp::Ssrc(self.ssrc),
        };
        self.sequence = self.sequence.wrapping_add(1);
        let mut packet = [0; 1500];
        let element = self.element.as_ref().map(|(id, value)| (*id, value.as_slice()));
        let len = header.write_packet(&mut packet, element.as_slice(), text).unwrap();
        world.inject(self.address, to, &packet[..len]);
    }

    /// Says this many packets, 20 ms apart.
    pub fn talk(&mut self, world: &mut World, to: SocketAddr, packets: usize) {
        for _ in 0..packets {
            self.say(world, to, &[0xff; 160]);
            world.run(Duration::from_millis(20));
        }
    }

    /// Presses a key for 100 ms as telephone-event in a clock of 8 kHz.
    pub fn press(&mut self, world: &mut World, to: SocketAddr, payload_type: u8, code: u8) {
        let started = u32::from(self.sequence) * 160;
        for tick in 0..8_u16 {
            let end = if tick >= 5 { 0x80 } else { 0 };
            let [high, low] = (tick.min(5) * 160).to_be_bytes();
            let header = sidetone_rtp::Header {
                marker: tick == 0,
                payload_type,
                sequence: self.sequence,
                timestamp: started,
                ssrc: sidetone_rtp::Ssrc(self.ssrc),
            };
            self.sequence = self.sequence.wrapping_add(1);
            let mut packet = [0; 64];
            let payload = [code, end | 10, high, low];
            let len = header.write_packet(&mut packet, &[], &payload).unwrap();
            world.inject(self.address, to, &packet[..len]);
            world.run(Duration::from_millis(20));
        }
    }

    /// The RTP packets that reached the phone.
    pub fn heard(&self, world: &World) -> Vec<Vec<u8>> {
        let to_us = world.strays.iter().filter(|(_, to, _)| *to == self.address);
        to_us.map(|(_, _, bytes)| bytes.clone()).collect()
    }
}

pub fn codec(name: &str, number: u8, clock_rate: u32) -> CodecPlan {
    CodecPlan {
        send_payload_type: number,
        receive_payload_type: number,
        name: name.into(),
        clock_rate,
        channels: if name == "opus" { 2 } else { 1 },
        remote_fmtp: String::new(),
        local_fmtp: String::new(),
        feedback: Feedback::default(),
    }
}

fn line(kind: MediaKind, mid: &str, codecs: Vec<CodecPlan>, local_ssrc: u32) -> StreamPlan {
    StreamPlan {
        kind,
        state: StreamState::Active,
        mid: Some(mid.into()),
        direction: Direction::SendRecv,
        transport: 0,
        codecs,
        telephone_events: vec![],
        comfort_noise: None,
        fax: None,
        rtx: vec![],
        ptime_ms: 20,
        extensions: vec![(4, MID_URI.into())],
        remote_ssrcs: vec![],
        remote_cname: None,
        local_ssrc,
        local_rtx_ssrc: None,
        local_msid: None,
        label: None,
        rtcp_reduced_size: false,
    }
}

pub fn audio(ssrc: u32) -> StreamPlan {
    let mut plan = line(MediaKind::Audio, "a", vec![codec("pcmu", 0, 8000)], ssrc);
    plan.telephone_events = vec![(8000, 101)];
    plan
}

pub fn opus(ssrc: u32) -> StreamPlan {
    let mut plan = line(MediaKind::Audio, "a", vec![codec("opus", 111, 48_000)], ssrc);
    plan.telephone_events = vec![(48_000, 110)];
    plan
}

pub fn video(mid: &str, ssrc: u32) -> StreamPlan {
    let mut vp8 = codec("vp8", 96, 90_000);
    vp8.feedback = Feedback { nack: true, pli: true, fir: true, remb: true, transport_cc: false };
    let mut plan = line(MediaKind::Video, mid, vec![vp8], ssrc);
    plan.rtcp_reduced_size = true;
    plan
}

pub fn webrtc_plan(remote: &LocalTransport, role: DtlsRole, streams: Vec<StreamPlan>) -> MediaPlan {
    let ice = remote.ice.as_ref().unwrap();
    let protection = Protection::Dtls { fingerprints: remote.fingerprints.clone(), role };
    let ice = Some(RemoteIce {
        ufrag: ice.ufrag.clone(),
        pwd: ice.pwd.clone(),
        candidates: ice.candidates.clone(),
        lite: ice.lite,
        complete: true,
        controlling: role == DtlsRole::Client,
    });
    let remote_rtp = Some(remote.rtp);
    let transport =
        TransportPlan { remote_rtp, remote_rtcp: None, rtcp_mux: true, ice, protection };
    MediaPlan { streams, transports: vec![transport] }
}

pub fn plain_plan(remote: SocketAddr, streams: Vec<StreamPlan>) -> MediaPlan {
    let transport = TransportPlan {
        remote_rtp: Some(remote),
        remote_rtcp: Some(SocketAddr::new(remote.ip(), remote.port() + 1)),
        rtcp_mux: false,
        ice: None,
        protection: Protection::None,
    };
    MediaPlan { streams, transports: vec![transport] }
}
