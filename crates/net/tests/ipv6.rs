//! TLS, WebSockets and WebSockets over TLS on IPv6. UDP is beside its test on IPv4.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::ServerName;
use sidetone_base::{Destination, Transport};
use sidetone_net::selfsigned::{self, SelfSigned, SelfSignedRequest};
use sidetone_net::tls::{ClientTls, ServerTls, ServerVerification, TlsGate, TlsSettings};
use sidetone_net::{
    Inbound, ListenerSpec, Net, NetEvent, NetSettings, Protocol, Route, UpgradedWebSocket,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n";
const OK: &str = "SIP/2.0 200 OK\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(5);

/// A port of `::1`; none where the machine has no IPv6, and then there is nothing to test.
async fn listener() -> Option<TcpListener> {
    let listener = TcpListener::bind("[::1]:0").await;
    if listener.is_err() {
        eprintln!("skipped: this machine has no ::1");
    }
    listener.ok()
}

/// A certificate for `::1` and this host's other names, in a folder of its own.
fn certificate(name: &str) -> (TlsSettings, PathBuf) {
    let folder = std::env::temp_dir().join(format!("sidetone-ipv6-{name}-{}", std::process::id()));
    let request = SelfSignedRequest::for_this_host(&folder);
    let made: SelfSigned = selfsigned::ensure(&request, SystemTime::now()).unwrap();
    let settings = TlsSettings {
        cert_file: Some(made.cert_file),
        key_file: Some(made.key_file),
        ca_list_file: Some(made.ca_file),
        server_verification: ServerVerification::On,
        ..TlsSettings::default()
    };
    (settings, folder)
}

struct Node {
    net: Net,
    events: mpsc::Receiver<NetEvent>,
}

impl Node {
    fn new() -> Self {
        let (sender, events) = mpsc::channel(64);
        Self { net: Net::new(NetSettings::default(), sender), events }
    }

    async fn message(&mut self) -> Inbound {
        loop {
            match timeout(PATIENCE, self.events.recv()).await.expect("a message in time").unwrap() {
                NetEvent::Message(message) => return message,
                NetEvent::FlowClosed { reason, .. } => panic!("closed: {reason:?}"),
                _ => {}
            }
        }
    }

    /// Takes over a stream that has been upgraded.
    fn adopt<S>(&self, stream: S, transport: Transport, local: SocketAddr, remote: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let net = self.net.clone();
        let upgraded = UpgradedWebSocket { transport, local, remote, early: Bytes::new() };
        tokio::spawn(async move { net.adopt_websocket(stream, upgraded).await });
    }

    /// A request of the client arrives on its flow, and the answer goes back on it.
    async fn exchange<S>(&mut self, stream: S, transport: Transport, client: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut client_end = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
        client_end.send(Message::text(OPTIONS)).await.unwrap();
        let message = self.message().await;
        assert_eq!(message.bytes, OPTIONS);
        assert_eq!((message.flow.transport, message.flow.remote), (transport, client));
        let to = Destination::Flow(message.flow.id);
        self.net.send(to, Bytes::from_static(OK.as_bytes())).unwrap();
        let answer = timeout(PATIENCE, client_end.next()).await.expect("an answer in time");
        assert_eq!(answer.unwrap().unwrap(), Message::text(OK));
    }
}

#[tokio::test]
async fn tls_over_ipv6_carries_requests_and_answers_on_one_connection() {
    let Some(port) = listener().await else { return };
    drop(port);
    let (tls, folder) = certificate("tls");
    let (mut to, mut from) = (Node::new(), Node::new());
    let listen = |node: &Node| {
        let protocol = Protocol::Tls(Box::new(tls.clone()));
        let spec = ListenerSpec::new("tls", protocol, "[::1]:0".parse().unwrap());
        let net = node.net.clone();
        async move { net.listen(spec).await.unwrap() }
    };
    let remote = listen(&to).await;
    listen(&from).await;
    // The certificate is verified: it names ::1.
    let address = Destination::Address { transport: Transport::Tls, remote };
    let route = Route { server_name: Some("::1"), ..Route::default() };
    from.net.send_via(address, Bytes::from_static(OPTIONS.as_bytes()), route).unwrap();
    let request = to.message().await;
    assert_eq!(request.bytes, OPTIONS);
    assert!(request.flow.remote.is_ipv6() && request.flow.local == remote);
    let back = Destination::Flow(request.flow.id);
    to.net.send(back, Bytes::from_static(OK.as_bytes())).unwrap();
    let answer = from.message().await;
    assert_eq!((&answer.bytes[..], answer.flow.remote), (OK.as_bytes(), remote));
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn a_websocket_over_ipv6_carries_requests_and_answers() {
    let Some(port) = listener().await else { return };
    let mut node = Node::new();
    let local = port.local_addr().unwrap();
    let client = TcpStream::connect(local).await.unwrap();
    let (ours, remote) = port.accept().await.unwrap();
    node.adopt(ours, Transport::Ws, local, remote);
    let address = client.local_addr().unwrap();
    node.exchange(client, Transport::Ws, address).await;
}

#[tokio::test]
async fn a_websocket_over_tls_over_ipv6_carries_requests_and_answers() {
    let Some(port) = listener().await else { return };
    let (tls, folder) = certificate("wss");
    let mut node = Node::new();
    let local = port.local_addr().unwrap();
    let gate = TlsGate::new(ServerTls::build(&tls).unwrap(), 4, PATIENCE);
    let client = TcpStream::connect(local).await.unwrap();
    let address = client.local_addr().unwrap();
    let (ours, remote) = port.accept().await.unwrap();
    let connector = TlsConnector::from(ClientTls::build(&tls).unwrap().config());
    let name = ServerName::try_from("::1").unwrap();
    let (ours, client) = tokio::join!(gate.accept(ours, remote), connector.connect(name, client));
    node.adopt(ours.unwrap(), Transport::Wss, local, remote);
    node.exchange(client.unwrap(), Transport::Wss, address).await;
    let _ = std::fs::remove_dir_all(folder);
}
