//! The engine on virtual time: the same workers, on sockets in memory, joined by a network that
//! loses, delays, reorders and repeats as its seed decides. Everything runs in the caller's
//! thread and only when the caller says so.
//!
//! ```
//! # use std::time::{Duration, Instant};
//! # use sidetone_engine::sim::{SimHost, SimWorld};
//! # use sidetone_engine::{LegSpec, media::LegKind};
//! let mut world = SimWorld::new(7, Instant::now());
//! let engine = world.engine(SimHost::new([192, 0, 2, 1])).unwrap();
//! let (events, _inbox) = tokio::sync::mpsc::channel(32);
//! let leg = world.drive(engine.create_leg(LegSpec::new(LegKind::Plain, events))).unwrap();
//! world.run(Duration::from_secs(1));
//! # assert_eq!(leg.local_transports().len(), 1);
//! ```

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use sidetone_base::{Random, SeededRandom};
use sidetone_media::{Certificate, Graph, Outbox, PathId, WallClock};
use sidetone_rtp::NtpTime;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::ports::PortPool;
use crate::ring::ring;
use crate::socket::{Batch, MediaSocket, SocketUse};
use crate::worker::{SharedPort, Turn, Worker};
use crate::{Engine, certificate, links};

/// Turns without progress of time before a future counts as stuck.
const MAX_DRIVE_TURNS: usize = 1000;

/// What the network does to datagrams between two addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// Datagrams in a hundred that are lost.
    pub loss_percent: u64,
    /// Datagrams in a hundred that arrive twice.
    pub repeat_percent: u64,
    /// Least time on the way.
    pub delay: Duration,
    /// Random time on top, which also changes the order.
    pub jitter: Duration,
}

impl Default for Faults {
    fn default() -> Self {
        let (delay, jitter) = (Duration::from_millis(1), Duration::ZERO);
        Self { loss_percent: 0, repeat_percent: 0, delay, jitter }
    }
}

/// A host with an engine.
#[derive(Clone, Debug)]
pub struct SimHost {
    /// Its interfaces.
    pub addresses: Vec<IpAddr>,
    /// `rtpstart`–`rtpend`.
    pub ports: RangeInclusive<u16>,
    /// Media workers.
    pub workers: usize,
    /// The certificate for DTLS; `None` makes one (which costs more than the rest of the set-up).
    pub certificate: Option<Certificate>,
}

impl SimHost {
    /// A host with one interface and one worker.
    #[must_use]
    pub fn new(address: impl Into<IpAddr>) -> Self {
        let addresses = vec![address.into()];
        Self { addresses, ports: 10_000..=20_000, workers: 1, certificate: None }
    }
}

/// A datagram that arrived, as [`SimWorld::take`] and [`SimWorld::recorded`] show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// When.
    pub at: Instant,
    /// From where.
    pub from: SocketAddr,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Engines and the network between them.
#[derive(Debug)]
pub struct SimWorld {
    net: Rc<RefCell<Net>>,
    workers: Vec<Worker<SimSockets>>,
    commanded: Arc<Notify>,
    /// Only for [`SimWorld::drive`]: a world that a runtime turns must not own another one.
    runtime: Option<Runtime>,
}

