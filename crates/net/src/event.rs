//! What the transports tell the layer above, and the errors of what it asks.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sidetone_base::{Flow, Transport};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::tls::TlsError;

/// Something happened on a flow.
///
/// The queue of events is bounded by the caller. Connections wait for room in it (their peers
/// feel it as TCP back-pressure); a datagram that finds it full is dropped and counted, as the
/// network would drop it, and its sender repeats it. A connection has [`MESSAGES_AT_ONCE`] in it
/// and beyond at most, so that one whose peer never pauses leaves room for the others.
#[derive(Debug)]
pub enum NetEvent {
    /// One complete SIP message arrived.
    Message(Inbound),
    /// A connection is established (accepted, dialled or upgraded). Not sent for UDP.
    FlowOpened(Flow),
    /// A connection is gone, or could not be established. Not sent for UDP.
    FlowClosed {
        /// The flow that is gone; `local` is unspecified when it was never established.
        flow: Flow,
        /// Why.
        reason: CloseReason,
    },
    /// A message that was accepted by [`crate::Net::send`] will never be written, because its
    /// connection failed. One event per message, before `FlowClosed`.
    SendFailed {
        /// The flow that was to carry it.
        flow: Flow,
        /// The message.
        bytes: Bytes,
        /// Why its connection failed.
        reason: CloseReason,
    },
}

/// Messages of one connection that may be on their way up, until they are done with. 32 at 50 us
/// each keep everybody else waiting for 2 ms; a trunk that has more to say has them taken as fast.
pub const MESSAGES_AT_ONCE: usize = 32;

/// A message's place among those of its connection. The connection is read on when it is dropped;
/// datagrams have none.
#[derive(Debug, Default)]
pub struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Turn {
    /// Waits for a place.
    pub(crate) async fn take(turns: &Arc<Semaphore>) -> Self {
        // Waiting is boxed: each idle connection would keep room for it. An error then would mean
        // that the places were closed, which nobody does.
        let permit = match Arc::clone(turns).try_acquire_owned() {
            Ok(permit) => Some(permit),
            Err(_) => Box::pin(Arc::clone(turns).acquire_owned()).await.ok(),
        };
        Self { _permit: permit }
    }
}

/// One complete SIP message as it came.
#[derive(Debug)]
pub struct Inbound {
    /// Over which flow.
    pub flow: Flow,
    /// The message: start line, headers and body, nothing else.
    pub bytes: Bytes,
    /// When its last byte was read.
    pub received_at: Instant,
    /// To be kept until the message is done with.
    pub turn: Turn,
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer closed it in order; the text is the WebSocket close reason, if it gave one.
    Peer(String),
    /// The connection broke; the text is the system's.
    Broken(String),
    /// The layer above asked for it with [`crate::Net::close`].
    Requested(Cow<'static, str>),
    /// No complete SIP message came within the deadline.
    NoRequest(Duration),
    /// The peer sent what is not SIP, or not WebSocket.
    Malformed(String),
    /// The peer sent a WebSocket text message that is not UTF-8 (RFC 6455 §8.1).
    NotText,
    /// The peer sent a message above the limit, given in bytes.
    TooLarge(usize),
    /// The peer does not read what it is sent.
    NotDraining(Duration),
    /// The peer answered no ping.
    NoPong,
    /// The connection could not be opened.
    ConnectFailed(String),
    /// The TLS handshake failed.
    TlsFailed(String),
    /// A limit on connections was reached.
    TooMany,
    /// The server stops.
    Shutdown,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer(text) if text.is_empty() => f.write_str("closed by the peer"),
            Self::Peer(text) => write!(f, "closed by the peer: {text}"),
            Self::Broken(text) => write!(f, "connection broken: {text}"),
            Self::Requested(text) => f.write_str(text),
            Self::NoRequest(limit) => {
                write!(f, "no request was received in {} seconds", limit.as_secs_f32())
            }
            Self::Malformed(text) => write!(f, "malformed: {text}"),
            Self::NotText => f.write_str("text message is not UTF-8"),
            Self::TooLarge(limit) => write!(f, "message above {limit} bytes"),
            Self::NotDraining(limit) => {
                write!(f, "peer did not read for {} ms", limit.as_millis())
            }
            Self::NoPong => f.write_str("peer answered no ping"),
            Self::ConnectFailed(text) => write!(f, "cannot connect: {text}"),
            Self::TlsFailed(text) => write!(f, "TLS handshake failed: {text}"),
            Self::TooMany => f.write_str("too many connections"),
            Self::Shutdown => f.write_str("server stops"),
        }
    }
}

/// Why [`crate::Net::send`] refused a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The flow is gone. For a contact behind it: it cannot be reached until it comes back.
    NoSuchFlow,
    /// No listener of this transport and address family is configured.
    NoListener(Transport, SocketAddr),
    /// Browsers cannot be dialled: WS and WSS need an existing flow.
    NotDialable(Transport),
    /// The peer does not drain its queue.
    QueueFull,
    /// The limit on connections is reached.
    TooManyConnections,
    /// Above 65,507 bytes over UDP, or above the configured message limit.
    TooLarge(usize),
    /// The system refused the datagram.
    Socket(io::ErrorKind),
    /// The server stops.
    Stopped,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchFlow => f.write_str("the connection is gone"),
            Self::NoListener(transport, remote) => {
                let family = if remote.is_ipv4() { "IPv4" } else { "IPv6" };
                write!(f, "no {transport} transport with an {family} address is configured")
            }
            Self::NotDialable(transport) => {
                write!(f, "no open {transport} connection, and a browser cannot be dialled")
            }
            Self::QueueFull => f.write_str("the peer does not read what it is sent"),
            Self::TooManyConnections => f.write_str("too many connections"),
            Self::TooLarge(bytes) => write!(f, "message of {bytes} bytes is too large"),
            Self::Socket(kind) => write!(f, "the system refused to send: {kind}"),
            Self::Stopped => f.write_str("the server stops"),
        }
    }
}

impl std::error::Error for SendError {}

/// Why a listener could not be opened.
#[derive(Debug)]
pub enum ListenError {
    /// The address could not be bound.
    Bind {
        /// The listener's name.
        name: String,
        /// Transport and address.
        address: (Transport, SocketAddr),
        /// What the system said.
        error: io::Error,
    },
    /// Its certificate or TLS options are wrong.
    Tls {
        /// The listener's name.
        name: String,
        /// What is wrong and what to change.
        error: TlsError,
    },
    /// A listener with this name exists.
    Duplicate(String),
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind { name, address: (transport, bind), error } => {
                write!(f, "transport '{name}': cannot listen on {transport} {bind}: {error}")?;
                match error.kind() {
                    io::ErrorKind::AddrInUse => {
                        f.write_str("; another program uses the port, stop it or change `bind`")
                    }
                    io::ErrorKind::AddrNotAvailable => {
                        f.write_str("; this machine has no such address, change `bind`")
                    }
                    io::ErrorKind::PermissionDenied => {
                        f.write_str("; ports below 1024 need CAP_NET_BIND_SERVICE")
                    }
                    _ => Ok(()),
                }
            }
            Self::Tls { name, error } => write!(f, "transport '{name}': {error}"),
            Self::Duplicate(name) => write!(f, "transport '{name}' exists already"),
        }
    }
}

impl std::error::Error for ListenError {}
