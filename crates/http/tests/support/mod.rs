//! A server on the loopback interface and clients of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use rustls::pki_types::ServerName;
use sidetone_http::{HttpServer, HttpSettings, HttpsSettings, Pages};
use sidetone_net::selfsigned::{self, SelfSigned, SelfSignedRequest};
use sidetone_net::tls::{ClientTls, TlsSettings};
use sidetone_net::{Net, NetEvent, NetSettings};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
pub(crate) const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

pub(crate) struct World {
    pub(crate) server: HttpServer,
    pub(crate) net: Net,
    pub(crate) events: mpsc::Receiver<NetEvent>,
}

impl World {
    pub(crate) async fn new(settings: HttpSettings) -> Self {
        Self::with(settings, NetSettings::default(), Pages::default()).await
    }

    pub(crate) async fn with(settings: HttpSettings, net: NetSettings, pages: Pages) -> Self {
        let (sender, events) = mpsc::channel(4_096);
        let net = Net::new(net, sender);
        let server = HttpServer::start(settings, net.clone(), pages).await.unwrap();
        Self { server, net, events }
    }

    pub(crate) fn http(&self) -> SocketAddr {
        self.server.http_address().unwrap()
    }

    pub(crate) fn https(&self) -> SocketAddr {
        self.server.https_address().unwrap()
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.http()).await.unwrap()
    }

    /// The whole answer to one request on a connection of its own.
    pub(crate) async fn ask(&self, request: &str) -> Answer {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        Answer::read(&mut stream).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await
    }

    pub(crate) async fn websocket(&self, path: &str, protocol: &str) -> WebSocketStream<TcpStream> {
        upgrade(self.connect().await, path, protocol).await
    }

    pub(crate) async fn secure_websocket(
        &self,
        tls: &ClientTls,
        protocol: &str,
    ) -> WebSocketStream<TlsStream<TcpStream>> {
        upgrade(secure(tls, self.https()).await, "/ws", protocol).await
    }
}

pub(crate) async fn secure(tls: &ClientTls, to: SocketAddr) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(to).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(tls.config()).connect(name, stream).await.unwrap()
}

pub(crate) async fn upgrade<S>(mut stream: S, path: &str, protocol: &str) -> WebSocketStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(upgrade_request(path, protocol).as_bytes()).await.unwrap();
    let answer = Answer::read_head(&mut stream).await;
    assert_eq!(answer.status, 101, "{answer:?}");
    assert_eq!(answer.header("sec-websocket-protocol"), Some(protocol));
    assert_eq!(answer.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    let config = WebSocketConfig::default().read_buffer_size(1_024).write_buffer_size(0);
    WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await
}

pub(crate) fn upgrade_request(path: &str, protocol: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
         Connection: keep-alive, Upgrade\r\n{KEY}Sec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: {protocol}\r\n\r\n"
    )
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> Self {
        let mut head = Vec::new();
        let read = async {
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
        };
        timeout(PATIENCE, read).await.expect("an answer in time");
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        Self { status, head, body: Bytes::new() }
    }

    pub(crate) async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Self {
        let mut answer = Self::read_head(stream).await;
        if let Some(length) = answer.header("content-length") {
            let mut body = vec![0; length.parse().unwrap()];
            timeout(PATIENCE, stream.read_exact(&mut body)).await.unwrap().unwrap();
            answer.body = body.into();
        }
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub(crate) fn clear() -> HttpSettings {
    HttpSettings {
        bind: Some("127.0.0.1:0".parse().unwrap()),
        server_name: "bench".into(),
        ..HttpSettings::default()
    }
}

pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("sidetone-http-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub(crate) fn certificate(name: &str) -> SelfSigned {
    let request = SelfSignedRequest::for_this_host(&folder(name));
    selfsigned::ensure(&request, SystemTime::now()).unwrap()
}

/// Clear and TLS listeners with a certificate of their own, and a client that takes it.
pub(crate) fn both(name: &str) -> (HttpSettings, ClientTls) {
    let made = certificate(name);
    let tls = TlsSettings {
        cert_file: Some(made.cert_file),
        key_file: Some(made.key_file),
        ..TlsSettings::default()
    };
    let client = ClientTls::build(&TlsSettings::default()).unwrap();
    let bind = "127.0.0.1:0".parse().unwrap();
    (HttpSettings { tls: Some(HttpsSettings { bind, tls }), ..clear() }, client)
}

/// What was logged on this thread.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn capture(&self) -> tracing::subscriber::DefaultGuard {
        let writer = self.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        tracing::subscriber::set_default(subscriber)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
