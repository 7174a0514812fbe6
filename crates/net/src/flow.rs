//! The table of flows: which exist, which one leads where, and how many one source may have.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use sidetone_base::{Flow, FlowId, Transport};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::Instant;

use crate::event::{CloseReason, MESSAGES_AT_ONCE};
use crate::socket::Datagrams;

/// How a flow came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowOrigin {
    /// Datagrams between our socket and a remote address.
    Datagram,
    /// A peer connected to a listener.
    Accepted,
    /// We connected to a peer.
    Dialled,
    /// The HTTP server handed over a WebSocket.
    WebSocket,
}

/// One flow as status pages show it.
#[derive(Clone, Debug)]
pub struct FlowInfo {
    /// The flow.
    pub flow: Flow,
    /// The listener it belongs to.
    pub listener: Arc<str>,
    /// How it came to be.
    pub origin: FlowOrigin,
    /// Whether a valid SIP message came over it.
    pub proven: bool,
    /// Whether the layer above marked it as in use.
    pub used: bool,
    /// How long it exists.
    pub age: Duration,
    /// How long nothing was sent or received over it.
    pub idle: Duration,
    /// SIP messages received.
    pub messages_in: u64,
    /// SIP messages written.
    pub messages_out: u64,
    /// Bytes of these messages.
    pub bytes_in: u64,
    /// Bytes of these messages.
    pub bytes_out: u64,
}

/// Where messages of a flow are put.
#[derive(Debug)]
pub(crate) enum Out {
    /// Straight into the socket.
    Datagram(Arc<Datagrams>),
    /// Into the queue of the connection's task.
    Queue(mpsc::Sender<Bytes>),
}

/// Everything known of one flow. Shared between the table and the flow's task.
#[derive(Debug)]
pub(crate) struct FlowState {
    pub(crate) id: FlowId,
    pub(crate) transport: Transport,
    pub(crate) remote: SocketAddr,
    pub(crate) listener: Arc<str>,
    pub(crate) origin: FlowOrigin,
    /// The name the peer was dialled by, when it had to prove one.
    pub(crate) server_name: Option<Box<str>>,
    pub(crate) out: Out,
    /// Messages that may still be handed up; only connections wait for it.
    pub(crate) turns: Arc<Semaphore>,
    local: OnceLock<SocketAddr>,
    opened_at: Instant,
    stop: Notify,
    stop_reason: Mutex<Option<CloseReason>>,
    used: AtomicBool,
    proven: AtomicBool,
    last_active_ms: AtomicU64,
    messages_in: AtomicU64,
    messages_out: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

/// What a new flow is made of.
pub(crate) struct NewFlow {
    pub(crate) transport: Transport,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) remote: SocketAddr,
    pub(crate) listener: Arc<str>,
    pub(crate) origin: FlowOrigin,
    pub(crate) server_name: Option<Box<str>>,
    pub(crate) out: Out,
}

impl FlowState {
    fn new(id: FlowId, new: NewFlow) -> Self {
        let local = OnceLock::new();
        if let Some(address) = new.local {
            local.get_or_init(|| address);
        }
        Self {
            id,
            transport: new.transport,
            remote: new.remote,
            listener: new.listener,
            origin: new.origin,
            server_name: new.server_name,
            out: new.out,
            turns: Arc::new(Semaphore::new(MESSAGES_AT_ONCE)),
            local,
            opened_at: Instant::now(),
            stop: Notify::new(),
            stop_reason: Mutex::new(None),
            used: AtomicBool::new(false),
            proven: AtomicBool::new(false),
            last_active_ms: AtomicU64::new(0),
            messages_in: AtomicU64::new(0),
            messages_out: AtomicU64::new(0),
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
        }
    }

