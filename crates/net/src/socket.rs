//! Sockets of the system or of the simulation behind one face, so that everything above them is
//! the same code in both.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use sidetone_base::Transport;
use socket2::{Domain, Protocol as SocketProtocol, SockRef, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};

use crate::settings::{ListenerSpec, TcpKeepalive};
use crate::sim;

/// Connections that wait to be accepted: what a reconnect storm of 1,000 clients needs.
const ACCEPT_QUEUE: i32 = 1_024;

/// Where sockets come from.
#[derive(Clone, Debug)]
pub(crate) enum Sockets {
    System,
    Simulated(sim::Host),
}

/// A datagram socket.
#[derive(Debug)]
pub(crate) enum Datagrams {
    System(UdpSocket),
    Simulated(sim::Datagrams),
}

/// A listening stream socket.
#[derive(Debug)]
pub(crate) enum Listener {
    System(TcpListener),
    Simulated(sim::Listener),
}

/// A connected stream.
#[derive(Debug)]
pub(crate) enum Stream {
    System(TcpStream),
    Simulated(sim::Stream),
}

impl Sockets {
    pub(crate) fn datagrams(
        &self,
        spec: &ListenerSpec,
        receive_buffer: usize,
    ) -> io::Result<Datagrams> {
        match self {
            Self::Simulated(host) => Ok(Datagrams::Simulated(host.datagrams(spec.bind)?)),
            Self::System => {
                let socket = open(spec.bind, Type::DGRAM, SocketProtocol::UDP)?;
                // A smaller buffer than asked for is no reason not to start.
                let _ = socket.set_recv_buffer_size(receive_buffer);
                mark(SockRef::from(&socket), spec);
                socket.bind(&spec.bind.into())?;
                Ok(Datagrams::System(UdpSocket::from_std(socket.into())?))
            }
        }
    }

    pub(crate) fn listener(&self, spec: &ListenerSpec) -> io::Result<Listener> {
        match self {
            Self::Simulated(host) => Ok(Listener::Simulated(host.listener(spec.bind)?)),
            Self::System => {
                let socket = open(spec.bind, Type::STREAM, SocketProtocol::TCP)?;
                socket.set_reuse_address(true)?;
                mark(SockRef::from(&socket), spec);
                socket.bind(&spec.bind.into())?;
                socket.listen(ACCEPT_QUEUE)?;
                Ok(Listener::System(TcpListener::from_std(socket.into())?))
            }
        }
    }

    /// Connects from the listener's address, so that firewalls and peers see the known one.
    pub(crate) async fn connect(
        &self,
        spec: &ListenerSpec,
        remote: SocketAddr,
    ) -> io::Result<Stream> {
        match self {
            Self::Simulated(host) => Ok(Stream::Simulated(host.connect(remote).await?)),
            Self::System => {
                let socket =
                    if remote.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
                mark(SockRef::from(&socket), spec);
                if !spec.bind.ip().is_unspecified() {
                    socket.bind(SocketAddr::new(spec.bind.ip(), 0))?;
                }
                let stream = socket.connect(remote).await?;
                prepare(&stream, spec.keepalive);
                Ok(Stream::System(stream))
            }
        }
    }

    /// The address from which the system would reach `remote`. No packet is sent.
    pub(crate) fn source_towards(&self, remote: SocketAddr) -> Option<std::net::IpAddr> {
        match self {
            Self::Simulated(host) => Some(host.ip()),
            Self::System => {
                let any: SocketAddr = if remote.is_ipv4() {
                    ([0, 0, 0, 0], 0).into()
                } else {
                    (std::net::Ipv6Addr::UNSPECIFIED, 0).into()
                };
                let probe = std::net::UdpSocket::bind(any).ok()?;
                probe.connect(remote).ok()?;
                probe.local_addr().ok().map(|address| address.ip())
            }
        }
    }
}

fn open(bind: SocketAddr, kind: Type, protocol: SocketProtocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(bind), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    if bind.is_ipv6() {
        // An IPv4 listener may exist beside it, and addresses are never shown as ::ffff:…
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

/// Sets type of service and priority. They are wishes: a container may refuse them.
fn mark(socket: SockRef<'_>, spec: &ListenerSpec) {
    let tos = spec.tos.map(|tos| {
        if spec.bind.is_ipv4() {
            socket.set_tos_v4(u32::from(tos))
        } else {
            socket.set_tclass_v6(u32::from(tos))
        }
    });
    let cos = spec.cos.map(|cos| socket.set_priority(u32::from(cos)));
    for (option, result) in [("tos", tos), ("cos", cos)] {
        if let Some(Err(error)) = result {
            tracing::warn!("transport '{}': {option} cannot be set: {error}", spec.name);
        }
    }
}

fn prepare(stream: &TcpStream, keepalive: Option<TcpKeepalive>) {
    // SIP messages are small and complete: waiting for more to send only adds delay.
    let _ = stream.set_nodelay(true);
    if let Some(keepalive) = keepalive {
        let probes = socket2::TcpKeepalive::new()
            .with_time(keepalive.idle)
            .with_interval(keepalive.interval)
            .with_retries(keepalive.probes);
        let _ = SockRef::from(stream).set_tcp_keepalive(&probes);
    }
}

impl Datagrams {
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::System(socket) => socket.local_addr(),
            Self::Simulated(socket) => Ok(socket.local_addr()),
        }
    }

    pub(crate) async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match self {
            Self::System(socket) => socket.recv_from(buffer).await,
            Self::Simulated(socket) => socket.recv_from(buffer).await,
        }
    }

    pub(crate) fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match self {
            Self::System(socket) => socket.try_recv_from(buffer),
            Self::Simulated(socket) => socket.try_recv_from(buffer),
        }
    }

    pub(crate) fn try_send_to(&self, bytes: &[u8], remote: SocketAddr) -> io::Result<usize> {
        match self {
            // Not tokio's `try_send_to`: it refuses until the reactor has seen the socket once,
            // so that the first datagrams of a new listener would be lost.
            Self::System(socket) => SockRef::from(socket).send_to(bytes, &remote.into()),
            Self::Simulated(socket) => socket.send_to(bytes, remote),
        }
    }
}

impl Listener {
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::System(listener) => listener.local_addr(),
            Self::Simulated(listener) => Ok(listener.local_addr()),
        }
    }

    pub(crate) async fn accept(
        &self,
        keepalive: Option<TcpKeepalive>,
    ) -> io::Result<(Stream, SocketAddr)> {
        match self {
            Self::System(listener) => {
                let (stream, remote) = listener.accept().await?;
                prepare(&stream, keepalive);
                Ok((Stream::System(stream), remote))
            }
            Self::Simulated(listener) => {
                let (stream, remote) = listener.accept().await?;
                Ok((Stream::Simulated(stream), remote))
            }
        }
    }
}

impl Stream {
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::System(stream) => stream.local_addr(),
            Self::Simulated(stream) => Ok(stream.local_addr()),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::System(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Simulated(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::System(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Simulated(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::System(stream) => Pin::new(stream).poll_flush(cx),
            Self::Simulated(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::System(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Simulated(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// Whether an address of ours may serve a remote one: same family, loopback only to loopback.
pub(crate) fn reaches(local: SocketAddr, remote: SocketAddr) -> bool {
    local.is_ipv4() == remote.is_ipv4()
        && (local.ip().is_unspecified() || local.ip().is_loopback() == remote.ip().is_loopback())
}

/// A transport that runs over accepted streams of ours.
pub(crate) fn is_stream(transport: Transport) -> bool {
    matches!(transport, Transport::Tcp | Transport::Tls)
}
