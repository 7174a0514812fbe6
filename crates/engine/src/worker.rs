//! Step 9 of the INVITE walk: one media worker, a bounded turn over commands, datagrams, timers
//! and events. It owns its sockets and its graph outright; the same code runs on virtual time in
//! the simulation.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use sidetone_base::{LegId, Random};
use sidetone_media::{
    Arrival, Base, CandidatePolicy, Graph, LegEvent, LegFault, LegKind, NewLeg, NewPipe,
    NewTransport, PathId,
};
use sidetone_sdp::plan::LocalTransport;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::command::{Command, CreateLeg, LegCommand, Reply};
use crate::handle::WORKER_MASK;
use crate::links::{Links, MAX_LINKS};
use crate::ports::PortPool;
use crate::ring::Inbox;
use crate::socket::{Batch, MediaSocket, Received, SocketUse};
use crate::tap::Tapped;
use crate::traversal::Traversal;
use crate::{LegError, PortChoice, WorkerSnapshot};

mod nat;

/// Commands handled in one turn: 64 plans take about 2 ms, more would be heard as jitter.
const MAX_COMMANDS: usize = 64;
/// Datagrams handled in one turn, one batch more at most: 128 echoes take about 0.7 ms.
const MAX_DATAGRAMS: usize = 128;
/// Events that wait for a leg whose channel is full. DTMF and state come at most a few a second;
/// beyond this the control plane has stopped reading and new ones are lost and counted.
const BACKLOG: usize = 32;
/// How often waiting events are tried again.
const BACKLOG_RETRY: Duration = Duration::from_millis(10);
/// Ports tried for one transport when others hold theirs.
const MAX_BIND_ATTEMPTS: usize = 64;
/// Over which time the busy share is measured.
const BUSY_WINDOW: Duration = Duration::from_secs(1);

/// A port on which all WebRTC legs of this worker live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedPort {
    pub(crate) path: PathId,
    pub(crate) address: SocketAddr,
}

/// What the worker knows of a leg besides what the graph knows.
struct OpenLeg {
    kind: LegKind,
    port: PortChoice,
    /// Its own range, and the pool of that.
    ports: Option<(RangeInclusive<u16>, PortPool)>,
    candidates: CandidatePolicy,
    events: mpsc::Sender<(LegId, LegEvent)>,
    backlog: VecDeque<LegEvent>,
    /// Sockets and port pairs to free.
    paths: Vec<PathId>,
    pairs: Vec<u16>,
    /// More candidates may be found.
    gathering: bool,
}

impl OpenLeg {
    fn new(kind: LegKind, events: mpsc::Sender<(LegId, LegEvent)>) -> Self {
        Self {
            kind,
            port: PortChoice::default(),
            ports: None,
            candidates: CandidatePolicy::default(),
            events,
            backlog: VecDeque::new(),
            paths: Vec::new(),
            pairs: Vec::new(),
            gathering: false,
        }
    }
}

/// Whether a worker goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Sleep until then at the latest.
    Sleep(Option<Instant>),
    /// More commands wait: do not sleep.
    Again,
    /// A stop command came.
    Stop,
}

pub(crate) struct Worker<S> {
    sockets: Traversal<Tapped<S>>,
    shared: Vec<SharedPort>,
    ports: PortPool,
    inbox: Inbox,
    links: Links,
    graph: Graph,
    number: usize,
    legs: HashMap<LegId, OpenLeg>,
    backlogged: Vec<LegId>,
    retry_at: Option<Instant>,
    batch: Batch,
    figures: WorkerSnapshot,
    busy: Busy,
}

/// How much of the last second was work.
#[derive(Default)]
struct Busy {
    since: Option<Instant>,
    worked: Duration,
    percent: u8,
}

impl Busy {
    fn note(&mut self, started: Instant, ended: Instant) {
        self.worked += ended.saturating_duration_since(started);
        let since = *self.since.get_or_insert(started);
        let window = ended.saturating_duration_since(since);
        if window >= BUSY_WINDOW {
            let percent = self.worked.as_micros() * 100 / window.as_micros().max(1);
            self.percent = u8::try_from(percent.min(100)).unwrap_or(100);
            (self.since, self.worked) = (Some(ended), Duration::ZERO);
        }
    }
}

impl<S> std::fmt::Debug for Worker<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("legs", &self.legs.len()).finish_non_exhaustive()
    }
}

