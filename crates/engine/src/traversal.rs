//! The sockets of a worker seen from outside: which address a STUN server sees each of them
//! under, and an address on a TURN server that looks to the rest of the worker like one more
//! socket. Both are kept in the background; a leg that is made takes what is known (FAQ-06).
//!
//! Wraps the worker's sockets, so that its loop and the graph know nothing of it. Without a server
//! in the configuration a datagram costs one comparison more than without this layer.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use sidetone_base::Random;
use sidetone_media::candidates::permitted;
use sidetone_media::{Base, LateCandidates, Outbox, PathId};
use sidetone_nat::binding::{self, Binding, BindingNews, Health};
use sidetone_nat::message::Message;
use sidetone_nat::relay::{Relay, RelayNews, Relayed};
use tokio::sync::mpsc;

use crate::nat::{BindingStatus, NatEvent, NatSettings, NatStatus, RelayStatus, of_family};
use crate::ports::PortPool;
use crate::socket::{Batch, MediaSocket, Received, SocketUse};
use crate::worker::SharedPort;

/// How often the host's interfaces are looked at: a cable or a VPN comes and goes in seconds.
const LOOK: Duration = Duration::from_secs(5);
/// Ports tried for the socket of an allocation.
const MAX_BIND_ATTEMPTS: usize = 16;
/// Interfaces that ask. Hosts with more have containers, which need no candidates.
const MAX_BINDINGS: usize = 16;
/// Found candidates that wait for the worker's next turn.
const MAX_FOUND: usize = 64;
/// How long an allocation with old credentials is kept in any case: for calls that are set up.
const RETIRED_FOR: Duration = Duration::from_secs(300);
/// How often it is looked whether calls still use it.
const RETIRED_LOOK: Duration = Duration::from_secs(30);
/// Such allocations. With the shortest life of credentials a call of half an hour keeps this many.
const MAX_RETIRED: usize = 4;

struct OpenRelay {
    relay: Relay,
    server: SocketAddr,
    name: String,
    base: SocketAddr,
    path: PathId,
    port: u16,
}

/// Something that became known about our addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A STUN server sees this base under an address.
    Reflexive(Base, SocketAddr),
    /// A STUN server sees a leg's own base under an address.
    OwnReflexive(Base, SocketAddr),
    /// No STUN server will say anything about this socket of a leg.
    OwnSilent(PathId),
    /// This is a base on a TURN server.
    Relayed(Base),
    /// All servers have answered or are dead.
    Done,
}

/// A socket that many legs share, made or closed here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SharedChange {
    Opened(PathId),
    Closed(PathId),
}

pub(crate) struct Traversal<S> {
    inner: S,
    shared: Vec<SharedPort>,
    ports: PortPool,
    random: Box<dyn Random>,
    now: Option<Instant>,
    settings: NatSettings,
    events: Option<mpsc::Sender<NatEvent>>,
    bindings: Vec<(Base, Binding)>,
    /// Those of legs that have a port of their own.
    own: Vec<(Base, Binding)>,
    relay: Option<OpenRelay>,
    /// Those made with older credentials, oldest first, and when they are looked at.
    retired: VecDeque<(OpenRelay, Instant)>,
    look_at: Option<Instant>,
    gathering: bool,
    found: VecDeque<Found>,
    changes: VecDeque<SharedChange>,
    wrapped: Vec<u8>,
    /// A server said something since the last [`Traversal::handle_timeout`].
    heard: bool,
    /// Datagrams of a TURN server that were refused, since start.
    refused: u64,
    shown: bool,
}

impl<S: MediaSocket> Traversal<S> {
    pub(crate) fn new(
        inner: S,
        shared: Vec<SharedPort>,
        ports: PortPool,
        random: Box<dyn Random>,
    ) -> Self {
        Self {
            inner,
            shared,
            ports,
            random,
            now: None,
            settings: NatSettings::default(),
            events: None,
            bindings: Vec::new(),
            own: Vec::new(),
            relay: None,
            retired: VecDeque::new(),
            look_at: None,
            gathering: false,
            found: VecDeque::new(),
            changes: VecDeque::new(),
            wrapped: Vec::with_capacity(crate::socket::DATAGRAM_LEN),
            heard: false,
            refused: 0,
            shown: false,
        }
    }

