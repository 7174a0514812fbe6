//! The media of many telephones: a socket each, a packet every 20 ms from each, spread evenly.
//!
//! Packets carry the time they were sent; the kernel notes when one arrives, so that the delay in
//! between is that of whoever forwarded it and not of this thread's turn on the CPU.

use std::io::IoSliceMut;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;

use crate::{Loopback, Outcome};

/// An RTP packet of 20 ms of G.711.
pub const PACKET_BYTES: usize = 172;
/// Between two packets of a telephone.
pub const PTIME: Duration = Duration::from_millis(20);
/// Delays kept: 10,000 packets per second for a minute.
const MAX_DELAYS: usize = 600_000;

/// Running telephones.
#[derive(Debug)]
pub struct Phones {
    stop: Arc<AtomicBool>,
    heard: Arc<AtomicU64>,
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
        for socket in &sockets {
            setsockopt(socket, sockopt::ReceiveTimestampns, &true)?;
        }
        let (stop, heard) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (stopped, counter) = (Arc::clone(&stop), Arc::clone(&heard));
        let thread = std::thread::Builder::new().name("phones".to_owned());
        Ok(Self {
            stop,
            heard,
            thread: thread.spawn(move || talk(&sockets, &targets, &stopped, &counter))?,
        })
    }

    /// Packets that came back so far.
    #[must_use]
    pub fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    /// Ends them; the delays of all packets that came back.
    ///
    /// # Errors
    /// When the thread died.
    pub fn stop(self) -> Outcome<Vec<Duration>> {
        self.stop.store(true, Ordering::Relaxed);
        Ok(self.thread.join().map_err(|_| "the telephones' thread panicked")?)
    }
}

fn talk(
    sockets: &[UdpSocket],
    targets: &[Loopback],
    stop: &AtomicBool,
    heard: &AtomicU64,
) -> Vec<Duration> {
    let (start, mut delays) = (Instant::now(), Vec::new());
    let mut round = 0_u32;
    while !stop.load(Ordering::Relaxed) {
        for (number, (socket, target)) in sockets.iter().zip(targets).enumerate() {
            let spread = PTIME.mul_f64(number as f64 / sockets.len() as f64);
            let due = PTIME * round + spread;
            if let Some(early) = due.checked_sub(start.elapsed())
                && early > Duration::from_micros(500)
            {
                std::thread::sleep(early);
            }
            let _ = socket.send_to(&packet(number as u32, round), target.address());
            while let Some(delay) = receive(socket) {
                heard.fetch_add(1, Ordering::Relaxed);
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