#[derive(Debug)]
struct Net {
    now: Instant,
    faults: Faults,
    spared: Option<IpAddr>,
    random: SeededRandom,
    cut: Vec<(IpAddr, IpAddr)>,
    fault_towards: Option<IpAddr>,
    flying: BinaryHeap<Reverse<Flying>>,
    serial: u64,
    bound: BTreeMap<SocketAddr, (usize, PathId)>,
    arrived: Vec<VecDeque<(PathId, Flying)>>,
    outside: BTreeMap<SocketAddr, Vec<Delivered>>,
    recorded: BTreeMap<IpAddr, Vec<Delivered>>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Flying {
    at: Instant,
    serial: u64,
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

impl Net {
    fn is_cut(&self, one: IpAddr, other: IpAddr) -> bool {
        self.cut.contains(&(one, other)) || self.cut.contains(&(other, one))
    }

    fn send(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if self.is_cut(from.ip(), to.ip()) {
            return;
        }
        if self.spared == Some(to.ip()) {
            self.serial += 1;
            let (at, serial) = (self.now, self.serial);
            self.flying.push(Reverse(Flying { at, serial, from, to, bytes: bytes.to_vec() }));
            return;
        }
        let copies = 1 + u64::from(self.random.below(100) < self.faults.repeat_percent);
        for _ in 0..copies {
            if self.random.below(100) < self.faults.loss_percent {
                continue;
            }
            let spread = u64::try_from(self.faults.jitter.as_micros()).unwrap_or(0) + 1;
            let jitter = Duration::from_micros(self.random.below(spread));
            self.serial += 1;
            let (at, serial) = (self.now + self.faults.delay + jitter, self.serial);
            self.flying.push(Reverse(Flying { at, serial, from, to, bytes: bytes.to_vec() }));
        }
    }

    /// Delivers what is due.
    fn deliver(&mut self) {
        while self.flying.peek().is_some_and(|Reverse(flying)| flying.at <= self.now) {
            let Some(Reverse(flying)) = self.flying.pop() else {
                return;
            };
            if let Some(recorded) = self.recorded.get_mut(&flying.to.ip()) {
                let Flying { at, from, ref bytes, .. } = flying;
                recorded.push(Delivered { at, from, bytes: bytes.clone() });
            }
            let place = self.bound.get(&flying.to).copied();
            match place.and_then(|(worker, path)| Some((self.arrived.get_mut(worker)?, path))) {
                Some((arrived, path)) => arrived.push_back((path, flying)),
                None => {
                    let Flying { at, from, to, bytes, .. } = flying;
                    self.outside.entry(to).or_default().push(Delivered { at, from, bytes });
                }
            }
        }
    }
}

impl SimWorld {
    /// An empty world at `now`. The same seed gives the same network.
    #[must_use]
    pub fn new(seed: u64, now: Instant) -> Self {
        let net = Net {
            now,
            faults: Faults::default(),
            spared: None,
            random: SeededRandom::new(seed),
            cut: Vec::new(),
            fault_towards: None,
            flying: BinaryHeap::new(),
            serial: 0,
            bound: BTreeMap::new(),
            arrived: Vec::new(),
            outside: BTreeMap::new(),
            recorded: BTreeMap::new(),
        };
        Self {
            net: Rc::new(RefCell::new(net)),
            workers: Vec::new(),
            commanded: Arc::new(Notify::new()),
            runtime: None,
        }
    }

    /// Notified when a command waits for a worker: whoever turns the world along with a runtime
    /// calls [`SimWorld::run_until`] then, and when the time it returned has come.
    #[must_use]
    pub fn commanded(&self) -> Arc<Notify> {
        self.commanded.clone()
    }

    /// The time in the world.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.net.borrow().now
    }

    /// Changes what the network does from now on.
    pub fn set_faults(&mut self, faults: Faults) {
        self.net.borrow_mut().faults = faults;
    }

    /// What goes to this host is on a perfect link from now on.
    pub fn spare(&mut self, host: IpAddr) {
        self.net.borrow_mut().spared = Some(host);
    }

    /// Cuts two hosts from each other until [`SimWorld::heal`]. What flies already arrives.
    pub fn cut(&mut self, one: IpAddr, other: IpAddr) {
        self.net.borrow_mut().cut.push((one, other));
    }

    /// Undoes [`SimWorld::cut`].
    pub fn heal(&mut self, one: IpAddr, other: IpAddr) {
        let healed = [(one, other), (other, one)];
        self.net.borrow_mut().cut.retain(|pair| !healed.contains(pair));
    }

    /// Makes the next datagram that a worker sends to a host a fault: the worker panics there.
    pub fn fault_towards(&mut self, host: IpAddr) {
        self.net.borrow_mut().fault_towards = Some(host);
    }

    /// Adds a host with an engine. Its commands are handled whenever the world turns.
    ///
    /// # Errors
    /// When the ports do not suffice or no certificate could be made.
    pub fn engine(&mut self, host: SimHost) -> io::Result<Engine> {
        let certificate = match host.certificate {
            Some(certificate) => certificate,
            None => certificate::generate().map_err(io::Error::other)?,
        };
        let ports = PortPool::new(&host.ports, 0);
        let mut rings = Vec::new();
        let waker: Arc<dyn crate::ring::Waker> = Arc::new({
            let commanded = self.commanded.clone();
            move || commanded.notify_one()
        });
        let joined = links::join(vec![waker.clone(); host.workers.max(1)]);
        for (place, links) in joined.into_iter().enumerate() {
            let number = self.workers.len();
            self.net.borrow_mut().arrived.push(VecDeque::new());
            let mut sockets = SimSockets {
                net: self.net.clone(),
                worker: number,
                addresses: host.addresses.clone(),
                open: Vec::new(),
            };
            let port = ports.take().ok_or_else(|| io::Error::other("no ports"))?;
            let mut shared = Vec::new();
            for ip in &host.addresses {
                let address = SocketAddr::new(*ip, port);
                let path = sockets.bind(address, SocketUse::Shared)?;
                shared.push(SharedPort { path, address });
            }
            let (ring, inbox) = ring(waker.clone());
            let (now, seed) = {
                let mut net = self.net.borrow_mut();
                (net.now, net.random.u64())
            };
            let clock = WallClock::new(now, NtpTime(0xe000_0000_0000_0000));
            let graph = Graph::new(clock, Box::new(SeededRandom::new(seed)));
            let (pairs, links) = (ports.clone(), (place, links));
            let random = Box::new(SeededRandom::new(seed ^ 1));
            self.workers.push(Worker::new(sockets, shared, pairs, inbox, links, graph, random));
            rings.push(ring);
        }
        Ok(Engine::from_parts(rings, Vec::new(), ports, certificate))
    }

    /// Runs a future of an engine's handle to its end; time stands still.
    ///
    /// # Panics
    /// When the future waits for something that needs time to pass, and inside a runtime.
    pub fn drive<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..MAX_DRIVE_TURNS {
            let guard = self.runtime.get_or_insert_with(runtime).enter();
            let polled = future.as_mut().poll(&mut context);
            drop(guard);
            if let Poll::Ready(output) = polled {
                return output;
            }
            self.turn();
        }
        panic!("the future waits for something that does not happen at this time");
    }