impl<S: MediaSocket> Worker<S> {
    pub(crate) fn new(
        sockets: S,
        shared: Vec<SharedPort>,
        ports: PortPool,
        inbox: Inbox,
        (number, links): (usize, Links),
        mut graph: Graph,
        random: Box<dyn Random>,
    ) -> Self {
        graph.set_home(WORKER_MASK, number as u64);
        for port in &shared {
            graph.add_shared_path(port.path);
        }
        Self {
            sockets: Traversal::new(Tapped::new(sockets), shared.clone(), ports.clone(), random),
            shared,
            ports,
            inbox,
            links,
            graph,
            number,
            legs: HashMap::new(),
            backlogged: Vec::new(),
            retry_at: None,
            batch: Batch::default(),
            figures: WorkerSnapshot::default(),
            busy: Busy::default(),
        }
    }

    pub(crate) fn sockets(&mut self) -> &mut S {
        self.sockets.inner().inner()
    }

    /// Notes how long a turn took, for placement and status.
    pub(crate) fn note_busy(&mut self, started: Instant, ended: Instant) {
        self.busy.note(started, ended);
    }

    /// One turn: commands, datagrams, timers, events.
    pub(crate) fn turn(&mut self, now: Instant) -> Turn {
        let commands = self.run_commands(now);
        if commands == Turn::Stop {
            self.close_all(now);
            return Turn::Stop;
        }
        self.reach(now);
        self.receive(now);
        self.receive_links(now);
        let Self { graph, sockets, .. } = self;
        let timers = catch_unwind(AssertUnwindSafe(|| graph.handle_timeout(now, sockets)));
        if timers.is_err() {
            self.bury();
        }
        while let Some(link) = self.graph.poll_link() {
            self.links.send(link);
        }
        self.links.flush();
        self.deliver(now);
        if commands == Turn::Again {
            return Turn::Again;
        }
        let deadlines = [self.graph.next_deadline(), self.retry_at, self.sockets.deadline()];
        Turn::Sleep(deadlines.into_iter().flatten().min())
    }

    fn receive(&mut self, now: Instant) {
        let upcoming = self.sockets.upcoming();
        if upcoming.len() > 1 {
            self.graph.warm_paths(upcoming);
        }
        let mut taken = 0;
        while taken < MAX_DATAGRAMS {
            self.sockets.receive(&mut self.batch);
            let count = self.batch.received.len();
            if count == 0 {
                break;
            }
            taken += count;
            self.handle_batch(now);
        }
        self.figures.datagrams_in += taken as u64;
        self.sockets.note_turn(now, taken);
    }

    fn handle_batch(&mut self, now: Instant) {
        let Self { batch, graph, sockets, .. } = self;
        let mut failed = false;
        if batch.received.len() > 1 {
            let arrivals = batch.received.iter().zip(&batch.buffers).map(|(received, buffer)| {
                (arrival(received), buffer.get(..received.len).unwrap_or_default())
            });
            graph.warm(arrivals);
        }
        for (received, buffer) in batch.received.iter().zip(&mut batch.buffers) {
            let Some(datagram) = buffer.get_mut(..received.len) else {
                continue;
            };
            let handled = catch_unwind(AssertUnwindSafe(|| {
                graph.handle_datagram(now, arrival(received), datagram, sockets);
            }));
            if handled.is_err() {
                failed = true;
                graph.fail_current(PANIC);
            }
        }
        if failed {
            tracing::error!("a media leg failed on a packet and was closed; please report this");
        }
    }

    fn receive_links(&mut self, now: Instant) {
        for _ in 0..MAX_LINKS {
            let Some(link) = self.links.next() else {
                return;
            };
            let Self { graph, sockets, .. } = self;
            let handled = catch_unwind(AssertUnwindSafe(|| graph.handle_link(now, &link, sockets)));
            if handled.is_err() {
                self.bury();
            }
        }
    }

    /// Closes the leg whose work panicked; the worker and all other legs go on.
    fn bury(&mut self) {
        if let Some(leg) = self.graph.fail_current(PANIC) {
            tracing::error!(%leg, "a media leg failed and was closed; please report this");
        }
    }

    fn run_commands(&mut self, now: Instant) -> Turn {
        for leg in self.inbox.closing() {
            self.close(now, leg);
        }
        for _ in 0..MAX_COMMANDS {
            let Some(command) = self.inbox.next() else {
                return Turn::Sleep(None);
            };
            let run = catch_unwind(AssertUnwindSafe(|| self.run(now, command)));
            match run {
                Ok(Turn::Stop) => return Turn::Stop,
                Ok(_) => {}
                Err(_) => self.bury(),
            }
        }
        Turn::Again
    }

