//! The seam to the sockets: which socket a datagram came in on or goes out by, as plain numbers
//! that `engine` gives out and understands.

use std::net::{IpAddr, SocketAddr};

/// One bound socket of the worker. The media crate only carries the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PathId(pub u32);

/// A local address that a leg can receive on and send from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// The interface's address and the socket's port, never a wildcard.
    pub address: SocketAddr,
    /// The socket bound there.
    pub path: PathId,
}

/// Takes datagrams that leave. Called in the middle of a packet's way, so that nothing is copied
/// or queued: the worker writes to the socket at once.
pub trait Outbox {
    /// Sends one datagram from `from` (a wildcard socket has many) to `to`. Failure is the
    /// network's business: an unreachable candidate must not end a call.
    fn send(&mut self, path: PathId, from: IpAddr, to: SocketAddr, datagram: &[u8]);
}

/// Collects what is sent; for tests and simulation.
#[derive(Clone, Debug, Default)]
pub struct Collected(pub Vec<(PathId, IpAddr, SocketAddr, Vec<u8>)>);

impl Outbox for Collected {
    fn send(&mut self, path: PathId, from: IpAddr, to: SocketAddr, datagram: &[u8]) {
        self.0.push((path, from, to, datagram.to_vec()));
    }
}
