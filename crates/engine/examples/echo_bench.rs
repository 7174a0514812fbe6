//! What an echoed packet costs, against a bare loop of system calls over as many sockets in the
//! same run: `cargo run --release -p sidetone-engine --example echo_bench`.
//!
//! The cost is CPU time of the echoing thread divided by the packets it echoed, so that other
//! work on the machine blurs it as little as possible.

#![expect(unsafe_code, reason = "the bare loop is epoll, recvfrom and sendto")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark talks and may fail")]

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sidetone_base::LegId;
use sidetone_engine::media::{CandidatePolicy, LegEvent, LegKind, Route};
use sidetone_engine::{Engine, EngineSettings, LegHandle, LegSpec, PortChoice};
use sidetone_sdp::plan::{
    CodecPlan, Direction, DtlsRole, Feedback, LocalTransport, MediaKind, MediaPlan, Protection,
    RemoteIce, StreamPlan, StreamState, TransportPlan,
};
use tokio::sync::mpsc;

const MEASURED: Duration = Duration::from_secs(5);
const PACKET_LEN: usize = 172;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("CPU of the echoing thread per echoed packet of {PACKET_LEN} bytes:");
    let only: Option<usize> = std::env::args().nth(1).and_then(|n| n.parse().ok());
    for legs in only.map_or(vec![100, 1000], |n| vec![n]) {
        let bare = bare_loop(legs);
        println!("{legs:5} legs  bare loop    {bare:6.0} ns");
        let plain = runtime.block_on(plain_echo(legs));
        println!("{legs:5} legs  plain echo   {plain:6.0} ns  ratio {:.2}", plain / bare);
        let webrtc = runtime.block_on(webrtc_echo(legs));
        println!("{legs:5} legs  WebRTC echo  {webrtc:6.0} ns  ratio {:.2}", webrtc / bare);
    }
}

/// Telephones: a socket per leg, a packet every 20 ms from each, spread over the interval.
struct Phones {
    stop: Arc<AtomicBool>,
    heard: Arc<AtomicU64>,
    thread: std::thread::JoinHandle<()>,
}