    fn run(&mut self, now: Instant, command: Command) -> Turn {
        match command {
            Command::Create { id, spec, reply } => self.create(now, id, *spec, reply),
            Command::CreatePipe { pipe, events, reply } => {
                self.create_pipe(now, &pipe, events, reply);
            }
            Command::Leg(id, command) => self.run_for_leg(now, id, command),
            Command::Snapshot(reply) => {
                let _ = reply.send(self.snapshot());
            }
            Command::Nat(settings, events) => {
                self.sockets.configure(now, self.number, *settings, events);
            }
            Command::AskAgain => self.sockets.ask_again(now),
            Command::ShowNat(shown) => self.sockets.show(shown),
            Command::NatStatus(reply) => {
                let _ = reply.send(self.sockets.status());
            }
            Command::Watch(watch) => self.sockets.inner().watch(watch),
            Command::Stop => return Turn::Stop,
        }
        Turn::Sleep(None)
    }

    fn run_for_leg(&mut self, now: Instant, id: LegId, command: LegCommand) {
        let Self { graph, sockets, .. } = self;
        match command {
            LegCommand::AddTransports { count, reply } => {
                let added = self.add_transports(now, id, count);
                let _ = reply.send(added);
            }
            LegCommand::Readdress { candidates, reply } => {
                let _ = reply.send(self.readdress(now, id, *candidates));
            }
            LegCommand::RestartIce { reply } => {
                answer(reply, graph.restart_ice(now, id));
            }
            LegCommand::Apply { plan, reply } => {
                answer(reply, graph.apply(now, id, *plan, sockets));
            }
            LegCommand::Route { stream, route, reply } => {
                tracing::debug!(target: "walk", step = 9, "engine/worker: {route:?}");
                answer(reply, graph.route(now, id, stream, &route));
            }
            LegCommand::DtmfRelay { stream, relay, reply } => {
                answer(reply, graph.dtmf_relay(id, stream, relay));
            }
            LegCommand::Play { stream, id: playback_id, playback, reply } => {
                answer(reply, graph.play(now, id, stream, playback_id, playback));
            }
            LegCommand::Tone { stream, id: playback_id, tone, reply } => {
                answer(reply, graph.tone(now, id, stream, playback_id, tone));
            }
            LegCommand::StopPlayback { stream, id: playback_id, reply } => {
                answer(reply, graph.stop_playback(now, id, stream, playback_id));
            }
            LegCommand::SendDtmf { stream, digit, duration, reply } => {
                answer(reply, graph.send_dtmf(now, id, stream, digit, duration));
            }
            LegCommand::HearDtmf { stream, digit, duration, reply } => {
                answer(reply, graph.hear_dtmf(now, id, stream, digit, duration));
            }
            // A leg that is gone needs none.
            LegCommand::Jitter { settings } => drop(graph.set_jitter(now, id, settings)),
            LegCommand::RequestKeyframe { stream, reply } => {
                answer(reply, graph.request_keyframe(now, id, stream));
            }
            LegCommand::Quality { reply } => answer(reply, graph.quality(id)),
            LegCommand::Close => self.close(now, id),
        }
    }

    fn create(
        &mut self,
        now: Instant,
        id: LegId,
        spec: CreateLeg,
        reply: Reply<Vec<LocalTransport>>,
    ) {
        let mut open = OpenLeg::new(spec.kind, spec.events);
        (open.port, open.ports, open.candidates) = (spec.port, spec.ports, spec.candidates);
        let made = self.make_transports(now, &mut open, spec.transports).and_then(|transports| {
            open.gathering = transports.iter().any(|transport| transport.gathering);
            let (kind, settings, certificate) = (spec.kind, spec.rtp, spec.certificate);
            let new = NewLeg { id, kind, settings, certificate, transports };
            self.graph.create_leg(now, new, &mut self.sockets).map_err(error)
        });
        match made {
            Ok(locals) => {
                self.legs.insert(id, open);
                self.inbox.set_load(self.legs.len());
                if reply.send(Ok(locals)).is_err() {
                    self.close(now, id);
                }
            }
            Err(error) => {
                self.free(open);
                let _ = reply.send(Err(error));
            }
        }
    }