    /// Datagrams at the port of a TURN allocation that were refused, since start.
    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }

    pub(crate) fn inner(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The shared ports are bound to other addresses.
    pub(crate) fn set_shared(&mut self, shared: Vec<SharedPort>) {
        self.shared = shared;
    }

    /// Puts other servers in force. What stays the same goes on as it is; new credentials make a
    /// new allocation beside the old one, which calls may still use.
    pub(crate) fn configure(
        &mut self,
        now: Instant,
        worker: usize,
        settings: NatSettings,
        events: mpsc::Sender<NatEvent>,
    ) {
        self.events = Some(events);
        let old = std::mem::replace(&mut self.settings, settings);
        let same_stun = old.stun == self.settings.stun && old.software == self.settings.software;
        if !same_stun {
            self.bindings.clear();
            // Legs made from now on ask the new server.
            for (base, _) in std::mem::take(&mut self.own) {
                self.find(Found::OwnSilent(base.path));
            }
        }
        if old.turn != self.settings.turn {
            self.change_relay(now, worker);
        }
        self.look_at = (!self.settings.is_empty()).then_some(now);
        self.gathering = !self.settings.is_empty();
    }

    fn change_relay(&mut self, now: Instant, worker: usize) {
        if let Some(old) = self.relay.take() {
            self.retired.push_back((old, now + RETIRED_FOR));
        }
        while self.retired.len() > MAX_RETIRED {
            self.retired.pop_front().into_iter().for_each(|(older, _)| self.give_back(older));
        }
        let Some(turn) = self.settings.turn.clone() else { return };
        let place = worker.min(turn.servers.len().saturating_sub(1));
        let Some(server) = turn.servers.get(place).copied() else { return };
        match self.open_relay(now, server) {
            Ok((base, path, port)) => {
                let software = self.settings.software.clone();
                let relay = Relay::new(now, turn.credentials, software);
                self.changes.push_back(SharedChange::Opened(path));
                self.relay = Some(OpenRelay { relay, server, name: turn.name, base, path, port });
            }
            Err(error) => {
                let why = format!("no socket towards it: {error}");
                self.tell(NatEvent::RelayLost { server: turn.name, why });
            }
        }
    }

    /// A socket of its own: the server tells allocations apart by it.
    fn open_relay(
        &mut self,
        now: Instant,
        server: SocketAddr,
    ) -> io::Result<(SocketAddr, PathId, u16)> {
        let ip = self.address_towards(now, server.ip());
        let ip = ip.ok_or_else(|| io::Error::other("ice_acl leaves no interface"))?;
        let mut refused = Vec::new();
        let bound = loop {
            let port = self.ports.take().filter(|_| refused.len() < MAX_BIND_ATTEMPTS);
            let Some(port) = port else { break Err(io::Error::other("no free RTP port")) };
            let address = SocketAddr::new(ip, port);
            match self.inner.bind(address, SocketUse::Shared) {
                Ok(path) => break Ok((address, path, port)),
                Err(error) => {
                    refused.push(port);
                    if error.kind() != io::ErrorKind::AddrInUse {
                        break Err(error);
                    }
                }
            }
        };
        refused.into_iter().for_each(|port| self.ports.give(port));
        bound
    }

    fn address_towards(&mut self, now: Instant, server: IpAddr) -> Option<IpAddr> {
        if server.is_loopback() {
            // The near end of a tunnel on this host.
            return Some(server);
        }
        let bound = self.shared.iter().map(|port| port.address.ip());
        let fixed: Vec<IpAddr> = bound.filter(|ip| !ip.is_unspecified()).collect();
        let route = self.inner.source_towards(server);
        let route = route.filter(|ip| fixed.is_empty() || fixed.contains(ip));
        let usable = |ip: &IpAddr| {
            ip.is_ipv4() == server.is_ipv4() && permitted(&self.settings.ice_acl, *ip)
        };
        let any = || {
            let mut all = if fixed.is_empty() { self.inner.interfaces(now) } else { fixed.clone() };
            all.retain(|ip| !ip.is_loopback());
            all.into_iter().find(usable)
        };
        route.filter(usable).or_else(any)
    }

    fn give_back(&mut self, mut open: OpenRelay) {
        open.relay.close(&mut *self.random);
        while let Some(bytes) = open.relay.poll_transmit() {
            self.inner.send(open.path, open.base.ip(), open.server, &bytes);
        }
        self.inner.close(open.path);
        self.ports.give(open.port);
        self.changes.push_back(SharedChange::Closed(open.path));
    }

    fn tell(&self, event: NatEvent) {
        if let Some(events) = &self.events {
            // A control plane that does not read learns the state from the status instead.
            let _ = events.try_send(event);
        }
    }

    /// Asks again at once: the network has changed.
    pub(crate) fn ask_again(&mut self, now: Instant) {
        let all = self.bindings.iter_mut().chain(&mut self.own);
        all.for_each(|(_, binding)| binding.ask_now(now));
    }

    /// A leg misses its peer: asks whether the address it may have been reached by still stands.
    pub(crate) fn check_relay(&mut self, now: Instant) {
        if let Some(open) = &mut self.relay {
            open.relay.check(now);
        }
    }

    /// Shows the packets to and from servers in the log, or does not any more.
    pub(crate) fn show(&mut self, shown: bool) {
        self.shown = shown;
    }

    /// Runs what is due.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.now = Some(now);
        self.heard = false;
        if self.settings.is_empty() && self.relay.is_none() && self.retired.is_empty() {
            return;
        }
        if self.look_at.is_some_and(|at| at <= now) {
            self.look(now);
        }
        self.run_bindings(now);
        self.run_own(now);
        self.run_relay(now);
        self.look_at_retired(now);
        let asking = |(_, binding): &(Base, Binding)| binding.health() == Health::Asking;
        let relay_asks = self.relay.as_ref().is_some_and(|open| open.relay.is_asking());
        if self.gathering && !relay_asks && !self.bindings.iter().any(asking) {
            self.gathering = false;
            self.find(Found::Done);
        }
    }

    /// Gives allocations with old credentials back that no call uses any more.
    fn look_at_retired(&mut self, now: Instant) {
        for _ in 0..self.retired.len() {
            let Some((old, until)) = self.retired.pop_front() else { return };
            if until > now {
                self.retired.push_back((old, until));
            } else if old.relay.relayed().is_some() && old.relay.peers() > 0 {
                self.retired.push_back((old, now + RETIRED_LOOK));
            } else {
                self.give_back(old);
            }
        }
    }

    /// Every interface that may, asks; those that are gone do not any more.
    fn look(&mut self, now: Instant) {
        self.look_at = Some(now + LOOK);
        let interfaces = self.inner.interfaces(now);
        let mut wanted = Vec::new();
        for ip in interfaces {
            if let Some(server) = self.asks(ip) {
                let port = self.shared.iter().find(|port| {
                    let bound = port.address.ip();
                    bound == ip || (bound.is_unspecified() && bound.is_ipv4() == ip.is_ipv4())
                });
                wanted.extend(port.map(|port| {
                    let address = SocketAddr::new(ip, port.address.port());
                    (Base { address, path: port.path }, server)
                }));
            }
        }
        wanted.truncate(MAX_BINDINGS);
        self.bindings.retain(|(base, _)| wanted.iter().any(|(wanted, _)| wanted == base));
        for (base, server) in wanted {
            if !self.bindings.iter().any(|(known, _)| *known == base) {
                let software = self.settings.software.clone();
                let binding = Binding::new(now, server, software, binding::REFRESH);
                self.bindings.push((base, binding));
            }
        }
    }

    /// The STUN server that an interface asks, if it does.
    fn asks(&self, ip: IpAddr) -> Option<SocketAddr> {
        let NatSettings { stun, stun_acl, ice_acl, .. } = &self.settings;
        let server = of_family(stun, ip)?;
        let fits = ip.is_loopback() == server.ip().is_loopback() && !is_link_local(ip);
        (fits && permitted(stun_acl, ip) && permitted(ice_acl, ip)).then_some(server)
    }

    /// Asks about a leg's own socket until it is closed.
    pub(crate) fn watch(&mut self, now: Instant, base: Base) {
        if let Some(server) = self.asks(base.address.ip()) {
            let software = self.settings.software.clone();
            self.own.push((base, Binding::new(now, server, software, binding::REFRESH)));
        }
    }

    /// Whether the first answer about a leg's own socket is still awaited.
    pub(crate) fn is_asking(&self, path: PathId) -> bool {
        let mut own = self.own.iter().filter(|(base, _)| base.path == path);
        own.any(|(_, binding)| binding.health() == Health::Asking)
    }

    fn run_own(&mut self, now: Instant) {
        let mut own = std::mem::take(&mut self.own);
        for (base, binding) in &mut own {
            binding.handle_timeout(now, &mut *self.random);
            if let Some(bytes) = binding.poll_transmit() {
                show(self.shown, "to", binding.server(), &bytes);
                self.inner.send(base.path, base.address.ip(), binding.server(), &bytes);
            }
            while let Some(news) = binding.poll_news() {
                // The worker's own socket tells of a server that is dead, and of moves in general.
                self.find(match news {
                    BindingNews::Mapped(address) | BindingNews::Moved { to: address, .. } => {
                        Found::OwnReflexive(*base, address)
                    }
                    BindingNews::Dead(_) => Found::OwnSilent(base.path),
                });
            }
        }
        self.own = own;
    }

    fn run_bindings(&mut self, now: Instant) {
        let mut bindings = std::mem::take(&mut self.bindings);
        for (base, binding) in &mut bindings {
            binding.handle_timeout(now, &mut *self.random);
            let (ours, server) = (base.address, binding.server());
            if let Some(bytes) = binding.poll_transmit() {
                show(self.shown, "to", server, &bytes);
                self.inner.send(base.path, ours.ip(), server, &bytes);
            }
            while let Some(news) = binding.poll_news() {
                match news {
                    BindingNews::Mapped(address) => {
                        self.find(Found::Reflexive(*base, address));
                        self.tell(NatEvent::Mapped { base: ours, address });
                    }
                    BindingNews::Moved { from, to } => {
                        self.find(Found::Reflexive(*base, to));
                        self.tell(NatEvent::Moved { base: ours, from, to });
                    }
                    BindingNews::Dead(why) => {
                        self.tell(NatEvent::StunDead { base: ours, server, why });
                    }
                }
            }
        }
        self.bindings = bindings;
    }

    fn run_relay(&mut self, now: Instant) {
        let (mut current, mut retired) = (self.relay.take(), std::mem::take(&mut self.retired));
        let both = current.iter_mut().chain(retired.iter_mut().map(|(open, _)| open));
        for open in both {
            open.relay.handle_timeout(now, &mut *self.random);
            while let Some(bytes) = open.relay.poll_transmit() {
                show(self.shown, "to", open.server, &bytes);
                self.inner.send(open.path, open.base.ip(), open.server, &bytes);
            }
            while let Some(news) = open.relay.poll_news() {
                match news {
                    RelayNews::Allocated { relayed, .. } => {
                        self.find(Found::Relayed(Base { address: relayed, path: open.path }));
                        self.tell(NatEvent::Relayed(relayed));
                    }
                    RelayNews::Lost(why) => {
                        self.tell(NatEvent::RelayLost { server: open.name.clone(), why });
                    }
                }
            }
        }
        // Its calls have lost it, and its credentials make no new one.
        retired.retain_mut(|(open, until)| {
            let stands = open.relay.relayed().is_some();
            *until = if stands { *until } else { now };
            true
        });
        (self.relay, self.retired) = (current, retired);
    }

    fn find(&mut self, found: Found) {
        if self.found.len() < MAX_FOUND {
            self.found.push_back(found);
        }
    }

    /// What became known since the last call.
    pub(crate) fn poll_found(&mut self) -> Option<Found> {
        self.found.pop_front()
    }

    /// Sockets that were opened or closed since the last call.
    pub(crate) fn poll_change(&mut self) -> Option<SharedChange> {
        self.changes.pop_front()
    }

    /// When to call [`Traversal::handle_timeout`].
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.heard {
            // What an idle worker learned is told at once, not at the next timer.
            return self.now;
        }
        let bindings = self.bindings.iter().chain(&self.own).map(|(_, binding)| binding.deadline());
        let relays = self.relay.iter().chain(self.retired.iter().map(|(open, _)| open));
        let relays = relays.filter_map(|open| open.relay.deadline());
        let retired = self.retired.iter().map(|(_, until)| *until);
        bindings.chain(relays).chain(retired).chain(self.look_at).min()
    }

    /// Interfaces that a STUN server sees under another address.
    pub(crate) fn translated(&self) -> Vec<IpAddr> {
        let elsewhere = |(base, binding): &(Base, Binding)| {
            let ip = base.address.ip();
            binding.mapped().is_some_and(|mapped| mapped.ip() != ip).then_some(ip)
        };
        self.bindings.iter().filter_map(elsewhere).collect()
    }

    /// The address of a base as a STUN server sees it.
    pub(crate) fn mapped(&self, base: &Base) -> Option<SocketAddr> {
        let mut all = self.bindings.iter().chain(&self.own);
        all.find(|(known, _)| known == base)?.1.mapped()
    }

    /// The base on a TURN server.
    pub(crate) fn relayed(&self) -> Option<Base> {
        let open = self.relay.as_ref()?;
        Some(Base { address: open.relay.relayed()?, path: open.path })
    }

    /// Whether a server has not answered yet.
    pub(crate) fn is_gathering(&self) -> bool {
        self.gathering
    }

    /// Lets a peer in before it is heard of in SDP.
    pub(crate) fn permit(&mut self, now: Instant, peer: IpAddr) {
        if let Some(open) = &mut self.relay {
            open.relay.permit(now, peer);
        }
    }

    pub(crate) fn status(&self) -> NatStatus {
        let bindings = self.bindings.iter().map(|(base, binding)| BindingStatus {
            base: base.address,
            server: binding.server(),
            mapped: binding.mapped(),
            health: binding.health(),
        });
        let relays = self.relay.iter().map(|open| RelayStatus {
            server: open.name.clone(),
            relayed: open.relay.relayed(),
            peers: open.relay.peers(),
        });
        NatStatus { bindings: bindings.collect(), relays: relays.collect() }
    }

    /// Takes out of a batch what servers said, and unwraps what peers said through a relay.
    fn sift(&mut self, batch: &mut Batch) {
        let mut kept = 0;
        for index in 0..batch.received.len() {
            let (Some(received), Some(buffer)) =
                (batch.received.get_mut(index), batch.buffers.get_mut(index))
            else {
                break;
            };
            if self.is_for_a_leg(received, buffer) {
                batch.received.swap(kept, index);
                batch.buffers.swap(kept, index);
                kept += 1;
            }
        }
        batch.received.truncate(kept);
    }

    fn is_for_a_leg(&mut self, received: &mut Received, buffer: &mut [u8]) -> bool {
        let Some(now) = self.now else { return true };
        let Received { path, local, source, len } = *received;
        let current = self.relay.as_mut().filter(|open| open.path == path);
        let mut retired = self.retired.iter_mut().map(|(open, _)| open);
        if let Some(open) = current.or_else(|| retired.find(|open| open.path == path)) {
            let Some(datagram) = buffer.get(..len).filter(|_| source == open.server) else {
                self.refused += 1;
                return false;
            };
            if datagram.is_empty() && open.server.ip().is_loopback() {
                // The tunnel's connection broke.
                open.relay.broken(now);
                self.heard = true;
                return false;
            }
            show(self.shown, "from", source, datagram);
            let (peer, range) = match open.relay.handle_input(now, datagram) {
                Relayed::Data(peer, range) => (peer, range),
                Relayed::Handled => {
                    self.heard = true;
                    return false;
                }
                Relayed::Refused => {
                    self.refused += 1;
                    return false;
                }
            };
            let Some(relayed) = open.relay.relayed() else { return false };
            let len = range.len();
            buffer.copy_within(range, 0);
            *received = Received { path, local: relayed, source: peer, len };
            return true;
        }
        if !self.settings.stun.contains(&source) {
            return true;
        }
        let known = |(base, binding): &&mut (Base, Binding)| {
            binding.server() == source && base.path == path && base.address.ip() == local.ip()
        };
        let mut all = self.bindings.iter_mut().chain(&mut self.own);
        let Some((_, binding)) = all.find(known) else { return true };
        let datagram = buffer.get(..len).unwrap_or_default();
        show(self.shown, "from", source, datagram);
        let taken = binding.handle_input(now, source, datagram);
        self.heard |= taken;
        !taken
    }
}

