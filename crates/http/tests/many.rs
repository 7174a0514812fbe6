//! Ten thousand idle WSS clients (HTTP-17): they are let in, outlive several rounds of pings, and
//! the server answers others as before. The clients run in a process of their own, which is this
//! test again, because one process seldom has descriptors for both ends.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]
#![allow(dead_code, reason = "each test file uses a part of the support")]

mod support;

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use sidetone_http::HttpSettings;
use sidetone_net::tls::{ClientTls, TlsSettings};
use sidetone_net::{NetEvent, NetSettings};
use support::{World, both, secure, upgrade};
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::Message;

const CLIENTS: usize = 10_000;
/// Clients that connect at the same time.
const AT_ONCE: usize = 50;
/// The whole test takes 15 s on an idle machine.
const PATIENCE: Duration = Duration::from_secs(120);
const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n";
/// Names the address in the process of the clients.
const ADDRESS: &str = "SIDETONE_IDLE_CLIENTS_OF";

/// Asks for as many descriptors as there may be; each end of a connection takes one.
fn raise_limit() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    assert!(hard > 10_500, "the hard limit of open files (ulimit -Hn) must be 11,000, not {hard}");
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
}

struct Clients(Child);

impl Drop for Clients {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the process of the clients.
fn clients_of(server: SocketAddr) -> Clients {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ten_thousand_idle_wss_clients_hold", "--nocapture"])
        .env(ADDRESS, server.to_string())
        .stdout(Stdio::null())
        .spawn();
    Clients(child.unwrap())
}

/// The process of the clients: each sends one request as a phone would, then answers pings.
async fn be_clients(server: SocketAddr) {
    let tls = Arc::new(ClientTls::build(&TlsSettings::default()).unwrap());
    let places = Arc::new(Semaphore::new(AT_ONCE));
    for _ in 0..CLIENTS {
        let place = Arc::clone(&places).acquire_owned().await.unwrap();
        let tls = Arc::clone(&tls);
        tokio::spawn(async move {
            let mut socket = upgrade(secure(&tls, server).await, "/ws", "sip").await;
            socket.send(Message::text(OPTIONS)).await.unwrap();
            drop(place);
            while let Some(Ok(_)) = socket.next().await {}
        });
    }
    // Until the server's process ends this one.
    tokio::time::sleep(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_wss_clients_hold() {
    raise_limit();
    if let Ok(server) = std::env::var(ADDRESS) {
        return Box::pin(be_clients(server.parse().unwrap())).await;
    }
    let (settings, tls) = both("idle");
    let settings = HttpSettings { session_limit: CLIENTS + 100, ..settings };
    // Pings come so often that every client answers several within the test. A busy machine
    // answers late: the patience for pongs is not under test.
    let net = NetSettings {
        websocket_ping_interval: Duration::from_secs(3),
        websocket_pong_timeout: Duration::from_secs(60),
        request_deadline: Duration::from_secs(60),
        handshake_timeout: Duration::from_secs(60),
        ..NetSettings::default()
    };
    let mut world = World::with(settings, net, Default::default()).await;
    let started = Instant::now();
    let _clients = clients_of(world.https());
    let mut proven = 0;
    while proven < CLIENTS {
        let left = PATIENCE.saturating_sub(started.elapsed());
        match tokio::time::timeout(left, world.events.recv()).await.expect("in time").unwrap() {
            NetEvent::Message(_) => proven += 1,
            NetEvent::FlowClosed { reason, .. } => panic!("closed: {reason}"),
            _ => {}
        }
    }
    let idle = async {
        while let Some(event) = world.events.recv().await {
            assert!(!matches!(event, NetEvent::FlowClosed { .. }), "{event:?}");
        }
    };
    // Two rounds of pings.
    assert!(tokio::time::timeout(Duration::from_secs(7), idle).await.is_err());
    assert_eq!(world.net.flow_count().connections, CLIENTS);
    assert_eq!(world.server.status().sessions, CLIENTS);
    // One more is served as always.
    let mut phone = world.secure_websocket(&tls, "echo").await;
    phone.send(Message::text("still here")).await.unwrap();
    assert_eq!(phone.next().await.unwrap().unwrap(), Message::text("still here"));
}
