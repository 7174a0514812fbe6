//! A network in memory for tests: hosts with addresses, datagrams that are lost, delayed,
//! duplicated and reordered by a seed, streams that can be cut.
//!
//! [`crate::Net::simulated`] runs the same code as the real thing over it. On tokio's paused
//! clock with a single-threaded runtime a seed is one run.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use sidetone_base::{Random, SeededRandom};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio_util::sync::CancellationToken;

/// Datagrams that wait in one simulated socket, as in a small `SO_RCVBUF`.
const SOCKET_DEPTH: usize = 1_024;
/// Connections that wait to be accepted.
const ACCEPT_DEPTH: usize = 128;
/// Bytes under way in each direction of a stream, as in a TCP window.
const WINDOW_BYTES: usize = 65_536;

/// How the links between hosts behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Datagrams lost, in thousandths.
    pub loss_permille: u16,
    /// Datagrams that arrive twice, in thousandths.
    pub duplicate_permille: u16,
    /// Least delay of everything.
    pub delay: Duration,
    /// Random part of the delay of datagrams on top of it; this reorders them.
    pub jitter: Duration,
}

/// The network. Clones are the same network.
#[derive(Clone, Debug)]
pub struct World {
    state: Arc<Mutex<WorldState>>,
}

#[derive(Debug)]
struct WorldState {
    random: SeededRandom,
    link: Link,
    datagrams: HashMap<SocketAddr, mpsc::Sender<(Bytes, SocketAddr)>>,
    listeners: HashMap<SocketAddr, mpsc::Sender<(Stream, SocketAddr)>>,
    streams: Vec<(IpAddr, IpAddr, CancellationToken)>,
    cut: Vec<(IpAddr, IpAddr)>,
    next_port: u16,
}

impl World {
    /// A network with perfect links. The same seed gives the same losses.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let state = WorldState {
            random: SeededRandom::new(seed),
            link: Link::default(),
            datagrams: HashMap::new(),
            listeners: HashMap::new(),
            streams: Vec::new(),
            cut: Vec::new(),
            next_port: 32_768,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Changes how all links behave from now on.
    pub fn set_link(&self, link: Link) {
        self.state.lock().link = link;
    }

    /// A host with this address.
    #[must_use]
    pub fn host(&self, ip: IpAddr) -> Host {
        Host { world: self.clone(), ip }
    }

    /// Cuts two hosts from each other: their streams break, nothing gets through until
    /// [`World::heal`].
    pub fn cut(&self, one: IpAddr, other: IpAddr) {
        let mut state = self.state.lock();
        state.cut.push((one, other));
        state.streams.retain(|(a, b, token)| {
            let hit = (*a, *b) == (one, other) || (*b, *a) == (one, other);
            if hit {
                token.cancel();
            }
            !hit
        });
    }

    /// Undoes [`World::cut`].
    pub fn heal(&self, one: IpAddr, other: IpAddr) {
        self.state.lock().cut.retain(|pair| *pair != (one, other) && *pair != (other, one));
    }

    fn deliver(&self, bytes: Bytes, from: SocketAddr, to: SocketAddr) {
        let mut state = self.state.lock();
        let link = state.link;
        if state.is_cut(from.ip(), to.ip()) || state.chance(link.loss_permille) {
            return;
        }
        let copies = 1 + usize::from(state.chance(link.duplicate_permille));
        let Some(target) = state.datagrams.get(&to).cloned() else {
            return;
        };
        for _ in 0..copies {
            let (target, bytes, delay) = (target.clone(), bytes.clone(), state.delay());
            if delay.is_zero() {
                let _ = target.try_send((bytes, from));
                continue;
            }
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                // A full socket loses datagrams, as the kernel does.
                let _ = target.try_send((bytes, from));
            });
        }
    }
}

impl WorldState {
    fn is_cut(&self, one: IpAddr, other: IpAddr) -> bool {
        self.cut.iter().any(|pair| *pair == (one, other) || *pair == (other, one))
    }

    fn chance(&mut self, permille: u16) -> bool {
        permille > 0 && self.random.below(1_000) < u64::from(permille)
    }

    fn delay(&mut self) -> Duration {
        let jitter_us = u64::try_from(self.link.jitter.as_micros()).unwrap_or(u64::MAX);
        self.link.delay + Duration::from_micros(self.random.below(jitter_us.saturating_add(1)))
    }

    fn port(&mut self) -> u16 {
        self.next_port = self.next_port.checked_add(1).unwrap_or(32_768);
        self.next_port
    }
}

/// One machine of the simulated network.
#[derive(Clone, Debug)]
pub struct Host {
    world: World,
    ip: IpAddr,
}

