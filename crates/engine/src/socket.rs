//! The seam between a worker and its sockets. Production uses [`crate::os::EpollSockets`], the
//! simulation [`crate::sim`]; the worker's code is the same.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use sidetone_media::{Outbox, PathId};

/// Datagrams taken in one batch. At 50 packets a second and leg a worker with 1,000 legs sees 50
/// in a millisecond; more legs make longer batches, and 64 keep a turn under 1 ms.
pub const BATCH: usize = 64;
/// Room for one datagram. Larger ones are cut by the kernel and then fail their checks: nothing
/// in RTP, RTCP, STUN or DTLS over the Internet exceeds an Ethernet frame.
pub const DATAGRAM_LEN: usize = 2048;

/// What a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketUse {
    /// Many legs on one port; says for each datagram to which of our addresses it came.
    Shared,
    /// One leg, bound to one address.
    Leg,
}

/// Where a datagram of a batch came from and how long it is.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    /// The socket.
    pub path: PathId,
    /// Our address it was sent to.
    pub local: SocketAddr,
    /// The sender.
    pub source: SocketAddr,
    /// Bytes.
    pub len: usize,
}

/// A reusable batch of received datagrams. Space is allocated once.
#[derive(Debug)]
pub struct Batch {
    pub(crate) received: Vec<Received>,
    pub(crate) buffers: Vec<[u8; DATAGRAM_LEN]>,
}

impl Default for Batch {
    fn default() -> Self {
        Self { received: Vec::with_capacity(BATCH), buffers: vec![[0; DATAGRAM_LEN]; BATCH] }
    }
}

impl Batch {
    /// Room left.
    #[must_use]
    pub fn room(&self) -> usize {
        BATCH - self.received.len()
    }

    /// Adds a datagram by copying it; what does not fit is cut.
    pub fn push(&mut self, path: PathId, local: SocketAddr, source: SocketAddr, bytes: &[u8]) {
        let Some(buffer) = self.buffers.get_mut(self.received.len()) else {
            return;
        };
        let len = bytes.len().min(DATAGRAM_LEN);
        if let (Some(room), Some(bytes)) = (buffer.get_mut(..len), bytes.get(..len)) {
            room.copy_from_slice(bytes);
            self.received.push(Received { path, local, source, len });
        }
    }
}

/// All sockets of one worker. Sending is [`Outbox::send`].
pub trait MediaSocket: Outbox {
    /// Binds a socket; port 0 is not used.
    ///
    /// # Errors
    /// What the operating system says.
    fn bind(&mut self, address: SocketAddr, socket_use: SocketUse) -> io::Result<PathId>;

    /// What a socket is bound to.
    fn address(&self, path: PathId) -> Option<SocketAddr>;

    /// Closes a socket.
    fn close(&mut self, path: PathId);

    /// Addresses of this host's interfaces, in any order.
    fn interfaces(&mut self, now: Instant) -> Vec<IpAddr>;

    /// The address this host uses towards a peer.
    fn source_towards(&mut self, peer: IpAddr) -> Option<IpAddr>;

    /// Sockets of single legs that have something to receive, as far as known.
    fn upcoming(&self) -> &[PathId];

    /// Fills the batch from one socket without waiting; empty when nothing is left. A socket of a
    /// single leg gives one datagram at a time: what the kernel touched to receive it is still in
    /// the cache when the answer is sent.
    fn receive(&mut self, batch: &mut Batch);

    /// Sleeps until something arrives, a command comes, or the time is over; `None` waits without
    /// limit.
    fn wait(&mut self, limit: Option<Duration>);

    /// Hears after each turn when it began and how many datagrams it took. (There is no default,
    /// which a layer that wraps sockets could forget to pass on.)
    fn note_turn(&mut self, now: Instant, datagrams: usize);

    /// How many sockets are open.
    fn sockets(&self) -> usize;
}