    /// Handles what is due now and returns when something will be.
    pub fn turn(&mut self) -> Option<Instant> {
        let now = self.now();
        self.net.borrow_mut().deliver();
        let mut next: Option<Instant> = None;
        // Twice, so that what one worker links to another is handled at the same time.
        let rounds = if self.workers.len() > 1 { 2 } else { 1 };
        for _ in 0..rounds {
            next = None;
            for worker in &mut self.workers {
                loop {
                    match worker.turn(now) {
                        Turn::Again => {}
                        Turn::Sleep(until) => {
                            next = [next, until].into_iter().flatten().min();
                            break;
                        }
                        Turn::Stop => break,
                    }
                }
            }
        }
        let net = self.net.borrow();
        let flying = net.flying.peek().map(|Reverse(flying)| flying.at);
        let waiting = net.arrived.iter().any(|arrived| !arrived.is_empty()).then_some(now);
        [next, flying, waiting].into_iter().flatten().min()
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        self.run_until(self.now() + time);
    }

    /// Lets time pass until then; returns when something will be due.
    pub fn run_until(&mut self, end: Instant) -> Option<Instant> {
        loop {
            let next = self.turn();
            let now = self.now();
            // A worker's timer that stays due comes up again a microsecond later at the earliest.
            let step = next.map(|next| next.max(now + Duration::from_micros(1)));
            match step.filter(|step| *step <= end) {
                Some(step) => self.net.borrow_mut().now = step,
                None => break,
            }
        }
        let now = self.now().max(end);
        self.net.borrow_mut().now = now;
        self.turn()
    }

