//! The handle that the layer above holds: listen, send, close, look.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use parking_lot::Mutex;
use sidetone_base::{Destination, Flow, FlowId, Transport};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::counters::{Counters, NetCounters, add, count};
use crate::event::{CloseReason, ListenError, NetEvent, SendError};
use crate::flow::{FlowInfo, FlowOrigin, FlowState, FlowTable, NewFlow, Out, TableLimits};
use crate::settings::{ListenerSpec, NetSettings, Protocol};
use crate::socket::{Datagrams, Sockets, is_stream, reaches};
use crate::tls::{CertificateDescription, ClientTls, ServerTls, TlsError, TlsGate};
use crate::{sim, stream, udp, websocket};

/// The largest payload of a UDP datagram over IPv4.
const MAX_DATAGRAM_BYTES: usize = 65_507;
/// How long [`Net::shutdown`] waits for connections to say goodbye.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(3);

/// All signalling transports of the process. A cheap handle: clones are the same network.
#[derive(Clone)]
pub struct Net {
    shared: Arc<Shared>,
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").field("flows", &self.flow_count()).finish_non_exhaustive()
    }
}

/// How a message may be routed beyond its destination.
#[derive(Clone, Copy, Debug, Default)]
pub struct Route<'a> {
    /// The listener by name whose socket and TLS settings are used (endpoint option `transport`).
    pub listener: Option<&'a str>,
    /// The domain that a TLS peer must prove to be (RFC 5922 §4) and that is sent as SNI.
    pub server_name: Option<&'a str>,
}

/// A listener as status pages show it.
#[derive(Clone, Debug)]
pub struct ListenerInfo {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// What it speaks.
    pub transport: Transport,
    /// Where it listens, with the port that the system chose.
    pub local: SocketAddr,
    /// Its certificate, for TLS.
    pub certificate: Option<CertificateDescription>,
    /// Failed TLS handshakes of accepted connections.
    pub tls_failures_total: u64,
}

/// A WebSocket that the HTTP server has upgraded to subprotocol `sip`.
#[derive(Clone, Debug)]
pub struct UpgradedWebSocket {
    /// [`Transport::Ws`] or [`Transport::Wss`].
    pub transport: Transport,
    /// Our address.
    pub local: SocketAddr,
    /// The client's address.
    pub remote: SocketAddr,
    /// Bytes that were read after the upgrade request.
    pub early: Bytes,
}

/// How many flows exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowCount {
    /// TCP, TLS, WS and WSS connections.
    pub connections: usize,
    /// Pairs of UDP socket and remote address.
    pub datagram: usize,
}

/// What all tasks of the network share.
pub(crate) struct Shared {
    pub(crate) settings: ArcSwap<NetSettings>,
    pub(crate) events: mpsc::Sender<NetEvent>,
    pub(crate) table: Mutex<FlowTable>,
    pub(crate) counters: Counters,
    pub(crate) sockets: Sockets,
    pub(crate) tasks: TaskTracker,
    listeners: Mutex<Vec<Arc<ListenerState>>>,
    stopping: CancellationToken,
    runtime: Handle,
}

/// One open listener.
pub(crate) struct ListenerState {
    pub(crate) name: Arc<str>,
    pub(crate) spec: ListenerSpec,
    pub(crate) local: SocketAddr,
    pub(crate) stop: CancellationToken,
    closed: CancellationToken,
    pub(crate) kind: ListenerKind,
}

pub(crate) enum ListenerKind {
    Udp(Arc<Datagrams>),
    Tcp,
    Tls { gate: Box<TlsGate>, client: ClientTls },
}

impl Shared {
    pub(crate) fn limits(&self) -> TableLimits {
        let settings = self.settings.load();
        TableLimits {
            connections: settings.max_connections,
            unproven_per_source: settings.max_unproven_per_source,
            udp_flows: settings.max_udp_flows,
            udp_idle: settings.udp_flow_idle,
            udp_used_idle: settings.udp_used_flow_idle,
        }
    }

