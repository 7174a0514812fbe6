//! Memory of idle WSS clients: a server in this process, clients in a child, resident memory
//! before and after.
//!
//! `cargo run -p sidetone-http --example idle_clients -- 10000`. Needs as many file descriptors
//! (`ulimit -n`). The budget is 25 KiB per client, kernel buffers not included.

#![expect(clippy::unwrap_used, reason = "a measurement that fails may stop")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::ServerName;
use sidetone_http::{HttpServer, HttpSettings, HttpsSettings, Pages};
use sidetone_net::selfsigned::{self, SelfSignedRequest};
use sidetone_net::tls::{ClientTls, TlsSettings};
use sidetone_net::{Net, NetEvent, NetSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

const REQUEST: &str = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n\r\n";
const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n";
/// Clients that connect at the same time.
const AT_ONCE: usize = 50;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match (arguments.get(1).map(String::as_str), arguments.get(2)) {
        (Some("client"), Some(address)) => {
            clients(address.parse().unwrap(), arguments[3].parse().unwrap()).await;
        }
        (count, _) => serve(count.and_then(|count| count.parse().ok()).unwrap_or(1_000)).await,
    }
}

/// Resident memory of this process that is its own, in KiB.
fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn serve(count: usize) {
    let folder = std::env::temp_dir().join("sidetone-idle-clients");
    let request = SelfSignedRequest::for_this_host(&folder);
    let made = selfsigned::ensure(&request, SystemTime::now()).unwrap();
    let tls = TlsSettings {
        cert_file: Some(made.cert_file),
        key_file: Some(made.key_file),
        ..TlsSettings::default()
    };
    let bind = "127.0.0.1:0".parse().unwrap();
    let settings = HttpSettings {
        tls: Some(HttpsSettings { bind, tls }),
        session_limit: count + 10,
        ..HttpSettings::default()
    };
    let (sender, mut events) = mpsc::channel(1_024);
    let net = Net::new(NetSettings::default(), sender);
    let server = HttpServer::start(settings, net.clone(), Pages::default()).await.unwrap();
    let before = resident_kib();
    let start = Instant::now();
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["client", &server.https_address().unwrap().to_string(), &count.to_string()])
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut proven = 0;
    while proven < count {
        match events.recv().await.unwrap() {
            NetEvent::Message(_) => proven += 1,
            NetEvent::FlowClosed { reason, .. } => println!("closed: {reason}"),
            _ => {}
        }
    }
    println!("{count} clients connected in {:.1} s", start.elapsed().as_secs_f32());
    let drain = async { while events.recv().await.is_some() {} };
    // Two rounds of pings.
    let _ = tokio::time::timeout(Duration::from_secs(55), drain).await;
    let (after, flows) = (resident_kib(), net.flow_count().connections);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let each = (after - before) as f64 / count as f64;
    println!("{flows} clients hold after 55 s: {before} -> {after} KiB, {each:.1} KiB each");
    child.kill().await.unwrap();
}

async fn clients(address: SocketAddr, count: usize) {
    let tls = TlsConnector::from(ClientTls::build(&TlsSettings::default()).unwrap().config());
    let places = Arc::new(Semaphore::new(AT_ONCE));
    for _ in 0..count {
        let place = Arc::clone(&places).acquire_owned().await.unwrap();
        let tls = tls.clone();
        tokio::spawn(async move {
            let stream = TcpStream::connect(address).await.unwrap();
            let name = ServerName::try_from("localhost").unwrap();
            let mut stream = tls.connect(name, stream).await.unwrap();
            stream.write_all(REQUEST.as_bytes()).await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let config = WebSocketConfig::default().read_buffer_size(512).write_buffer_size(0);
            let mut socket =
                WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
            socket.send(Message::text(OPTIONS)).await.unwrap();
            drop(place);
            while let Some(Ok(_)) = socket.next().await {}
        });
    }
    std::future::pending::<()>().await;
}