/// `stun set debug on`: one line per message of a server, none per packet of media.
fn show(shown: bool, way: &str, server: SocketAddr, bytes: &[u8]) {
    if !shown {
        return;
    }
    if let Some(message) = Message::parse(bytes) {
        let (class, method) = (message.class, message.method);
        let error = message.error().map(|(code, words)| format!(" {code} {words}"));
        let error = error.unwrap_or_default();
        let mapped = message.mapped_address().map(|at| format!(" mapped {at}"));
        let mapped = mapped.unwrap_or_default();
        tracing::info!("STUN {way} {server}: method {method} {class:?}{error}{mapped}");
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// What a leg that was made earlier is told of something found.
pub(crate) fn late(found: Found) -> Option<LateCandidates> {
    Some(match found {
        Found::OwnSilent(_) | Found::Done => return None,
        Found::Reflexive(_, address) | Found::OwnReflexive(_, address) => {
            LateCandidates { reflexive: Some(address), ..LateCandidates::default() }
        }
        Found::Relayed(base) => LateCandidates { relayed: Some(base), ..LateCandidates::default() },
    })
}

impl<S: MediaSocket> Outbox for Traversal<S> {
    fn send(&mut self, path: PathId, from: IpAddr, to: SocketAddr, datagram: &[u8]) {
        let current = self.relay.as_mut().filter(|open| open.path == path);
        let mut retired = self.retired.iter_mut().map(|(open, _)| open);
        let Some(open) = current.or_else(|| retired.find(|open| open.path == path)) else {
            return self.inner.send(path, from, to, datagram);
        };
        if let Some(now) = self.now
            && open.relay.send(now, to, datagram, &mut self.wrapped)
        {
            self.inner.send(path, open.base.ip(), open.server, &self.wrapped);
        }
    }
}

impl<S: MediaSocket> MediaSocket for Traversal<S> {
    fn bind(&mut self, address: SocketAddr, socket_use: SocketUse) -> io::Result<PathId> {
        self.inner.bind(address, socket_use)
    }

    fn address(&self, path: PathId) -> Option<SocketAddr> {
        self.inner.address(path)
    }

    fn close(&mut self, path: PathId) {
        self.own.retain(|(base, _)| base.path != path);
        self.inner.close(path);
    }

    fn interfaces(&mut self, now: Instant) -> Vec<IpAddr> {
        self.inner.interfaces(now)
    }

    fn source_towards(&mut self, peer: IpAddr) -> Option<IpAddr> {
        self.inner.source_towards(peer)
    }

    fn upcoming(&self) -> &[PathId] {
        self.inner.upcoming()
    }

    fn receive(&mut self, batch: &mut Batch) {
        loop {
            self.inner.receive(batch);
            let idle = self.bindings.is_empty()
                && self.own.is_empty()
                && self.relay.is_none()
                && self.retired.is_empty();
            if idle || batch.received.is_empty() {
                return;
            }
            self.sift(batch);
            // An empty batch means that nothing is left: that is not so.
            if !batch.received.is_empty() {
                return;
            }
        }
    }

    fn wait(&mut self, limit: Option<Duration>) {
        self.inner.wait(limit);
    }

    fn note_turn(&mut self, now: Instant, datagrams: usize) {
        self.inner.note_turn(now, datagrams);
    }

    fn sockets(&self) -> usize {
        self.inner.sockets()
    }
}
