//! Signalling flows as values: which transport, from where to where.

use std::fmt;
use std::net::SocketAddr;

use crate::FlowId;

/// A SIP transport (RFC 3261 §18, RFC 7118).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// Stream over TCP.
    Tcp,
    /// Stream over TLS.
    Tls,
    /// Datagrams over UDP.
    Udp,
    /// One SIP message per WebSocket message, in clear (RFC 7118).
    Ws,
    /// One SIP message per WebSocket message over TLS (RFC 7118).
    Wss,
}

impl Transport {
    /// The word in a Via header: `UDP`, `TCP`, `TLS`, `WS`, `WSS`.
    #[must_use]
    pub fn via_name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Udp => "UDP",
            Self::Ws => "WS",
            Self::Wss => "WSS",
        }
    }

    /// The word in a `transport=` URI parameter and in configuration: lower case.
    #[must_use]
    pub fn param_name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Udp => "udp",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    /// Reads the word of a Via header, URI parameter or configuration value, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Tcp, Self::Tls, Self::Udp, Self::Ws, Self::Wss]
            .into_iter()
            .find(|t| name.eq_ignore_ascii_case(t.param_name()))
    }

    /// Whether the transport itself retransmits, so that SIP timers A, E and G stay off
    /// (RFC 3261 §17.1.1.2).
    #[must_use]
    pub fn is_reliable(self) -> bool {
        self != Self::Udp
    }

    /// Whether the hop is encrypted.
    #[must_use]
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }

    /// The port assumed when a URI names none (RFC 3261 §19.1.2, RFC 7118 §7).
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Tcp | Self::Udp => 5060,
            Self::Tls => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.via_name())
    }
}

/// A flow as it is known above the sockets. For UDP a flow is a pair of our socket and one remote
/// address; its id is stable while the pair is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// Which flow.
    pub id: FlowId,
    /// Over which transport.
    pub transport: Transport,
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's address and port as seen by our socket.
    pub remote: SocketAddr,
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// Over an existing flow, and nowhere else (browsers cannot be dialled).
    Flow(FlowId),
    /// To an address: an existing flow to it is reused, otherwise one is opened.
    Address {
        /// Over which transport.
        transport: Transport,
        /// To which address and port.
        remote: SocketAddr,
    },
}
