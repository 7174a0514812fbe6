//! A SIP user agent over secure WebSocket (RFC 7118), as a browser opens it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use sidetone_base::Transport;
use sidetone_net::tls::{ClientTls, TlsSettings};
use sidetone_ua::api::{Command, Event, RequestId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout_at;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::agent::{Account, Agent, Wants};
use crate::{Loopback, Outcome};

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n\r\n";
/// An answer to an upgrade is shorter.
const MAX_HEAD: usize = 4_096;
/// A loopback exchange that takes longer to answer is broken.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Makes connections, each with a full handshake: a browser that comes for the first time.
#[derive(Clone)]
pub struct Dialer {
    tls: TlsConnector,
    server: Loopback,
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialer").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Dialer {
    /// Connections to the HTTPS listener at `server`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(server: Loopback) -> Outcome<Self> {
        let mut config = (*ClientTls::build(&TlsSettings::default())?.config()).clone();
        config.resumption = Resumption::disabled();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), server })
    }

    /// Opens a connection and upgrades it.
    ///
    /// # Errors
    /// When the exchange refuses.
    pub async fn connect(&self, seed: u64) -> Outcome<Client> {
        let stream = TcpStream::connect(self.server.address()).await?;
        stream.set_nodelay(true)?;
        let local = Loopback::new(stream.local_addr()?)?;
        let mut stream = self.tls.connect(ServerName::try_from("localhost")?, stream).await?;
        stream.write_all(UPGRADE.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_HEAD {
            head.push(stream.read_u8().await?);
        }
        if !head.starts_with(b"HTTP/1.1 101 ") {
            return Err(format!("no WebSocket: {}", String::from_utf8_lossy(&head)).into());
        }
        let config = WebSocketConfig::default().read_buffer_size(4_096).write_buffer_size(0);
        Ok(Client {
            agent: Agent::new(Transport::Wss, local, self.server, seed),
            socket: WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await,
        })
    }
}

/// A connected user agent.
#[derive(Debug)]
pub struct Client {
    /// What speaks.
    pub agent: Agent,
    socket: WebSocketStream<TlsStream<TcpStream>>,
}

impl Client {
    /// The next event.
    ///
    /// # Errors
    /// When the connection ends or nothing happens for [`PATIENCE`].
    pub async fn next(&mut self) -> Outcome<Event> {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let deadline = match self.agent.poll() {
                Wants::Event(event) => return Ok(event),
                Wants::Send(bytes) => {
                    let text = String::from_utf8(bytes.to_vec())?;
                    self.socket.send(Message::text(text)).await?;
                    continue;
                }
                Wants::Wait(deadline) => deadline,
            };
            let wake = deadline.map_or(until, |deadline| until.min(deadline.into()));
            match timeout_at(wake, self.socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    let bytes = Bytes::copy_from_slice(text.as_bytes());
                    self.agent.receive(Instant::now(), &bytes);
                }
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(error))) => return Err(error.into()),
                Ok(None) => return Err("the exchange closed the connection".into()),
                Err(_) if tokio::time::Instant::now() >= until => {
                    return Err("the exchange did not answer in time".into());
                }
                Err(_) => self.agent.handle_timeout(Instant::now()),
            }
        }
    }

    /// Sends what waits to be sent.
    ///
    /// # Errors
    /// When the connection ended.
    pub async fn flush(&mut self) -> Outcome {
        while let Wants::Send(bytes) = self.agent.poll() {
            let text = String::from_utf8(bytes.to_vec())?;
            self.socket.send(Message::text(text)).await?;
        }
        Ok(())
    }

    /// Registers with digest.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn register(&mut self, account: &Account) -> Outcome {
        let mut request = self.agent.register(account);
        for attempt in 1..=2 {
            self.agent.command(Command::Send {
                request_id: RequestId(attempt),
                request: Box::new(request.clone()),
            });
            let response = loop {
                match self.next().await? {
                    Event::Response { response, .. } if response.status.code() >= 200 => {
                        break response;
                    }
                    Event::RequestFailed { why, .. } => {
                        return Err(format!("REGISTER failed: {why:?}").into());
                    }
                    _ => {}
                }
            };
            if response.status.code() == 200 {
                return Ok(());
            }
            let signed = self.agent.signed(&request, &response, account);
            request = signed.ok_or_else(|| format!("REGISTER: {}", response.status.code()))?;
        }
        Err("REGISTER: the password was refused".into())
    }

    /// Keeps the connection alive, answering pings, until it ends or the future is dropped.
    pub async fn idle(mut self) {
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}