    /// Gives an interface of a host another address, as a telephone that goes from one network to
    /// the next: nothing that was sent to the old one arrives any more.
    pub fn move_interface(&mut self, from: IpAddr, to: IpAddr) {
        for worker in &mut self.workers {
            if worker.sockets().move_interface(from, to) {
                worker.interface_moved(from, to);
            }
        }
    }

    /// Sends a datagram from an address outside all engines.
    pub fn send(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        self.net.borrow_mut().send(from, to, bytes);
    }

    /// Takes the datagrams that reached an address outside all engines.
    pub fn take(&mut self, address: SocketAddr) -> Vec<Delivered> {
        self.net.borrow_mut().outside.remove(&address).unwrap_or_default()
    }

    /// Keeps copies of all datagrams that arrive at a host from now on, as a capture does.
    pub fn record(&mut self, host: IpAddr) {
        self.net.borrow_mut().recorded.entry(host).or_default();
    }

    /// Takes the copies made since [`SimWorld::record`] or the last time.
    pub fn recorded(&mut self, host: IpAddr) -> Vec<Delivered> {
        let mut net = self.net.borrow_mut();
        net.recorded.get_mut(&host).map(std::mem::take).unwrap_or_default()
    }
}

#[expect(clippy::expect_used, reason = "only tests make worlds")]
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime without I/O needs nothing from the system")
}

/// The sockets of a worker in the simulated network.
#[derive(Debug)]
pub struct SimSockets {
    net: Rc<RefCell<Net>>,
    worker: usize,
    addresses: Vec<IpAddr>,
    open: Vec<Option<SocketAddr>>,
}

impl SimSockets {
    fn move_interface(&mut self, from: IpAddr, to: IpAddr) -> bool {
        let own = self.addresses.iter_mut().filter(|address| **address == from);
        let moved = own.map(|address| *address = to).count() > 0;
        let mut net = self.net.borrow_mut();
        let open = self.open.iter_mut().flatten().filter(|address| address.ip() == from);
        for address in open {
            let place = net.bound.remove(address);
            address.set_ip(to);
            net.bound.extend(place.map(|place| (*address, place)));
        }
        moved
    }
}

impl Outbox for SimSockets {
    fn send(&mut self, path: PathId, from: IpAddr, to: SocketAddr, datagram: &[u8]) {
        if let Some(Some(own)) = self.open.get(path.0 as usize) {
            let from = SocketAddr::new(from, own.port());
            let fault = self.net.borrow_mut().fault_towards.take_if(|host| *host == to.ip());
            assert!(fault.is_none(), "the test wants a fault here");
            self.net.borrow_mut().send(from, to, datagram);
        }
    }
}

impl MediaSocket for SimSockets {
    fn bind(&mut self, address: SocketAddr, _socket_use: SocketUse) -> io::Result<PathId> {
        if !self.addresses.contains(&address.ip()) {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let mut net = self.net.borrow_mut();
        if net.bound.contains_key(&address) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        // Places are few and not reused: a late datagram finds nobody.
        let path = PathId(u32::try_from(self.open.len()).unwrap_or(u32::MAX));
        self.open.push(Some(address));
        net.bound.insert(address, (self.worker, path));
        Ok(path)
    }

    fn address(&self, path: PathId) -> Option<SocketAddr> {
        self.open.get(path.0 as usize).copied().flatten()
    }

    fn close(&mut self, path: PathId) {
        if let Some(address) = self.open.get_mut(path.0 as usize).and_then(Option::take) {
            self.net.borrow_mut().bound.remove(&address);
        }
    }

    fn interfaces(&mut self, _now: Instant) -> Vec<IpAddr> {
        self.addresses.clone()
    }

    fn source_towards(&mut self, peer: IpAddr) -> Option<IpAddr> {
        self.addresses.iter().copied().find(|own| own.is_ipv4() == peer.is_ipv4())
    }

    fn receive(&mut self, batch: &mut Batch) {
        batch.received.clear();
        let mut net = self.net.borrow_mut();
        let Some(arrived) = net.arrived.get_mut(self.worker) else {
            return;
        };
        while batch.room() > 0
            && let Some((path, flying)) = arrived.pop_front()
        {
            batch.push(path, flying.to, flying.from, &flying.bytes);
        }
    }

    fn upcoming(&self) -> &[PathId] {
        &[]
    }

    fn wait(&mut self, _limit: Option<Duration>) {}

    fn note_turn(&mut self, _now: Instant, _datagrams: usize) {}

    fn sockets(&self) -> usize {
        self.open.iter().flatten().count()
    }
}

#[cfg(test)]
mod tests {
    use sidetone_base::LegId;
    use sidetone_media::{LegEvent, LegKind, Route};
    use tokio::sync::mpsc;