impl Phones {
    fn start(sockets: Vec<UdpSocket>, targets: Vec<SocketAddr>) -> Self {
        let (stop, heard) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, counter) = (stop.clone(), heard.clone());
        let thread = std::thread::spawn(move || {
            let start = Instant::now();
            let mut packet = [0_u8; PACKET_LEN];
            let mut round = 0_u32;
            while !stopped.load(Ordering::Relaxed) {
                for (number, (socket, to)) in sockets.iter().zip(&targets).enumerate() {
                    let spread = 20_000_000 * number as u64 / sockets.len() as u64;
                    let due = Duration::from_millis(20) * round + Duration::from_nanos(spread);
                    if let Some(early) = due.checked_sub(start.elapsed())
                        && early > Duration::from_micros(500)
                    {
                        std::thread::sleep(early);
                    }
                    packet[0] = 0x80;
                    packet[2..4].copy_from_slice(&((round & 0xffff) as u16).to_be_bytes());
                    packet[4..8].copy_from_slice(&(round * 160).to_be_bytes());
                    packet[8..12].copy_from_slice(&(number as u32 + 1).to_be_bytes());
                    let _ = socket.send_to(&packet, to);
                    let mut echo = [0; 2048];
                    while socket.recv_from(&mut echo).is_ok() {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                }
                round += 1;
            }
        });
        Self { stop, heard, thread }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

fn sockets(count: usize) -> Vec<UdpSocket> {
    let open = || {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    };
    std::iter::repeat_with(open).take(count).collect()
}

/// CPU time of the newest thread with this name.
fn cpu_of(name: &str) -> Duration {
    let mut found = None;
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let comm = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        let id: u64 = task.file_name().to_string_lossy().parse().unwrap_or(0);
        if comm.trim() == name && found.as_ref().is_none_or(|(newest, _)| id > *newest) {
            found = Some((id, task.path()));
        }
    }
    let stat = std::fs::read_to_string(found.unwrap().1.join("schedstat")).unwrap();
    let on_cpu: u64 = stat.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(on_cpu)
}

fn bare_loop(count: usize) -> f64 {
    let echoing = sockets(count);
    let targets: Vec<SocketAddr> = echoing.iter().map(|s| s.local_addr().unwrap()).collect();
    let stop = Arc::new(AtomicBool::new(false));
    let echoed = Arc::new(AtomicU64::new(0));
    let (stopped, counter) = (stop.clone(), echoed.clone());
    let thread = std::thread::Builder::new().name("bare".into());
    let thread = thread.spawn(move || echo_bare(&echoing, &stopped, &counter)).unwrap();
    let phones = Phones::start(sockets(count), targets);
    std::thread::sleep(Duration::from_secs(1));
    let (before, cpu) = (echoed.load(Ordering::Relaxed), cpu_of("bare"));
    std::thread::sleep(MEASURED);
    let (after, used) = (echoed.load(Ordering::Relaxed), cpu_of("bare") - cpu);
    phones.stop();
    stop.store(true, Ordering::Relaxed);
    thread.join().unwrap();
    used.as_nanos() as f64 / (after - before) as f64
}

fn echo_bare(sockets: &[UdpSocket], stop: &AtomicBool, echoed: &AtomicU64) {
    // SAFETY: epoll on descriptors that stay open; buffers outlive each call.
    unsafe {
        let epoll = libc::epoll_create1(0);
        for (index, socket) in sockets.iter().enumerate() {
            let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: index as u64 };
            libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, socket.as_raw_fd(), &raw mut event);
        }
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        let mut buffer = [0_u8; 2048];
        while !stop.load(Ordering::Relaxed) {
            let ready = libc::epoll_wait(epoll, events.as_mut_ptr(), 64, 100);
            for event in events.iter().take(usize::try_from(ready).unwrap_or(0)) {
                let fd = sockets[event.u64 as usize].as_raw_fd();
                let mut name: libc::sockaddr_storage = std::mem::zeroed();
                let mut name_len = size_of_val(&name) as libc::socklen_t;
                let len = libc::recvfrom(
                    fd,
                    buffer.as_mut_ptr().cast(),
                    buffer.len(),
                    0,
                    (&raw mut name).cast(),
                    &raw mut name_len,
                );
                if len > 0 {
                    let (data, to) = (buffer.as_ptr().cast(), (&raw const name).cast());
                    libc::sendto(fd, data, len as usize, 0, to, name_len);
                    echoed.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        libc::close(epoll);
    }
}

fn engine(ports: std::ops::RangeInclusive<u16>) -> Engine {
    let bind = vec![Ipv4Addr::LOCALHOST.into()];
    let settings = EngineSettings { workers: Some(1), ports, bind, ..EngineSettings::default() };
    Engine::start(settings).unwrap()
}

type Events = mpsc::Receiver<(LegId, LegEvent)>;

async fn leg(engine: &Engine, kind: LegKind, port: PortChoice) -> (LegHandle, Events) {
    let (sender, events) = mpsc::channel(32);
    let candidates = CandidatePolicy {
        peer: Some(Ipv4Addr::LOCALHOST.into()),
        local_address: Some(Ipv4Addr::LOCALHOST.into()),
        ..CandidatePolicy::default()
    };
    let spec = LegSpec { candidates, port, ..LegSpec::new(kind, sender) };
    (engine.create_leg(spec).await.unwrap(), events)
}

async fn measure(engine: &Engine, thread: &str) -> f64 {
    tokio::time::sleep(Duration::from_secs(1)).await;
    let sent = |snapshot: sidetone_engine::EngineSnapshot| snapshot.workers[0].datagrams_in;
    let (before, cpu) = (sent(engine.snapshot().await), cpu_of(thread));
    tokio::time::sleep(MEASURED).await;
    let (after, used) = (sent(engine.snapshot().await), cpu_of(thread) - cpu);
    used.as_nanos() as f64 / (after - before) as f64
}

async fn plain_echo(count: usize) -> f64 {
    let engine = engine(30_000..=39_999);
    let phones = sockets(count);
    let (mut legs, mut targets) = (Vec::new(), Vec::new());
    for phone in &phones {
        let leg = leg(&engine, LegKind::Plain, PortChoice::Shared).await;
        leg.0.apply(plain_plan(phone.local_addr().unwrap())).await.unwrap();
        leg.0.route(0, Route::Echo).await.unwrap();
        targets.push(leg.0.local_transports()[0].rtp);
        legs.push(leg);
    }
    let phones = Phones::start(phones, targets);
    let cost = measure(&engine, "media-0").await;
    assert!(phones.heard.load(Ordering::Relaxed) > 0, "nothing was echoed");
    phones.stop();
    drop(legs);
    engine.stop().await;
    cost
}

/// The engine under test echoes; a second engine on other ports plays the browsers.
async fn webrtc_echo(count: usize) -> f64 {
    let browsers = engine(40_000..=49_999);
    let tested = engine(30_000..=39_999);
    let phones = sockets(count);
    let (mut legs, mut targets) = (Vec::new(), Vec::new());
    let webrtc = LegKind::WebRtc { lite: false };
    for phone in &phones {
        let mut browser = leg(&browsers, webrtc, PortChoice::Own).await;
        let echo = leg(&tested, webrtc, PortChoice::Shared).await;
        let feed = leg(&browsers, LegKind::Plain, PortChoice::Shared).await;
        let (near, far) = (&browser.0.local_transports()[0], &echo.0.local_transports()[0]);
        echo.0.apply(webrtc_plan(near, DtlsRole::Server)).await.unwrap();
        echo.0.route(0, Route::Echo).await.unwrap();
        browser.0.apply(webrtc_plan(far, DtlsRole::Client)).await.unwrap();
        feed.0.apply(plain_plan(phone.local_addr().unwrap())).await.unwrap();
        feed.0.route(0, Route::Forward(vec![(browser.0.id(), 0)])).await.unwrap();
        loop {
            let (_, event) = browser.1.recv().await.unwrap();
            if matches!(event, LegEvent::DtlsConnected { .. }) {
                break;
            }
        }
        targets.push(feed.0.local_transports()[0].rtp);
        legs.push((browser, echo, feed));
    }
    let phones = Phones::start(phones, targets);
    let cost = measure(&tested, "media-0").await;
    phones.stop();
    drop(legs);
    tested.stop().await;
    browsers.stop().await;
    cost
}

fn stream() -> StreamPlan {
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
    StreamPlan {
        kind: MediaKind::Audio,
        state: StreamState::Active,
        mid: None,
        direction: Direction::SendRecv,
        transport: 0,
        codecs: vec![codec],
        telephone_events: vec![],
        comfort_noise: None,
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
    }
}

fn plain_plan(remote: SocketAddr) -> MediaPlan {
    let transport = TransportPlan {
        remote_rtp: Some(remote),
        remote_rtcp: None,
        rtcp_mux: true,
        ice: None,
        protection: Protection::None,
    };
    MediaPlan { streams: vec![stream()], transports: vec![transport] }
}

fn webrtc_plan(remote: &LocalTransport, role: DtlsRole) -> MediaPlan {
    let ice = remote.ice.as_ref().unwrap();
    let transport = TransportPlan {
        remote_rtp: Some(remote.rtp),
        remote_rtcp: None,
        rtcp_mux: true,
        ice: Some(RemoteIce {
            ufrag: ice.ufrag.clone(),
            pwd: ice.pwd.clone(),
            candidates: ice.candidates.clone(),
            lite: false,
            complete: true,
            controlling: role == DtlsRole::Client,
        }),
        protection: Protection::Dtls { fingerprints: remote.fingerprints.clone(), role },
    };
    MediaPlan { streams: vec![stream()], transports: vec![transport] }
}