    fn create_pipe(
        &mut self,
        now: Instant,
        pipe: &NewPipe,
        events: [mpsc::Sender<(LegId, LegEvent)>; 2],
        reply: Reply<()>,
    ) {
        let made = self.graph.create_pipe(now, pipe, &mut self.sockets).map_err(error);
        if made.is_ok() {
            for (id, events) in pipe.ends.into_iter().zip(events) {
                self.legs.insert(id, OpenLeg::new(LegKind::Pipe, events));
            }
            self.inbox.set_load(self.legs.len());
        }
        if reply.send(made).is_err() {
            pipe.ends.into_iter().for_each(|id| self.close(now, id));
        }
    }

    fn add_transports(
        &mut self,
        now: Instant,
        id: LegId,
        count: usize,
    ) -> Result<Vec<LocalTransport>, LegError> {
        let mut open = self.legs.remove(&id).ok_or(LegError::Closed)?;
        let (paths, pairs) = (open.paths.len(), open.pairs.len());
        let made = self.make_transports(now, &mut open, count).and_then(|transports| {
            open.gathering |= transports.iter().any(|transport| transport.gathering);
            let sockets = &mut self.sockets;
            self.graph.add_transports(now, id, transports, sockets).map_err(error)
        });
        if made.is_err() {
            for path in open.paths.drain(paths..) {
                self.sockets.close(path);
            }
            let pool = self.pool_of(&open);
            open.pairs.drain(pairs..).for_each(|pair| pool.give(pair));
        }
        self.legs.insert(id, open);
        made
    }

    fn make_transports(
        &mut self,
        now: Instant,
        open: &mut OpenLeg,
        count: usize,
    ) -> Result<Vec<NewTransport>, LegError> {
        match (open.kind, open.port) {
            (LegKind::Ice { .. }, PortChoice::Own) => {
                (0..count).map(|_| self.own_ice_transport(now, open)).collect()
            }
            (LegKind::Ice { .. }, PortChoice::Shared) => {
                let transport = self.shared_transport(now, &open.candidates)?;
                Ok(vec![transport; count])
            }
            (LegKind::Ice { .. }, PortChoice::Pair) => {
                (0..count).map(|_| self.ice_pair_transport(now, open)).collect()
            }
            (LegKind::Plain, _) => (0..count).map(|_| self.own_transport(now, open)).collect(),
            // A pipe needs none.
            (LegKind::Pipe, _) => Ok(Vec::new()),
        }
    }

    /// The shared port that an interface has.
    fn shared_port_of(&self, ip: IpAddr) -> Option<&SharedPort> {
        self.shared.iter().find(|port| {
            let bound = port.address.ip();
            bound == ip || (bound.is_unspecified() && bound.is_ipv4() == ip.is_ipv4())
        })
    }

    /// A transport on the shared ports: every interface the policy allows is a base.
    fn shared_transport(
        &mut self,
        now: Instant,
        policy: &CandidatePolicy,
    ) -> Result<NewTransport, LegError> {
        let interfaces = self.sockets.interfaces(now);
        let port_of = |ip: IpAddr| self.shared_port_of(ip);
        let reachable: Vec<IpAddr> =
            interfaces.into_iter().filter(|ip| port_of(*ip).is_some()).collect();
        let hosts = policy.host_addresses_behind(&reachable, &self.sockets.translated());
        let mut bases: Vec<Base> = hosts
            .bases
            .iter()
            .filter_map(|ip| {
                let port = port_of(*ip)?;
                let address = SocketAddr::new(*ip, port.address.port());
                Some(Base { address, path: port.path })
            })
            .collect();
        let same_family = |ip: &IpAddr| {
            let port = self.shared.iter().find(|port| port.address.is_ipv4() == ip.is_ipv4())?;
            Some(SocketAddr::new(*ip, port.address.port()))
        };
        let advertised: Vec<SocketAddr> = hosts.advertised.iter().filter_map(same_family).collect();
        let reflexive = self.reflexive(policy, &bases, &advertised);
        let relayed = self.relayed(now, policy);
        let Some(told) = advertised.iter().chain(&reflexive).next().copied() else {
            return Err(no_address());
        };
        let rtp = bases.first().map(|base| (*base, told));
        bases.extend(relayed);
        let relayed = relayed.iter().map(|base| base.address).collect();
        let gathering = self.sockets.is_gathering();
        Ok(NewTransport { bases, advertised, reflexive, relayed, gathering, rtp, rtcp: None })
    }