impl Host {
    /// Its address.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    fn local(&self, bind: SocketAddr, state: &mut WorldState) -> SocketAddr {
        let port = if bind.port() == 0 { state.port() } else { bind.port() };
        SocketAddr::new(self.ip, port)
    }

    /// Opens a datagram socket at the port of `bind` (0: any), whatever its address.
    ///
    /// # Errors
    /// The port is in use.
    pub fn datagrams(&self, bind: SocketAddr) -> io::Result<Datagrams> {
        let mut state = self.world.state.lock();
        let local = self.local(bind, &mut state);
        let (sender, receiver) = mpsc::channel(SOCKET_DEPTH);
        if state.datagrams.get(&local).is_some_and(|other| !other.is_closed()) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        state.datagrams.insert(local, sender);
        Ok(Datagrams { world: self.world.clone(), local, inbox: AsyncMutex::new(receiver) })
    }

    /// Listens for streams at the port of `bind` (0: any).
    ///
    /// # Errors
    /// The port is in use.
    pub fn listener(&self, bind: SocketAddr) -> io::Result<Listener> {
        let mut state = self.world.state.lock();
        let local = self.local(bind, &mut state);
        let (sender, receiver) = mpsc::channel(ACCEPT_DEPTH);
        if state.listeners.get(&local).is_some_and(|other| !other.is_closed()) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        state.listeners.insert(local, sender);
        Ok(Listener { local, inbox: AsyncMutex::new(receiver) })
    }

    /// Connects to a listener.
    ///
    /// # Errors
    /// Nothing listens there (refused), or the hosts are cut from each other (timed out).
    pub async fn connect(&self, remote: SocketAddr) -> io::Result<Stream> {
        let (target, local, delay) = {
            let mut state = self.world.state.lock();
            if state.is_cut(self.ip, remote.ip()) {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let Some(target) = state.listeners.get(&remote).cloned() else {
                return Err(io::ErrorKind::ConnectionRefused.into());
            };
            (target, SocketAddr::new(self.ip, state.port()), state.link.delay)
        };
        tokio::time::sleep(delay).await;
        let (near, near_wire) = tokio::io::duplex(WINDOW_BYTES);
        let (far, far_wire) = tokio::io::duplex(WINDOW_BYTES);
        let cut = CancellationToken::new();
        self.world.state.lock().streams.push((self.ip, remote.ip(), cut.clone()));
        tokio::spawn(wire(near_wire, far_wire, delay, cut));
        let accepted = Stream { io: far, local: remote };
        let refused = |_| io::Error::from(io::ErrorKind::ConnectionRefused);
        target.try_send((accepted, local)).map_err(refused)?;
        Ok(Stream { io: near, local })
    }
}

/// Carries bytes both ways, each way with the link's delay, until an end closes or the cut.
async fn wire(near: DuplexStream, far: DuplexStream, delay: Duration, cut: CancellationToken) {
    let (near_in, near_out) = tokio::io::split(near);
    let (far_in, far_out) = tokio::io::split(far);
    let both = async {
        tokio::join!(carry(near_in, far_out, delay), carry(far_in, near_out, delay));
    };
    tokio::select! {
        () = both => {}
        () = cut.cancelled() => {}
    }
}

async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, delay: Duration) {
    let mut buffer = vec![0; WINDOW_BYTES];
    while let Ok(count) = from.read(&mut buffer).await {
        tokio::time::sleep(delay).await;
        if count == 0 || to.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

/// A simulated datagram socket.
#[derive(Debug)]
pub struct Datagrams {
    world: World,
    local: SocketAddr,
    inbox: AsyncMutex<mpsc::Receiver<(Bytes, SocketAddr)>>,
}

impl Datagrams {
    /// Its address.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Sends a datagram; whether it arrives is the link's affair.
    ///
    /// # Errors
    /// Never; the result has the shape of a socket's.
    pub fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.world.deliver(Bytes::copy_from_slice(bytes), self.local, to);
        Ok(bytes.len())
    }

    /// Waits for a datagram; what does not fit into the buffer is cut off.
    ///
    /// # Errors
    /// The socket was replaced by another one on the same port.
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let received = self.inbox.lock().await.recv().await;
        let (bytes, from) = received.ok_or(io::ErrorKind::NotConnected)?;
        Ok((copy(&bytes, buffer), from))
    }

    /// Takes a datagram that has arrived.
    ///
    /// # Errors
    /// `WouldBlock` when there is none.
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let mut inbox = self.inbox.try_lock().map_err(|_| io::ErrorKind::WouldBlock)?;
        let (bytes, from) = inbox.try_recv().map_err(|_| io::ErrorKind::WouldBlock)?;
        Ok((copy(&bytes, buffer), from))
    }
}

fn copy(bytes: &[u8], buffer: &mut [u8]) -> usize {
    let count = bytes.len().min(buffer.len());
    buffer[..count].copy_from_slice(&bytes[..count]);
    count
}

/// A simulated listening socket.
#[derive(Debug)]
pub struct Listener {
    local: SocketAddr,
    inbox: AsyncMutex<mpsc::Receiver<(Stream, SocketAddr)>>,
}

impl Listener {
    /// Its address.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// The listener was replaced by another one on the same port.
    pub async fn accept(&self) -> io::Result<(Stream, SocketAddr)> {
        let accepted = self.inbox.lock().await.recv().await;
        accepted.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

/// One end of a simulated connection.
#[derive(Debug)]
pub struct Stream {
    io: DuplexStream,
    local: SocketAddr,
}

impl Stream {
    /// Its own address.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
