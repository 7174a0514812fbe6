//! Starting the workers: sockets first, so that a bad address fails the start and not a call.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle, available_parallelism};
use std::time::{Instant, SystemTime};

use sidetone_base::{Ahead, Random as _};
use sidetone_media::{Graph, WallClock};
use sidetone_rtp::NtpTime;

use crate::links::{self, Links};
use crate::os::{EpollSockets, pin_to_core, sleep_exactly};
use crate::ports::PortPool;
use crate::ring::{Inbox, Waker, WorkerRing, ring};
use crate::socket::{MediaSocket, SocketUse};
use crate::worker::{SharedPort, Turn, Worker};
use crate::{EngineSettings, LegError};

/// More workers than this have no id of their own in a leg's id.
const MAX_WORKERS: usize = 256;
/// Ports tried for a worker's shared port when other programs hold some.
const MAX_SHARED_ATTEMPTS: usize = 256;

/// The system's generator, asked ahead.
fn system_random() -> Ahead {
    // Without randomness there are no safe keys: better no media than predictable media. The
    // worker turns the panic into one failed leg.
    #[expect(clippy::expect_used, reason = "no safe way to go on without randomness")]
    Ahead::new(|bytes| {
        getrandom::fill(bytes).expect("the operating system gives no random numbers");
    })
}

type Started = (Vec<WorkerRing>, Vec<JoinHandle<()>>, PortPool);

pub(crate) fn workers(settings: &EngineSettings) -> io::Result<Started> {
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    let count = settings.workers.unwrap_or(cores).clamp(1, MAX_WORKERS);
    let ports = PortPool::new(&settings.ports, system_random().u64());
    let (mut bound, mut wakers) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (mut sockets, waker) =
            EpollSockets::new(settings.socket_buffer, settings.udp_checksums)?;
        let shared = bind_shared(&mut sockets, &ports, settings)?;
        bound.push((sockets, shared));
        let waker: Arc<dyn Waker> = Arc::new(waker);
        wakers.push(waker);
    }
    let (mut rings, mut threads) = (Vec::new(), Vec::new());
    let links = links::join(wakers.clone());
    for (number, ((sockets, shared), links)) in bound.into_iter().zip(links).enumerate() {
        let (ring, inbox) = match wakers.get(number) {
            Some(waker) => ring(waker.clone()),
            None => break,
        };
        let pairs = ports.clone();
        let run = move || {
            pin_to_core(number);
            sleep_exactly();
            run(sockets, shared, pairs, inbox, (number, links));
        };
        threads.push(Builder::new().name(format!("media-{number}")).spawn(run)?);
        rings.push(ring);
    }
    Ok((rings, threads, ports))
}

/// One port of the range on all bind addresses.
fn bind_shared(
    sockets: &mut EpollSockets,
    ports: &PortPool,
    settings: &EngineSettings,
) -> io::Result<Vec<SharedPort>> {
    let mut refused = Vec::new();
    let bound = loop {
        let port = ports.take().filter(|_| refused.len() < MAX_SHARED_ATTEMPTS);
        let Some(port) = port else {
            break Err(io::Error::other(LegError::NoPorts));
        };
        match bind_everywhere(sockets, port, settings) {
            Ok(shared) => break Ok(shared),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => refused.push(port),
            Err(error) => break Err(error),
        }
    };
    for port in refused {
        ports.give(port);
    }
    bound
}

fn bind_everywhere(
    sockets: &mut EpollSockets,
    port: u16,
    settings: &EngineSettings,
) -> io::Result<Vec<SharedPort>> {
    let mut shared: Vec<SharedPort> = Vec::new();
    for ip in &settings.bind {
        let address = SocketAddr::new(*ip, port);
        match sockets.bind(address, SocketUse::Shared) {
            Ok(path) => shared.push(SharedPort { path, address }),
            // A host without IPv6 refuses its wildcard in one of several ways.
            Err(error)
                if ip.is_unspecified()
                    && settings.bind.len() > 1
                    && error.kind() != io::ErrorKind::AddrInUse => {}
            Err(error) => {
                for port in shared {
                    sockets.close(port.path);
                }
                let text = format!("cannot bind media to {address}: {error}");
                return Err(io::Error::new(error.kind(), text));
            }
        }
    }
    if shared.is_empty() {
        return Err(io::Error::other("no media address could be bound"));
    }
    Ok(shared)
}

fn run(
    sockets: EpollSockets,
    shared: Vec<SharedPort>,
    ports: PortPool,
    inbox: Inbox,
    links: (usize, Links),
) {
    let clock = WallClock::new(Instant::now(), NtpTime::from_system_time(SystemTime::now()));
    let graph = Graph::new(clock, Box::new(system_random()));
    let random = Box::new(system_random());
    let mut worker = Worker::new(sockets, shared, ports, inbox, links, graph, random);
    loop {
        let started = Instant::now();
        let turn = worker.turn(started);
        let ended = Instant::now();
        worker.note_busy(started, ended);
        match turn {
            Turn::Stop => return,
            Turn::Again => {}
            Turn::Sleep(until) => {
                let limit = until.map(|until| until.saturating_duration_since(ended));
                worker.sockets().wait(limit);
            }
        }
    }
}
