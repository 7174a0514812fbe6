//! The media of many telephones: a socket each, a packet every 20 ms from each, spread evenly.
//!
//! Packets carry the time they were sent; the kernel notes when one arrives, so that the delay in
//! between is that of whoever forwarded it and not of this thread's turn on the CPU.

use std::io::IoSliceMut;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;

use crate::{Loopback, Outcome, plans};

/// An RTP packet of 20 ms of G.711.
pub const PACKET_BYTES: usize = 172;
/// Between two packets of a telephone.
pub const PTIME: Duration = Duration::from_millis(20);
/// Less is not slept: packets of a thousand telephones leave in threes, not in bursts that would
/// spare the receiver its wake-ups.
const SHORTEST_SLEEP: Duration = Duration::from_micros(60);
/// Opus packets of which one after the other is sent.
type Frames = Arc<Vec<Vec<u8>>>;
/// Delays kept: 10,000 packets per second for a minute.
const MAX_DELAYS: usize = 600_000;

/// What a telephone says.
#[derive(Clone, Debug)]
pub enum Voice {
    /// G.711 that carries the time it was sent.
    Ulaw,
    /// These packets of opus of 20 ms, again and again.
    Opus(Frames),
}

/// What all telephones of a run share with the one who started them.
#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    heard: AtomicU64,
    /// Which list of targets they send to.
    aim: AtomicUsize,
}

/// Running telephones.
#[derive(Debug)]
pub struct Phones {
    shared: Arc<Shared>,
    thread: JoinHandle<Vec<Duration>>,
}

/// Sockets on 127.0.0.1 that do not block.
///
/// # Errors
/// When there are not enough descriptors.
pub fn sockets(count: usize) -> Outcome<Vec<UdpSocket>> {
    let open = || -> Outcome<UdpSocket> {
        let socket = UdpSocket::bind(Loopback::port(0).address())?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    };
    std::iter::repeat_with(open).take(count).collect()
}

/// Where sockets are bound.
///
/// # Errors
/// When one is not on the loopback interface.
pub fn addresses(sockets: &[UdpSocket]) -> Outcome<Vec<Loopback>> {
    let address = |socket: &UdpSocket| Ok(Loopback::new(socket.local_addr()?)?);
    sockets.iter().map(address).collect()
}

impl Phones {
    /// Each socket sends to the target beside it, and counts what comes back.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(sockets: Vec<UdpSocket>, targets: Vec<Loopback>) -> Outcome<Self> {
        let voices = vec![Voice::Ulaw; sockets.len()];
        Self::start_with(sockets, voices, vec![targets])
    }

    /// The same with several lists of targets, of which the first is sent to until
    /// [`Phones::aim`] names another, and with a voice for each socket.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start_with(
        sockets: Vec<UdpSocket>,
        voices: Vec<Voice>,
        targets: Vec<Vec<Loopback>>,
    ) -> Outcome<Self> {
        for socket in &sockets {
            setsockopt(socket, sockopt::ReceiveTimestampns, &true)?;
        }
        let shared = Arc::<Shared>::default();
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("phones".to_owned());
        let lines: Vec<Line> = sockets
            .into_iter()
            .zip(voices)
            .enumerate()
            .map(|(number, (socket, voice))| {
                let target = |list: &Vec<Loopback>| list.get(number).copied();
                Line { socket, voice, targets: targets.iter().map(target).collect() }
            })
            .collect();
        Ok(Self { shared, thread: thread.spawn(move || talk(&lines, &theirs))? })
    }

    /// Sends to this list of targets from now on.
    pub fn aim(&self, list: usize) {
        self.shared.aim.store(list, Ordering::Relaxed);
    }

    /// Packets that came back so far.
    #[must_use]
    pub fn heard(&self) -> u64 {
        self.shared.heard.load(Ordering::Relaxed)
    }

    /// Ends them; the delays of all packets that came back.
    ///
    /// # Errors
    /// When the thread died.
    pub fn stop(self) -> Outcome<Vec<Duration>> {
        self.shared.stop.store(true, Ordering::Relaxed);
        Ok(self.thread.join().map_err(|_| "the telephones' thread panicked")?)
    }
}

