//! A TURN server that is reached over TCP or TLS (RFC 8656 §2.1), for media workers that speak
//! datagrams only: the near end of a tunnel is a UDP socket on the loopback interface, which looks
//! to the worker like the server itself. The messages say how long they are, so nothing is added.
//!
//! A thread of its own with its own runtime carries each tunnel: media never waits for signalling.
//! When the connection breaks the worker gets one empty datagram, since the server has forgotten
//! the allocation; the next datagram from the worker makes a new connection.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::tls::{ClientTls, TlsSettings};

/// How long a connection and its handshake may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a write may take before the connection counts as dead: media is late long before.
const WRITE: Duration = Duration::from_secs(5);
/// After a failure nothing is tried for this long.
const REST: Duration = Duration::from_secs(5);
/// Largest message: a datagram of media, wrapped.
const MESSAGE: usize = 4_096;
/// Bytes read at once.
const READ: usize = 16 * 1_024;

/// Where a tunnel leads.
#[derive(Clone, Debug)]
pub struct TunnelSettings {
    /// The server.
    pub server: SocketAddr,
    /// Its name, for TLS.
    pub name: String,
    /// TLS; `None` is TCP in clear.
    pub tls: Option<TlsSettings>,
}

/// An open tunnel. Dropping it closes it.
#[derive(Debug)]
pub struct Tunnel {
    near: SocketAddr,
    _close: oneshot::Sender<()>,
}

impl Tunnel {
    /// Opens the near end; the connection is made when the worker speaks.
    ///
    /// # Errors
    /// When the TLS settings are wrong, or there is no socket or thread to be had.
    pub fn open(settings: &TunnelSettings) -> io::Result<Self> {
        let tls = match &settings.tls {
            Some(tls) => {
                let client = ClientTls::build(tls).map_err(io::Error::other)?;
                let name = ServerName::try_from(settings.name.clone()).map_err(io::Error::other)?;
                Some((TlsConnector::from(client.config()), name))
            }
            None => None,
        };
        let near = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        near.set_nonblocking(true)?;
        let address = near.local_addr()?;
        let (close, closed) = oneshot::channel();
        let server = settings.server;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("turn-tunnel".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let Ok(near) = UdpSocket::from_std(near) else { return };
                let run = run(Arc::new(near), server, tls);
                tokio::select! {
                    () = run => {}
                    _ = closed => {}
                }
            });
        })?;
        Ok(Self { near: address, _close: close })
    }

    /// Where the worker sends to.
    #[must_use]
    pub fn near(&self) -> SocketAddr {
        self.near
    }
}