    /// A transport with a port pair of its own.
    fn own_transport(
        &mut self,
        now: Instant,
        open: &mut OpenLeg,
    ) -> Result<NewTransport, LegError> {
        let local = self.local_address(now, &open.candidates)?;
        let told = open.candidates.connection_address(local);
        let (port, (rtp, rtcp)) =
            self.take_port(open, local, |worker, port| worker.bind_pair(local, port))?;
        open.pairs.push(port);
        open.paths.extend([rtp, rtcp]);
        let end = |path, port| {
            let base = Base { address: SocketAddr::new(local, port), path };
            Some((base, SocketAddr::new(told, port)))
        };
        Ok(NewTransport { rtp: end(rtp, port), rtcp: end(rtcp, port + 1), ..Default::default() })
    }

    /// Where the leg's own ports come from.
    fn pool_of(&self, open: &OpenLeg) -> PortPool {
        open.ports.as_ref().map_or(&self.ports, |(_, pool)| pool).clone()
    }

    /// Takes port pairs until `bind` succeeds with one.
    fn take_port<T>(
        &mut self,
        open: &OpenLeg,
        address: IpAddr,
        mut bind: impl FnMut(&mut Self, u16) -> std::io::Result<T>,
    ) -> Result<(u16, T), LegError> {
        let pool = self.pool_of(open);
        let none = || match &open.ports {
            Some((range, _)) => LegError::NoOwnPorts { range: range.clone() },
            None => LegError::NoPorts,
        };
        let mut refused = Vec::new();
        let bound = loop {
            if refused.len() == MAX_BIND_ATTEMPTS {
                break Err(none());
            }
            let Some(port) = pool.take() else {
                break Err(none());
            };
            match bind(self, port) {
                Ok(bound) => break Ok((port, bound)),
                Err(error) => {
                    refused.push(port);
                    if error.kind() != std::io::ErrorKind::AddrInUse {
                        break Err(LegError::BadAddress { address, reason: error.to_string() });
                    }
                }
            }
        };
        refused.into_iter().for_each(|port| pool.give(port));
        bound
    }

    fn bind_pair(&mut self, local: IpAddr, port: u16) -> std::io::Result<(PathId, PathId)> {
        let rtp = self.sockets.bind(SocketAddr::new(local, port), SocketUse::Leg)?;
        match self.sockets.bind(SocketAddr::new(local, port + 1), SocketUse::Leg) {
            Ok(rtcp) => Ok((rtp, rtcp)),
            Err(error) => {
                self.sockets.close(rtp);
                Err(error)
            }
        }
    }

    /// The address a plain leg binds to: the one signalling uses, else the one the route to the
    /// peer has, else the first usable interface.
    fn local_address(
        &mut self,
        now: Instant,
        policy: &CandidatePolicy,
    ) -> Result<IpAddr, LegError> {
        if let Some(local) = policy.local_address.filter(|ip| !ip.is_unspecified()) {
            return Ok(local);
        }
        let bound = self.shared.iter().map(|port| port.address.ip());
        let only: Vec<IpAddr> = bound.filter(|ip| !ip.is_unspecified()).collect();
        let towards = policy.peer.and_then(|peer| self.sockets.source_towards(peer));
        if let Some(towards) = towards.filter(|ip| only.is_empty() || only.contains(ip)) {
            return Ok(towards);
        }
        let interfaces = self.sockets.interfaces(now);
        let usable = policy.host_addresses(&interfaces).bases;
        let family = |ip: &&IpAddr| policy.peer.is_none_or(|peer| peer.is_ipv4() == ip.is_ipv4());
        only.iter().find(family).or(usable.iter().find(family)).copied().ok_or_else(|| {
            let address = policy.peer.unwrap_or(IpAddr::from([0, 0, 0, 0]));
            let reason = "this host has no address of the peer's family".to_owned();
            LegError::BadAddress { address, reason }
        })
    }

    fn close(&mut self, now: Instant, id: LegId) {
        self.graph.close_leg(now, id, &mut self.sockets);
        if let Some(open) = self.legs.remove(&id) {
            self.free(open);
        }
        self.inbox.set_load(self.legs.len());
    }

    fn close_all(&mut self, now: Instant) {
        let ids: Vec<LegId> = self.legs.keys().copied().collect();
        for id in ids {
            self.close(now, id);
        }
    }

    fn free(&mut self, open: OpenLeg) {
        open.paths.iter().for_each(|path| self.sockets.close(*path));
        let pool = self.pool_of(&open);
        open.pairs.into_iter().for_each(|pair| pool.give(pair));
    }