    /// The flow as a value. `local` is unspecified until a dialled connection is established.
    pub(crate) fn flow(&self) -> Flow {
        let unknown = || match self.remote {
            SocketAddr::V4(_) => SocketAddr::from(([0, 0, 0, 0], 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let local = self.local.get().copied().unwrap_or_else(unknown);
        Flow { id: self.id, transport: self.transport, local, remote: self.remote }
    }

    pub(crate) fn established(&self, local: SocketAddr) {
        self.local.get_or_init(|| local);
    }

    pub(crate) fn request_stop(&self, reason: CloseReason) {
        self.stop_reason.lock().get_or_insert(reason);
        self.stop.notify_one();
    }

    /// Waits until somebody asks for the end of the flow.
    pub(crate) async fn stopped(&self) -> CloseReason {
        loop {
            self.stop.notified().await;
            let reason = self.stop_reason.lock().clone();
            if let Some(reason) = reason {
                return reason;
            }
        }
    }

    pub(crate) fn mark_used(&self) {
        self.used.store(true, Ordering::Relaxed);
    }

    /// Whether the deadline for a first request no longer applies.
    pub(crate) fn is_kept(&self) -> bool {
        self.used.load(Ordering::Relaxed) || self.proven.load(Ordering::Relaxed)
    }

    pub(crate) fn is_proven(&self) -> bool {
        self.proven.load(Ordering::Relaxed)
    }

    pub(crate) fn received(&self, bytes: usize) {
        self.touch();
        self.messages_in.fetch_add(1, Ordering::Relaxed);
        crate::counters::add(&self.bytes_in, bytes);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.touch();
        self.messages_out.fetch_add(1, Ordering::Relaxed);
        crate::counters::add(&self.bytes_out, bytes);
    }

    pub(crate) fn touch(&self) {
        let ms = u64::try_from(self.opened_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_active_ms.store(ms, Ordering::Relaxed);
    }

    pub(crate) fn idle(&self) -> Duration {
        let active = Duration::from_millis(self.last_active_ms.load(Ordering::Relaxed));
        self.opened_at.elapsed().saturating_sub(active)
    }

    pub(crate) fn info(&self) -> FlowInfo {
        FlowInfo {
            flow: self.flow(),
            listener: Arc::clone(&self.listener),
            origin: self.origin,
            proven: self.proven.load(Ordering::Relaxed),
            used: self.used.load(Ordering::Relaxed),
            age: self.opened_at.elapsed(),
            idle: self.idle(),
            messages_in: self.messages_in.load(Ordering::Relaxed),
            messages_out: self.messages_out.load(Ordering::Relaxed),
            bytes_in: self.bytes_in.load(Ordering::Relaxed),
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
        }
    }
}

/// All flows. Behind one short lock; nothing is awaited or written while it is held.
#[derive(Debug, Default)]
pub(crate) struct FlowTable {
    flows: HashMap<FlowId, Arc<FlowState>>,
    /// The latest flow to an address, connection or not.
    by_remote: HashMap<(Transport, SocketAddr), FlowId>,
    /// UDP flows by our socket and the remote address.
    datagrams: HashMap<(SocketAddr, SocketAddr), FlowId>,
    /// Connections per source that have not carried a valid message.
    unproven: HashMap<IpAddr, usize>,
    connections: usize,
    last_sweep: Option<Instant>,
    next_id: u64,
}

/// Limits the table holds to.
#[derive(Clone, Copy)]
pub(crate) struct TableLimits {
    pub(crate) connections: usize,
    pub(crate) unproven_per_source: usize,
    pub(crate) udp_flows: usize,
    pub(crate) udp_idle: Duration,
    pub(crate) udp_used_idle: Duration,
}

impl FlowTable {
    /// Adds a connection; `None` when a limit is reached.
    pub(crate) fn add_connection(
        &mut self,
        new: NewFlow,
        limits: TableLimits,
    ) -> Option<Arc<FlowState>> {
        if self.connections >= limits.connections {
            return None;
        }
        if new.origin != FlowOrigin::Dialled {
            let source = source_of(new.remote.ip());
            let unproven = self.unproven.entry(source).or_insert(0);
            if *unproven >= limits.unproven_per_source {
                return None;
            }
            *unproven += 1;
        }
        self.connections += 1;
        Some(self.insert(new))
    }

    /// The UDP flow between a socket and a remote address, made when it is new; `None` when the
    /// table is full of flows in use.
    pub(crate) fn datagram_flow(
        &mut self,
        local: SocketAddr,
        remote: SocketAddr,
        limits: TableLimits,
        new: impl FnOnce() -> NewFlow,
    ) -> Option<Arc<FlowState>> {
        if let Some(id) = self.datagrams.get(&(local, remote)) {
            return self.flows.get(id).cloned();
        }
        if self.datagrams.len() >= limits.udp_flows {
            self.sweep_when_full(limits);
            if self.datagrams.len() >= limits.udp_flows {
                return None;
            }
        }
        let flow = self.insert(new());
        self.datagrams.insert((local, remote), flow.id);
        Some(flow)
    }

    fn insert(&mut self, new: NewFlow) -> Arc<FlowState> {
        self.next_id += 1;
        let flow = Arc::new(FlowState::new(FlowId(self.next_id), new));
        self.flows.insert(flow.id, Arc::clone(&flow));
        self.by_remote.insert((flow.transport, flow.remote), flow.id);
        flow
    }

    pub(crate) fn get(&self, id: FlowId) -> Option<&Arc<FlowState>> {
        self.flows.get(&id)
    }

    pub(crate) fn to_remote(
        &self,
        transport: Transport,
        remote: SocketAddr,
    ) -> Option<&Arc<FlowState>> {
        self.flows.get(self.by_remote.get(&(transport, remote))?)
    }

    pub(crate) fn remove(&mut self, flow: &FlowState) {
        if self.flows.remove(&flow.id).is_none() {
            return;
        }
        let key = (flow.transport, flow.remote);
        if self.by_remote.get(&key) == Some(&flow.id) {
            self.by_remote.remove(&key);
        }
        if flow.origin == FlowOrigin::Datagram {
            self.datagrams.remove(&(flow.flow().local, flow.remote));
            return;
        }
        self.connections = self.connections.saturating_sub(1);
        if !flow.proven.swap(true, Ordering::Relaxed) {
            self.forget_unproven(flow);
        }
    }

    /// Notes that a valid message came over the flow.
    pub(crate) fn prove(&mut self, flow: &FlowState) {
        if !flow.proven.swap(true, Ordering::Relaxed) {
            self.forget_unproven(flow);
        }
    }

    fn forget_unproven(&mut self, flow: &FlowState) {
        if matches!(flow.origin, FlowOrigin::Dialled | FlowOrigin::Datagram) {
            return;
        }
        let source = source_of(flow.remote.ip());
        if let Some(unproven) = self.unproven.get_mut(&source) {
            *unproven = unproven.saturating_sub(1);
            if *unproven == 0 {
                self.unproven.remove(&source);
            }
        }
    }

    /// Forgets UDP flows that are idle for long.
    pub(crate) fn sweep(&mut self, limits: TableLimits) {
        self.last_sweep = Some(Instant::now());
        let idle: Vec<_> = self
            .datagrams
            .values()
            .filter_map(|id| self.flows.get(id))
            .filter(|flow| {
                let used = flow.used.load(Ordering::Relaxed);
                flow.idle() > if used { limits.udp_used_idle } else { limits.udp_idle }
            })
            .cloned()
            .collect();
        idle.iter().for_each(|flow| self.remove(flow));
    }

    /// A flood of forged sources fills the table: room is made by forgetting what was silent for
    /// 32 s and is not in use, or else the quarter of those not in use that was silent for longest;
    /// at most once a second, since it costs a walk over the table.
    fn sweep_when_full(&mut self, limits: TableLimits) {
        if self.last_sweep.is_some_and(|at| at.elapsed() < Duration::from_secs(1)) {
            return;
        }
        let hurried = Duration::from_secs(32).min(limits.udp_idle);
        self.sweep(TableLimits { udp_idle: hurried, ..limits });
        if self.datagrams.len() < limits.udp_flows {
            return;
        }
        let all = self.datagrams.values().filter_map(|id| self.flows.get(id));
        let is_unused = |flow: &&Arc<FlowState>| {
            !flow.used.load(Ordering::Relaxed) && flow.idle() > Duration::from_secs(1)
        };
        let unused = all.filter(is_unused);
        let mut unused: Vec<_> = unused.map(|flow| (flow.idle(), Arc::clone(flow))).collect();
        let quarter = (limits.udp_flows / 4).max(1).min(unused.len());
        let Some(last) = quarter.checked_sub(1) else { return };
        unused.select_nth_unstable_by_key(last, |(idle, _)| std::cmp::Reverse(*idle));
        tracing::warn!(
            "{} sources speak over UDP at once, the most there may be: {quarter} of those that \
             never registered or called are forgotten",
            self.datagrams.len()
        );
        for (_, flow) in unused.drain(..quarter) {
            self.remove(&flow);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<FlowState>> {
        self.flows.values()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections
    }

    pub(crate) fn datagram_flows(&self) -> usize {
        self.datagrams.len()
    }
}

/// What counts as one source: an IPv4 address, or an IPv6 /64, which is what one customer has.
#[must_use]
pub fn source_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}