type Tls = Option<(TlsConnector, ServerName<'static>)>;

async fn run(near: Arc<UdpSocket>, server: SocketAddr, tls: Tls) {
    let mut first = vec![0; MESSAGE];
    loop {
        let Ok((len, worker)) = near.recv_from(&mut first).await else { return };
        if worker.ip() != IpAddr::from(Ipv4Addr::LOCALHOST) {
            continue;
        }
        let message = first.get(..len).unwrap_or_default();
        let why = match timeout(CONNECT, connect(server, tls.as_ref())).await {
            Ok(Ok(stream)) => carry(&near, worker, stream, message).await,
            Ok(Err(error)) => error,
            Err(_) => io::Error::other("no connection within 10 seconds"),
        };
        tracing::info!("TURN server {server}: {why}");
        // Failure is the worker's to notice: an empty datagram says so.
        let _ = near.send_to(&[], worker).await;
        tokio::time::sleep(REST).await;
        // What was said meanwhile was said to a connection that is gone.
        while near.try_recv_from(&mut first).is_ok() {}
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn connect(
    server: SocketAddr,
    tls: Option<&(TlsConnector, ServerName<'static>)>,
) -> io::Result<Box<dyn Stream>> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    Ok(match tls {
        Some((connector, name)) => Box::new(connector.connect(name.clone(), stream).await?),
        None => Box::new(stream),
    })
}

/// Carries messages both ways until one side is gone; says why.
async fn carry(
    near: &UdpSocket,
    worker: SocketAddr,
    stream: Box<dyn Stream>,
    first: &[u8],
) -> io::Error {
    let (mut from_server, mut to_server) = tokio::io::split(stream);
    let outwards = async {
        let mut buffer = vec![0; MESSAGE];
        let mut message = first.to_vec();
        loop {
            message.resize(message.len().next_multiple_of(4), 0);
            match timeout(WRITE, to_server.write_all(&message)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return error,
                Err(_) => return io::Error::other("it takes no more data"),
            }
            if let Err(error) = to_server.flush().await {
                return error;
            }
            loop {
                match near.recv_from(&mut buffer).await {
                    // Nobody else on this host speaks through our allocation.
                    Ok((_, source)) if source != worker => {}
                    Ok((len, _)) => {
                        message.clear();
                        message.extend_from_slice(buffer.get(..len).unwrap_or_default());
                        break;
                    }
                    Err(error) => return error,
                }
            }
        }
    };
    let inwards = async {
        let mut gathered = Vec::with_capacity(READ);
        let mut buffer = vec![0; READ];
        loop {
            match from_server.read(&mut buffer).await {
                Ok(0) => return io::Error::other("it closed the connection"),
                Ok(len) => gathered.extend_from_slice(buffer.get(..len).unwrap_or_default()),
                Err(error) => return error,
            }
            let mut at = 0;
            while let Some(rest) = gathered.get(at..) {
                match message_length(rest) {
                    Length::Unknown => break,
                    Length::Never => return io::Error::other("it sends what is not TURN"),
                    Length::Known(len) => {
                        let message = rest.get(..len).unwrap_or_default();
                        // A worker that is gone closes the tunnel.
                        let _ = near.send_to(message, worker).await;
                        at += len;
                    }
                }
            }
            gathered.drain(..at);
        }
    };
    tokio::select! {
        why = outwards => why,
        why = inwards => why,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Length {
    /// Read more.
    Unknown,
    /// The message with its padding.
    Known(usize),
    /// Neither STUN nor ChannelData.
    Never,
}

/// How long the message at the start is (RFC 8489 §6.2.2, RFC 8656 §12.5).
fn message_length(bytes: &[u8]) -> Length {
    let Some(head) = bytes.get(..4) else { return Length::Unknown };
    let announced = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let len = match head[0] >> 6 {
        0 => 20 + announced,
        1 => 4 + announced.next_multiple_of(4),
        _ => return Length::Never,
    };
    if len > MESSAGE {
        Length::Never
    } else if bytes.len() < len {
        Length::Unknown
    } else {
        Length::Known(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_where_they_end() {
        assert_eq!(message_length(&[0x40, 0, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0]), Length::Known(12));
        assert_eq!(message_length(&[0x40, 0, 0, 5, 1, 2, 3, 4, 5]), Length::Unknown);
        assert_eq!(message_length(&[1, 1, 0, 0]), Length::Unknown);
        assert_eq!(message_length(&[1; 3]), Length::Unknown);
        assert_eq!(message_length(&[0x80, 0, 0, 0]), Length::Never);
        assert_eq!(message_length(&[0x40, 0, 0xff, 0xff]), Length::Never);
    }

    #[tokio::test]
    async fn datagrams_travel_over_a_connection_and_its_end_is_told() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        let settings = TunnelSettings { server, name: String::new(), tls: None };
        let tunnel = Tunnel::open(&settings).unwrap();
        let worker = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        worker.send_to(&[0x40, 0, 0, 3, 1, 2, 3], tunnel.near()).await.unwrap();
        let (mut far, _) = listener.accept().await.unwrap();
        let mut heard = [0; 8];
        far.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, [0x40, 0, 0, 3, 1, 2, 3, 0]);
        // Two messages in three pieces come as two datagrams.
        for piece in [&[0x40, 0, 0][..], &[2, 7, 8, 0, 0, 0x40, 0, 0, 4][..], &[1, 2, 3, 4][..]] {
            far.write_all(piece).await.unwrap();
            far.flush().await.unwrap();
        }
        let mut datagram = [0; 64];
        for expected in [8, 8] {
            let (len, from) = worker.recv_from(&mut datagram).await.unwrap();
            assert_eq!((len, from), (expected, tunnel.near()));
        }
        drop(far);
        let (len, _) = worker.recv_from(&mut datagram).await.unwrap();
        assert_eq!(len, 0);
    }
}
