//! Being reachable from behind a NAT: what a STUN server sees of a socket ([`Binding`]), and an
//! address on a TURN server that stands for one of ours ([`Relay`]).
//!
//! Beside a call's walk, never on it: the engine keeps both up to date in the background, so that
//! an INVITE finds the answers ready and waits for nothing (FAQ-06). Pure machines: the engine and
//! the monitor own the sockets and the time.
//!
//! Deliberately absent: ICE itself (`media`), STUN as a keep-alive of SIP flows (`net`), TCP
//! allocations (RFC 6062), and redirection by ALTERNATE-SERVER, which is reported instead.

#![forbid(unsafe_code)]

pub mod binding;
pub mod credentials;
pub mod fuzz;
pub mod handout;
pub mod message;
mod peers;
pub mod relay;
mod transaction;

pub use binding::{Binding, BindingNews, Health};
pub use credentials::Credentials;
pub use message::Message;
pub use relay::{Relay, RelayNews};