    use super::*;
    use crate::{LegSpec, PipeSpec};

    #[test]
    fn an_engine_runs_on_virtual_time() {
        let mut world = SimWorld::new(1, Instant::now());
        let engine = world.engine(SimHost::new([192, 0, 2, 1])).unwrap();
        let (sender, mut events) = mpsc::channel(32);
        let spec = LegSpec::new(LegKind::Plain, sender);
        let leg = world.drive(engine.create_leg(spec)).unwrap();
        let phone: SocketAddr = "198.51.100.1:4000".parse().unwrap();
        world.drive(leg.apply(crate::worker::tests::plain_plan(phone))).unwrap();
        world.drive(leg.route(0, Route::Echo)).unwrap();
        let to = leg.local_transports()[0].rtp;
        world.set_faults(Faults { delay: Duration::from_millis(10), ..Faults::default() });
        world.send(phone, to, &[0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0xff]);
        let start = world.now();
        world.run(Duration::from_millis(100));
        let heard = world.take(phone);
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].at, start + Duration::from_millis(20));
        assert_eq!(events.try_recv().unwrap().1, LegEvent::FirstPacket { stream: 0 });
        leg.close();
        world.run(Duration::from_millis(1));
        assert_eq!(world.drive(engine.snapshot()).legs(), 0);
    }

    #[test]
    fn a_pipe_joins_two_calls_and_leaves_nothing_behind() {
        let mut world = SimWorld::new(1, Instant::now());
        let engine = world.engine(SimHost::new([192, 0, 2, 1])).unwrap();
        let (sender, mut events) = mpsc::channel(32);
        let spec = PipeSpec::new([sender.clone(), sender.clone()]);
        let (near, far) = world.drive(engine.create_pipe(spec)).unwrap();
        let mut spec = LegSpec::new(LegKind::Plain, sender);
        spec.beside = Some(near.id());
        let leg = world.drive(engine.create_leg(spec)).unwrap();
        let phone: SocketAddr = "198.51.100.1:4000".parse().unwrap();
        world.drive(leg.apply(crate::worker::tests::plain_plan(phone))).unwrap();
        world.drive(leg.route(0, Route::Forward(vec![(near.id(), 0)]))).unwrap();
        world.drive(near.route(0, Route::Forward(vec![(leg.id(), 0)]))).unwrap();
        world.drive(far.route(0, Route::Echo)).unwrap();
        let to = leg.local_transports()[0].rtp;
        world.send(phone, to, &[0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0xff]);
        world.run(Duration::from_millis(100));
        assert_eq!(world.take(phone).len(), 1);
        let heard: Vec<LegId> = std::iter::from_fn(|| Some(events.try_recv().ok()?.0)).collect();
        assert!(heard.contains(&far.id()) && heard.contains(&leg.id()));
        assert_eq!(world.drive(engine.snapshot()).legs(), 3);
        near.close();
        far.close();
        leg.close();
        world.run(Duration::from_millis(1));
        let left = world.drive(engine.snapshot());
        assert_eq!((left.legs(), left.ports()), (0, 0));
    }
}