    /// Hands events to the control plane; what does not fit waits in a short backlog.
    fn deliver(&mut self, now: Instant) {
        while let Some((id, event)) = self.graph.poll_event() {
            let over = matches!(event, LegEvent::Failed { .. });
            if matches!(event, LegEvent::IceDisconnected { .. }) {
                self.sockets.check_relay(now);
            }
            let Some(open) = self.legs.get_mut(&id) else {
                continue;
            };
            if !offer(open, id, event, &mut self.figures.events_lost) {
                self.backlogged.push(id);
                self.retry_at = Some(now + BACKLOG_RETRY);
            }
            if over && let Some(open) = self.legs.remove(&id) {
                self.free(open);
                self.inbox.set_load(self.legs.len());
            }
        }
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry(now);
        }
    }

    fn retry(&mut self, now: Instant) {
        let legs = &mut self.legs;
        self.backlogged.retain(|id| {
            let Some(open) = legs.get_mut(id) else {
                return false;
            };
            while let Some(event) = open.backlog.pop_front() {
                if let Err(TrySendError::Full((_, event))) = open.events.try_send((*id, event)) {
                    open.backlog.push_front(event);
                    return true;
                }
            }
            false
        });
        self.retry_at = (!self.backlogged.is_empty()).then(|| now + BACKLOG_RETRY);
    }

    fn snapshot(&mut self) -> WorkerSnapshot {
        let graph = self.graph.snapshot();
        WorkerSnapshot {
            legs: graph.legs,
            ports: self.legs.values().map(|open| open.paths.len()).sum(),
            sockets: self.sockets.sockets(),
            routes: graph.routes,
            timers: graph.timers,
            refused: graph.refused,
            relay_refused: self.sockets.refused(),
            links_lost: self.links.dropped(),
            busy_percent: self.busy.percent,
            ..self.figures.clone()
        }
    }
}

const PANIC: &str = "internal fault while handling media; the leg was closed";

/// False when the event has to wait for room and the leg is not yet on the list.
fn offer(open: &mut OpenLeg, id: LegId, event: LegEvent, lost: &mut u64) -> bool {
    let waiting = !open.backlog.is_empty();
    let event = if waiting {
        event
    } else {
        match open.events.try_send((id, event)) {
            Ok(()) | Err(TrySendError::Closed(_)) => return true,
            Err(TrySendError::Full((_, event))) => event,
        }
    };
    if open.backlog.len() < BACKLOG {
        open.backlog.push_back(event);
    } else {
        *lost += 1;
    }
    waiting
}

fn arrival(received: &Received) -> Arrival {
    Arrival { path: received.path, local: received.local, source: received.source }
}

fn no_address() -> LegError {
    let reason = "no usable interface address: look at ice_acl and the bind addresses".to_owned();
    LegError::BadAddress { address: IpAddr::from([0, 0, 0, 0]), reason }
}

fn answer<T>(reply: Reply<T>, result: Result<T, LegFault>) {
    let _ = reply.send(result.map_err(error));
}

fn error(fault: LegFault) -> LegError {
    match fault {
        LegFault::Gone => LegError::Closed,
        LegFault::BadPlan(reason) => LegError::BadPlan { reason },
        LegFault::NotSupported(reason) => LegError::NotSupported { reason },
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use sidetone_sdp::plan::{
        CodecPlan, Direction, Feedback, MediaKind, MediaPlan, Protection, StreamPlan, StreamState,
        TransportPlan,
    };

    use super::*;

    /// One audio stream in ulaw, in clear.
    pub(crate) fn plain_plan(remote: SocketAddr) -> MediaPlan {
        let codec = CodecPlan {
            send_payload_type: 0,
            receive_payload_type: 0,
            name: "pcmu".to_owned(),
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
            telephone_events: vec![(8000, 101)],
            comfort_noise: None,
            fax: None,
            rtx: vec![],
            ptime_ms: 20,
            extensions: vec![],
            remote_ssrcs: vec![],
            remote_cname: None,
            local_ssrc: 1,
            local_rtx_ssrc: None,
            local_msid: None,
            label: None,
            rtcp_reduced_size: false,
        };
        let transport = TransportPlan {
            remote_rtp: Some(remote),
            remote_rtcp: None,
            rtcp_mux: true,
            ice: None,
            protection: Protection::None,
        };
        MediaPlan { streams: vec![stream], transports: vec![transport] }
    }
}
