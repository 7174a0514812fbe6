//! Signalling flows: complete SIP messages over UDP, TCP, TLS, WS and WSS (RFC 3261 §18,
//! RFC 7118), with keep-alive answers (RFC 5626), limits and counters.
//!
//! First and last step of the walk of a call: bytes come in here as [`NetEvent::Message`] and go
//! out with [`Net::send`]. This crate knows where a message ends and nothing of what it means; it
//! does not resolve names and holds no transaction.

#![forbid(unsafe_code)]

mod complaints;
mod counters;
mod edges;
pub mod event;
mod flow;
#[doc(hidden)]
pub mod fuzz;
mod net;
pub mod random;
pub mod selfsigned;
pub mod settings;
pub mod sim;
mod socket;
mod splitter;
mod start_line;
mod stream;
mod stun;
pub mod tls;
pub mod tunnel;
mod udp;
mod websocket;

pub use complaints::Complaints;
pub use counters::NetCounters;
pub use edges::Edges;
pub use event::{CloseReason, Inbound, ListenError, MESSAGES_AT_ONCE, NetEvent, SendError, Turn};
pub use flow::{FlowInfo, FlowOrigin, source_of};
pub use net::{FlowCount, ListenerInfo, Net, Route, UpgradedWebSocket};
pub use random::system_random;
pub use settings::{ListenerSpec, NetSettings, Protocol, TcpKeepalive};
pub use tunnel::{Tunnel, TunnelSettings};
pub use websocket::{close_websocket, websocket_config};