/// One telephone.
#[derive(Debug)]
struct Line {
    socket: UdpSocket,
    voice: Voice,
    /// Its target in each list.
    targets: Vec<Option<Loopback>>,
}

fn talk(lines: &[Line], shared: &Shared) -> Vec<Duration> {
    // Without it the kernel lets each sleep end up to 50 µs late. A refusal only makes bursts.
    let _ = nix::sys::prctl::set_timerslack(1_000);
    let (start, mut delays) = (Instant::now(), Vec::new());
    let mut round = 0_u32;
    while !shared.stop.load(Ordering::Relaxed) {
        for (number, Line { socket, voice, targets }) in lines.iter().enumerate() {
            let spread = PTIME.mul_f64(number as f64 / lines.len() as f64);
            let due = PTIME * round + spread;
            if let Some(early) = due.checked_sub(start.elapsed())
                && early > SHORTEST_SLEEP
            {
                std::thread::sleep(early);
            }
            if let Some(Some(target)) = targets.get(shared.aim.load(Ordering::Relaxed)) {
                say(socket, voice, (number as u32, round), *target);
            }
            while let Some(delay) = receive(socket) {
                shared.heard.fetch_add(1, Ordering::Relaxed);
                if let Some(delay) = delay
                    && delays.len() < MAX_DELAYS
                {
                    delays.push(delay);
                }
            }
        }
        round += 1;
    }
    delays
}

fn say(socket: &UdpSocket, voice: &Voice, (number, round): (u32, u32), target: Loopback) {
    let mut ulaw = packet(number, round);
    match voice {
        Voice::Ulaw => {
            let _ = socket.send_to(&ulaw, target.address());
        }
        Voice::Opus(frames) => {
            ulaw[1] = plans::OPUS;
            ulaw[4..8].copy_from_slice(&round.wrapping_mul(960).to_be_bytes());
            let frame = (round as usize).checked_rem(frames.len()).and_then(|at| frames.get(at));
            let mut packet = ulaw[..12].to_vec();
            packet.extend_from_slice(frame.map(Vec::as_slice).unwrap_or_default());
            let _ = socket.send_to(&packet, target.address());
        }
    }
}

/// RTP of payload type 0 whose payload begins with the time of day.
pub(crate) fn packet(number: u32, round: u32) -> [u8; PACKET_BYTES] {
    let mut packet = [0xff; PACKET_BYTES];
    packet[0] = 0x80;
    packet[1] = 0;
    packet[2..4].copy_from_slice(&((round & 0xffff) as u16).to_be_bytes());
    packet[4..8].copy_from_slice(&round.wrapping_mul(160).to_be_bytes());
    packet[8..12].copy_from_slice(&(number + 1).to_be_bytes());
    packet[12..20].copy_from_slice(&(time_of_day().as_nanos() as u64).to_be_bytes());
    packet
}

fn time_of_day() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Takes a packet, if there is one: how long it was on its way, if it tells.
fn receive(socket: &UdpSocket) -> Option<Option<Duration>> {
    let mut buffer = [0; 2048];
    let mut control = nix::cmsg_space!(TimeSpec);
    let mut parts = [IoSliceMut::new(&mut buffer)];
    let received =
        recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::empty())
            .ok()?;
    let length = received.bytes;
    let arrived = received.cmsgs().ok()?.find_map(|message| match message {
        ControlMessageOwned::ScmTimestampns(time) => Some(Duration::from(time)),
        _ => None,
    });
    if length != PACKET_BYTES {
        return Some(None);
    }
    let sent = u64::from_be_bytes(buffer.get(12..20)?.try_into().ok()?);
    Some(arrived.and_then(|arrived| arrived.checked_sub(Duration::from_nanos(sent))))
}
