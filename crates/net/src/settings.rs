//! Settings of the transports: limits, timeouts and what a listener is. Every number has its
//! reason beside it; all of them are configuration.

use std::net::SocketAddr;
use std::time::Duration;

use sidetone_base::Transport;

use crate::tls::TlsSettings;

/// Limits and timeouts that hold for all flows of a [`crate::Net`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetSettings {
    /// Connections (TCP, TLS, WS, WSS) at the same time. 25,000 × 25 KiB is 625 MiB: what a node
    /// of 1 GiB can hold. Further connections are closed at once and counted.
    pub max_connections: usize,
    /// Connections of one source (an IPv4 address, an IPv6 /64) that have not carried a valid SIP
    /// message yet. Large enough for an office behind one address that reconnects at once.
    pub max_unproven_per_source: usize,
    /// A connection over which no complete SIP message came within this time is closed: 64 × T1,
    /// the longest a transaction lives (RFC 3261 timer D).
    pub request_deadline: Duration,
    /// The largest SIP message over a stream or WebSocket, in bytes. UDP cannot carry more either.
    pub max_message_bytes: usize,
    /// Messages that wait to be written to one connection. A proxy may write hundreds of requests
    /// at once, and over a stream nobody repeats an answer that is lost here; a peer that has not
    /// read 1,024 messages is gone or hostile. Room is taken as it is used.
    pub out_queue_depth: usize,
    /// How long opening a connection may take, TLS included. Below timer B (32 s), so that the
    /// next address can be tried within one transaction.
    pub connect_timeout: Duration,
    /// How long a TLS handshake of an accepted connection may take.
    pub handshake_timeout: Duration,
    /// TLS handshakes of accepted connections going on at the same time; each costs up to 1 ms
    /// of CPU. Further connections wait in the accept queue of the kernel.
    pub max_handshakes: usize,
    /// How long one write to a TCP or TLS peer may stall before the connection is dropped.
    pub stream_write_timeout: Duration,
    /// Silence of ours after which a TCP or TLS connection that we opened carries a keep-alive,
    /// `keep_alive_interval`; `None` for never. RFC 5626 §4.4.1 wants less than two minutes.
    pub keep_alive_interval: Option<Duration>,
    /// Time between pings of the server on WebSocket flows: below the 30 s after which common
    /// proxies and mobile NATs forget a silent connection.
    pub websocket_ping_interval: Duration,
    /// A WebSocket whose peer sent nothing at all (not even a pong) for this long after a ping is
    /// closed.
    pub websocket_pong_timeout: Duration,
    /// How long one write to a WebSocket client may stall: `websocket_write_timeout`, 100 ms.
    pub websocket_write_timeout: Duration,
    /// UDP flows (pairs of socket and remote address) remembered at the same time, ≈ 350 bytes
    /// each. A full table forgets idle flows; when none is idle, new sources are refused.
    pub max_udp_flows: usize,
    /// An unmarked UDP flow is forgotten after this long without a datagram either way: longer
    /// than a ringing INVITE is silent.
    pub udp_flow_idle: Duration,
    /// The same for flows marked with [`crate::Net::mark_used`]: twice the usual registration
    /// time of 3,600 s.
    pub udp_used_flow_idle: Duration,
    /// `SO_RCVBUF` asked for each UDP socket, in bytes: about 4,000 waiting INVITEs. The kernel
    /// caps it at `net.core.rmem_max`.
    pub udp_receive_buffer: usize,
}

impl Default for NetSettings {
    fn default() -> Self {
        Self {
            max_connections: 25_000,
            max_unproven_per_source: 1_000,
            request_deadline: Duration::from_secs(32),
            max_message_bytes: 65_536,
            out_queue_depth: 1_024,
            connect_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            max_handshakes: 512,
            stream_write_timeout: Duration::from_secs(5),
            keep_alive_interval: Some(Duration::from_secs(90)),
            websocket_ping_interval: Duration::from_secs(25),
            websocket_pong_timeout: Duration::from_secs(20),
            websocket_write_timeout: Duration::from_millis(100),
            max_udp_flows: 65_536,
            udp_flow_idle: Duration::from_secs(300),
            udp_used_flow_idle: Duration::from_secs(7_200),
            udp_receive_buffer: 4 << 20,
        }
    }
}

/// One listening socket of the configuration (`type=transport`).
#[derive(Clone, Debug)]
pub struct ListenerSpec {
    /// The name in the configuration, unique among listeners.
    pub name: String,
    /// What is spoken.
    pub protocol: Protocol,
    /// Where to listen; port 0 lets the system choose.
    pub bind: SocketAddr,
    /// The IP type-of-service byte of what is sent (`tos`), when set.
    pub tos: Option<u8>,
    /// The priority of what is sent (`cos`, 0–7, 802.1p), when set.
    pub cos: Option<u8>,
    /// TCP keep-alive probes of connections (`tcp_keepalive_…`); none unless they are asked for.
    pub keepalive: Option<TcpKeepalive>,
}

impl ListenerSpec {
    /// A listener with no type of service, no priority and no probes.
    #[must_use]
    pub fn new(name: &str, protocol: Protocol, bind: SocketAddr) -> Self {
        Self { name: name.to_owned(), protocol, bind, tos: None, cos: None, keepalive: None }
    }
}

/// What a listener speaks. WebSockets are accepted by the HTTP server, which hands them over with
/// [`crate::Net::adopt_websocket`].
#[derive(Clone, Debug)]
pub enum Protocol {
    /// Datagrams.
    Udp,
    /// Streams in clear.
    Tcp,
    /// Streams over TLS; connections that are dialled use the same settings as client.
    Tls(Box<TlsSettings>),
}

impl Protocol {
    /// The transport of the listener's flows.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self {
            Self::Udp => Transport::Udp,
            Self::Tcp => Transport::Tcp,
            Self::Tls(_) => Transport::Tls,
        }
    }
}

/// Probes by which the kernel finds dead TCP peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpKeepalive {
    /// Silence before the first probe.
    pub idle: Duration,
    /// Time between probes.
    pub interval: Duration,
    /// Unanswered probes before the connection is reset.
    pub probes: u32,
}