    /// Hands an event up, waiting for room. An error means that nobody listens any more.
    pub(crate) async fn tell(&self, event: NetEvent) {
        let _ = self.events.send(event).await;
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }
}

impl Net {
    /// A network over the sockets of the system. Must be called within a tokio runtime, whose
    /// tasks carry the flows. `events` is the bounded queue to the layer above; one event is
    /// about 100 bytes besides its message.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new(settings: NetSettings, events: mpsc::Sender<NetEvent>) -> Self {
        Self::over(Sockets::System, settings, events)
    }

    /// The same over a simulated host.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn simulated(
        settings: NetSettings,
        events: mpsc::Sender<NetEvent>,
        host: sim::Host,
    ) -> Self {
        Self::over(Sockets::Simulated(host), settings, events)
    }

    fn over(sockets: Sockets, settings: NetSettings, events: mpsc::Sender<NetEvent>) -> Self {
        let shared = Shared {
            settings: ArcSwap::from_pointee(settings),
            events,
            table: Mutex::default(),
            counters: Counters::default(),
            sockets,
            tasks: TaskTracker::new(),
            listeners: Mutex::default(),
            stopping: CancellationToken::new(),
            runtime: Handle::current(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Uses other limits and timeouts from now on; timers that run keep their deadline.
    pub fn update_settings(&self, settings: NetSettings) {
        self.shared.settings.store(Arc::new(settings));
    }

    /// Opens a listener and returns its address with the port that the system chose.
    ///
    /// # Errors
    /// The address cannot be bound, the certificate is unusable, or the name exists.
    pub async fn listen(&self, spec: ListenerSpec) -> Result<SocketAddr, ListenError> {
        let mut listeners = self.shared.listeners.lock();
        if listeners.iter().any(|known| known.spec.name == spec.name) {
            return Err(ListenError::Duplicate(spec.name));
        }
        let opened = self.open(spec)?;
        let local = opened.local;
        listeners.push(opened);
        Ok(local)
    }

    fn open(&self, spec: ListenerSpec) -> Result<Arc<ListenerState>, ListenError> {
        let address = (spec.protocol.transport(), spec.bind);
        let bind_error = |error| {
            let name = spec.name.clone();
            ListenError::Bind { name, address, error }
        };
        let settings = self.shared.settings.load();
        let stop = self.shared.stopping.child_token();
        if matches!(spec.protocol, Protocol::Udp) {
            let buffer = settings.udp_receive_buffer;
            let socket = self.shared.sockets.datagrams(&spec, buffer).map_err(bind_error)?;
            let local = socket.local_addr().map_err(bind_error)?;
            let kind = ListenerKind::Udp(Arc::new(socket));
            let listener = ListenerState::shared(spec, local, stop, kind);
            self.serve(&listener, udp::run(Arc::clone(&self.shared), Arc::clone(&listener)));
            return Ok(listener);
        }
        let kind = match &spec.protocol {
            Protocol::Tls(tls) => {
                let tls_error = |error| ListenError::Tls { name: spec.name.clone(), error };
                let server = ServerTls::build(tls).map_err(tls_error)?;
                let client = ClientTls::build(tls).map_err(tls_error)?;
                let (places, timeout) = (settings.max_handshakes, settings.handshake_timeout);
                ListenerKind::Tls { gate: Box::new(TlsGate::new(server, places, timeout)), client }
            }
            Protocol::Tcp | Protocol::Udp => ListenerKind::Tcp,
        };
        let socket = self.shared.sockets.listener(&spec).map_err(bind_error)?;
        let local = socket.local_addr().map_err(bind_error)?;
        let listener = ListenerState::shared(spec, local, stop, kind);
        let (shared, known) = (Arc::clone(&self.shared), Arc::clone(&listener));
        self.serve(&listener, stream::accept(shared, known, socket));
        Ok(listener)
    }

    /// Runs a listener's task and notes when it, and with it the socket, is gone.
    fn serve(&self, listener: &ListenerState, task: impl Future<Output = ()> + Send + 'static) {
        let closed = listener.closed.clone();
        let task = async move {
            task.await;
            closed.cancel();
        };
        self.shared.tasks.spawn_on(task, &self.shared.runtime);
    }

    /// Closes a listener's socket and returns when its port is free. Established connections go
    /// on; its UDP flows end. Returns whether it existed.
    pub async fn unlisten(&self, name: &str) -> bool {
        let listener = {
            let mut listeners = self.shared.listeners.lock();
            let Some(at) = listeners.iter().position(|known| known.spec.name == name) else {
                return false;
            };
            listeners.swap_remove(at)
        };
        listener.stop.cancel();
        let closed = listener.closed.clone();
        // For UDP this may be the last holder of the socket.
        drop(listener);
        closed.cancelled().await;
        true
    }

    /// The open listeners.
    #[must_use]
    pub fn listeners(&self) -> Vec<ListenerInfo> {
        self.shared.listeners.lock().iter().map(|listener| listener.info()).collect()
    }

    /// Reads the certificate files of all TLS listeners again. New connections use them,
    /// established ones go on. Returns what went wrong, by listener; those keep what they have.
    pub fn reload_certificates(&self) -> Vec<(Arc<str>, TlsError)> {
        let listeners = self.shared.listeners.lock().clone();
        let reload = |listener: &Arc<ListenerState>| match &listener.kind {
            ListenerKind::Tls { gate, .. } => {
                gate.tls().reload().err().map(|error| (Arc::clone(&listener.name), error))
            }
            _ => None,
        };
        listeners.iter().filter_map(reload).collect()
    }

    /// Our address as `remote` should see it in Via and Contact: that of the listener that would
    /// be used, with the address of the route when the listener is bound to all. `None` without
    /// such a listener. Costs two system calls for a listener bound to all.
    #[must_use]
    pub fn sent_by(
        &self,
        transport: Transport,
        remote: SocketAddr,
        route: Route<'_>,
    ) -> Option<SocketAddr> {
        let listener = self.listener_towards(transport, remote, route)?;
        if !listener.local.ip().is_unspecified() {
            return Some(listener.local);
        }
        let ip = self.shared.sockets.source_towards(remote)?;
        Some(SocketAddr::new(ip, listener.local.port()))
    }

    /// Sends one SIP message. Never blocks: the message is in the socket (UDP) or in the bounded
    /// queue of its connection, which is opened when there is none. Returns the flow that carries
    /// it; if its connection fails, [`NetEvent::SendFailed`] and [`NetEvent::FlowClosed`] follow.
    ///
    /// # Errors
    /// The message was not taken, and why.
    pub fn send(&self, destination: Destination, bytes: Bytes) -> Result<FlowId, SendError> {
        self.send_via(destination, bytes, Route::default())
    }

    /// [`Net::send`] through a given listener or towards a peer that must prove its name.
    ///
    /// # Errors
    /// As [`Net::send`].
    pub fn send_via(
        &self,
        destination: Destination,
        bytes: Bytes,
        route: Route<'_>,
    ) -> Result<FlowId, SendError> {
        if self.shared.is_stopping() {
            return Err(SendError::Stopped);
        }
        let flow = match destination {
            Destination::Flow(id) => {
                self.shared.table.lock().get(id).cloned().ok_or(SendError::NoSuchFlow)?
            }
            Destination::Address { transport, remote } => self.flow_to(transport, remote, route)?,
        };
        self.put(&flow, bytes)?;
        Ok(flow.id)
    }

    /// Whether there is a flow to an address, so that [`Net::send`] dials none.
    #[must_use]
    pub fn has_flow_to(&self, transport: Transport, remote: SocketAddr) -> bool {
        self.shared.table.lock().to_remote(transport, remote).is_some()
    }

    fn put(&self, flow: &FlowState, bytes: Bytes) -> Result<(), SendError> {
        let counters = &self.shared.counters;
        let limit = match flow.transport {
            Transport::Udp => MAX_DATAGRAM_BYTES,
            _ => self.shared.settings.load().max_message_bytes,
        };
        let length = bytes.len();
        if length > limit {
            return Err(SendError::TooLarge(length));
        }
        match &flow.out {
            Out::Datagram(socket) => match socket.try_send_to(&bytes, flow.remote) {
                Ok(_) => {
                    flow.sent(length);
                    count(&counters.messages_out_total);
                    add(&counters.bytes_out_total, length);
                    Ok(())
                }
                Err(error) => {
                    count(&counters.datagrams_unsent_total);
                    Err(SendError::Socket(error.kind()))
                }
            },
            Out::Queue(queue) => queue.try_send(bytes).map_err(|error| match error {
                TrySendError::Full(_) => {
                    count(&counters.queue_full_total);
                    SendError::QueueFull
                }
                TrySendError::Closed(_) => SendError::NoSuchFlow,
            }),
        }
    }

    fn flow_to(
        &self,
        transport: Transport,
        remote: SocketAddr,
        route: Route<'_>,
    ) -> Result<Arc<FlowState>, SendError> {
        if let Some(flow) = self.shared.table.lock().to_remote(transport, remote) {
            let named =
                route.server_name.is_none() || flow.server_name.as_deref() == route.server_name;
            let from = route.listener.is_none_or(|name| *flow.listener == *name);
            if named && from {
                return Ok(Arc::clone(flow));
            }
        }
        if !is_stream(transport) && transport != Transport::Udp {
            return Err(SendError::NotDialable(transport));
        }
        let listener = self
            .listener_towards(transport, remote, route)
            .ok_or(SendError::NoListener(transport, remote))?;
        if let ListenerKind::Udp(socket) = &listener.kind {
            return udp::flow(&self.shared, &listener, socket, remote)
                .ok_or(SendError::TooManyConnections);
        }
        self.dial(listener, remote, route)
    }

    fn dial(
        &self,
        listener: Arc<ListenerState>,
        remote: SocketAddr,
        route: Route<'_>,
    ) -> Result<Arc<FlowState>, SendError> {
        let (sender, queue) = mpsc::channel(self.shared.settings.load().out_queue_depth.max(1));
        let new = NewFlow {
            transport: listener.spec.protocol.transport(),
            local: None,
            remote,
            listener: Arc::clone(&listener.name),
            origin: FlowOrigin::Dialled,
            server_name: route.server_name.map(Box::from),
            out: Out::Queue(sender),
        };
        let added = self.shared.table.lock().add_connection(new, self.shared.limits());
        let Some(flow) = added else {
            count(&self.shared.counters.connections_refused_total);
            return Err(SendError::TooManyConnections);
        };
        let task = stream::dial(Arc::clone(&self.shared), listener, Arc::clone(&flow), queue);
        self.shared.tasks.spawn_on(task, &self.shared.runtime);
        Ok(flow)
    }

    fn listener_towards(
        &self,
        transport: Transport,
        remote: SocketAddr,
        route: Route<'_>,
    ) -> Option<Arc<ListenerState>> {
        let listeners = self.shared.listeners.lock();
        let fits = |listener: &&Arc<ListenerState>| {
            listener.spec.protocol.transport() == transport
                && listener.local.is_ipv4() == remote.is_ipv4()
        };
        match route.listener {
            Some(name) => listeners.iter().filter(fits).find(|known| known.spec.name == name),
            None => listeners
                .iter()
                .filter(fits)
                .find(|known| reaches(known.local, remote))
                .or_else(|| listeners.iter().find(fits)),
        }
        .cloned()
    }

    /// Takes over a WebSocket after the HTTP server has answered 101 with subprotocol `sip`, and
    /// carries it until it is closed. Returns why it was.
    pub async fn adopt_websocket<S>(&self, io: S, upgraded: UpgradedWebSocket) -> CloseReason
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        websocket::run(&self.shared, io, upgraded).await
    }

    /// Notes that the layer above uses the flow (a registration, a dialog): it is not closed for
    /// want of requests, and a UDP flow is remembered longer.
    pub fn mark_used(&self, flow: FlowId) {
        if let Some(flow) = self.shared.table.lock().get(flow) {
            flow.mark_used();
        }
    }

    /// Ends a connection; WebSocket clients are told the reason. UDP flows are forgotten.
    pub fn close(&self, flow: FlowId, reason: impl Into<std::borrow::Cow<'static, str>>) {
        let mut table = self.shared.table.lock();
        let Some(flow) = table.get(flow).cloned() else {
            return;
        };
        if flow.origin == FlowOrigin::Datagram {
            table.remove(&flow);
        } else {
            flow.request_stop(CloseReason::Requested(reason.into()));
        }
    }

    /// A flow by its id, while it exists.
    #[must_use]
    pub fn flow(&self, id: FlowId) -> Option<Flow> {
        self.shared.table.lock().get(id).map(|flow| flow.flow())
    }

    /// The same with its listener and totals.
    #[must_use]
    pub fn flow_info(&self, id: FlowId) -> Option<FlowInfo> {
        self.shared.table.lock().get(id).map(|flow| flow.info())
    }

    /// All flows, in order of their ids. Copies the table under its lock: for status pages.
    #[must_use]
    pub fn flows(&self) -> Vec<FlowInfo> {
        let mut flows: Vec<_> = self.shared.table.lock().iter().map(|flow| flow.info()).collect();
        flows.sort_by_key(|info| info.flow.id);
        flows
    }

    /// How many flows exist.
    #[must_use]
    pub fn flow_count(&self) -> FlowCount {
        let table = self.shared.table.lock();
        FlowCount { connections: table.connections(), datagram: table.datagram_flows() }
    }

    /// Totals since start.
    #[must_use]
    pub fn counters(&self) -> NetCounters {
        let mut counters = self.shared.counters.snapshot();
        let listeners = self.shared.listeners.lock();
        counters.tls_failures_total +=
            listeners.iter().map(|listener| listener.tls_failures_total()).sum::<u64>();
        counters
    }

    /// Closes listeners and connections, telling WebSocket clients, and waits at most 3 s.
    pub async fn shutdown(&self) {
        self.shared.stopping.cancel();
        self.shared.listeners.lock().clear();
        let flows: Vec<_> = self.shared.table.lock().iter().cloned().collect();
        flows.iter().for_each(|flow| flow.request_stop(CloseReason::Shutdown));
        self.shared.tasks.close();
        let _ = tokio::time::timeout(SHUTDOWN_PATIENCE, self.shared.tasks.wait()).await;
    }
}

impl ListenerState {
    fn shared(
        spec: ListenerSpec,
        local: SocketAddr,
        stop: CancellationToken,
        kind: ListenerKind,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: Arc::from(spec.name.as_str()),
            spec,
            local,
            stop,
            closed: CancellationToken::new(),
            kind,
        })
    }

    fn tls_failures_total(&self) -> u64 {
        match &self.kind {
            ListenerKind::Tls { gate, .. } => gate.failures_total(),
            ListenerKind::Udp(_) | ListenerKind::Tcp => 0,
        }
    }

    fn info(&self) -> ListenerInfo {
        let certificate = match &self.kind {
            ListenerKind::Tls { gate, .. } => gate.tls().certificate(),
            ListenerKind::Udp(_) | ListenerKind::Tcp => None,
        };
        ListenerInfo {
            name: Arc::clone(&self.name),
            transport: self.spec.protocol.transport(),
            local: self.local,
            certificate,
            tls_failures_total: self.tls_failures_total(),
        }
    }
}
