//! TLS of listeners and dialled connections: certificates, verification, failures in the log.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use rustls::CipherSuite;
use rustls::pki_types::ServerName;
use sidetone_base::{Destination, Transport};
use sidetone_net::selfsigned::{self, Role, SelfSigned, SelfSignedRequest};
use sidetone_net::tls::{
    CipherOrder, ClientCertificate, ClientTls, ServerTls, ServerVerification, SniPolicy, TlsError,
    TlsFailure, TlsGate, TlsSettings, TlsVersions, Wildcards,
};
use sidetone_net::{
    CloseReason, ListenError, ListenerSpec, Net, NetEvent, NetSettings, Protocol, Route,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};

const OPTIONS: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(5);

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("sidetone-tls-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

fn certificate(
    folder: &std::path::Path,
    base_name: &str,
    names: &[&str],
    role: Role,
) -> SelfSigned {
    let request = SelfSignedRequest {
        base_name: base_name.into(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        role,
        ..SelfSignedRequest::for_this_host(folder)
    };
    selfsigned::ensure(&request, SystemTime::now()).unwrap()
}

fn settings(certificate: &SelfSigned) -> TlsSettings {
    TlsSettings {
        cert_file: Some(certificate.cert_file.clone()),
        key_file: Some(certificate.key_file.clone()),
        ca_list_file: Some(certificate.ca_file.clone()),
        ..TlsSettings::default()
    }
}

struct Node {
    net: Net,
    events: mpsc::Receiver<NetEvent>,
    local: SocketAddr,
}

impl Node {
    async fn new(tls: TlsSettings) -> Self {
        let quick = Duration::from_millis(500);
        let settings = NetSettings { handshake_timeout: quick, ..NetSettings::default() };
        let (sender, events) = mpsc::channel(64);
        let net = Net::new(settings, sender);
        let protocol = Protocol::Tls(Box::new(tls));
        let spec = ListenerSpec::new("tls", protocol, "127.0.0.1:0".parse().unwrap());
        let local = net.listen(spec).await.unwrap();
        Self { net, events, local }
    }

    async fn next(&mut self) -> NetEvent {
        timeout(PATIENCE, self.events.recv()).await.expect("an event in time").unwrap()
    }

    /// Sends one message by name; returns how the receiver or the sender fared.
    async fn call(&mut self, to: &mut Node, name: &str) -> Result<Bytes, CloseReason> {
        let address = Destination::Address { transport: Transport::Tls, remote: to.local };
        let route = Route { server_name: Some(name), ..Route::default() };
        self.net.send_via(address, Bytes::from_static(OPTIONS), route).unwrap();
        loop {
            tokio::select! {
                event = self.next() => if let NetEvent::FlowClosed { reason, .. } = event {
                    return Err(reason);
                },
                event = to.next() => if let NetEvent::Message(message) = event {
                    return Ok(message.bytes);
                },
            }
        }
    }
}

#[tokio::test]
async fn a_verified_name_is_reached_and_a_wrong_one_is_not() {
    let folder = folder("verify");
    let server = certificate(&folder, "server", &["pbx.example.net", "*.wild.net"], Role::Server);
    let verifying =
        TlsSettings { server_verification: ServerVerification::On, ..settings(&server) };
    let mut to = Node::new(settings(&server)).await;
    let mut from = Node::new(verifying).await;
    assert_eq!(from.call(&mut to, "pbx.example.net").await.unwrap(), OPTIONS);
    let wrong = from.call(&mut to, "other.example.net").await.unwrap_err();
    assert!(matches!(wrong, CloseReason::TlsFailed(_)), "{wrong:?}");
    // RFC 5922 §7.2.
    let wild = from.call(&mut to, "a.wild.net").await.unwrap_err();
    assert!(matches!(wild, CloseReason::TlsFailed(_)), "{wild:?}");
    assert_eq!(from.net.counters().tls_failures_total, 2);
}

#[tokio::test]
async fn without_verification_any_certificate_is_taken() {
    let folder = folder("any");
    let server = certificate(&folder, "server", &["pbx.example.net"], Role::Server);
    let mut to = Node::new(settings(&server)).await;
    let mut from = Node::new(settings(&server)).await;
    assert_eq!(from.call(&mut to, "who.example.org").await.unwrap(), OPTIONS);
}

#[tokio::test]
async fn method_cipher_authorities_of_a_folder_and_wildcards_act() {
    let folder = folder("options");
    let server = certificate(&folder, "server", &["*.example.net"], Role::Server);
    let authorities = folder.join("authorities");
    std::fs::create_dir_all(&authorities).unwrap();
    std::fs::copy(&server.ca_file, authorities.join("ours.pem")).unwrap();
    let only12 = TlsSettings {
        versions: TlsVersions::Only12,
        ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384".into(),
        ..settings(&server)
    };
    let mut to = Node::new(only12.clone()).await;
    let client = TlsSettings {
        ca_list_file: None,
        ca_list_path: Some(authorities),
        server_verification: ServerVerification::On,
        wildcards: Wildcards::Allowed,
        ..settings(&server)
    };
    let mut from = Node::new(client.clone()).await;
    assert_eq!(from.call(&mut to, "pbx.example.net").await.unwrap(), OPTIONS);
    // A wildcard is no name of a SIP domain unless it is allowed to be (RFC 5922 section 7.2).
    let strict = TlsSettings { wildcards: Wildcards::Refused, ..client.clone() };
    assert!(Node::new(strict).await.call(&mut to, "pbx.example.net").await.is_err());
    // No version in common, no cipher suite in common.
    let newer = TlsSettings { versions: TlsVersions::Only13, ..client.clone() };
    assert!(Node::new(newer).await.call(&mut to, "pbx.example.net").await.is_err());
    let other = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
    let other = TlsSettings { ciphers: other.into(), ..client };
    assert!(Node::new(other).await.call(&mut to, "pbx.example.net").await.is_err());
}

/// `tlsservercipherorder`
#[tokio::test]
async fn our_order_of_cipher_suites_counts_unless_that_of_the_client_does() {
    let folder = folder("order");
    let server = certificate(&folder, "server", &["pbx.example.net"], Role::Server);
    let (ours, theirs) = ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256");
    let only12 = |ciphers: String, cipher_order| TlsSettings {
        versions: TlsVersions::Only12,
        ciphers,
        cipher_order,
        ..settings(&server)
    };
    for (order, agreed) in [
        (CipherOrder::Server, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
        (CipherOrder::Client, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ] {
        let tls = ServerTls::build(&only12(format!("{ours}:{theirs}"), order)).unwrap();
        let client = ClientTls::build(&only12(format!("{theirs}:{ours}"), order)).unwrap();
        let (near, far) = tokio::io::duplex(16_384);
        let name = ServerName::try_from("pbx.example.net").unwrap();
        let (accepted, connected) = tokio::join!(
            TlsAcceptor::from(tls.config()).accept(near),
            TlsConnector::from(client.config()).connect(name, far)
        );
        accepted.unwrap();
        let suite = connected.unwrap().get_ref().1.negotiated_cipher_suite().unwrap();
        assert_eq!(suite.suite(), agreed, "{order:?}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_in_the_middle_of_a_message_is_counted_without_close_notify_too() {
    let folder = folder("cut");
    let server = certificate(&folder, "server", &["pbx.example.net"], Role::Server);
    let mut to = Node::new(settings(&server)).await;
    let connector = TlsConnector::from(ClientTls::build(&settings(&server)).unwrap().config());
    for (sent, counted) in [(OPTIONS, 0), (&OPTIONS[..20], 1)] {
        let stream = TcpStream::connect(to.local).await.unwrap();
        let name = ServerName::try_from("pbx.example.net").unwrap();
        let mut stream = connector.connect(name, stream).await.unwrap();
        stream.write_all(sent).await.unwrap();
        stream.flush().await.unwrap();
        drop(stream);
        while !matches!(to.next().await, NetEvent::FlowClosed { .. }) {}
        assert_eq!(to.net.counters().malformed_total, counted);
    }
}

#[tokio::test]
async fn a_required_client_certificate_is_demanded() {
    let folder = folder("mutual");
    let server = certificate(&folder, "server", &["pbx.example.net"], Role::Server);
    let client = certificate(&folder, "client", &["phone.example.net"], Role::Client);
    let required =
        TlsSettings { client_certificate: ClientCertificate::Required, ..settings(&server) };
    let mut to = Node::new(required).await;
    let mut from = Node::new(settings(&client)).await;
    assert_eq!(from.call(&mut to, "pbx.example.net").await.unwrap(), OPTIONS);
    // The wrong kind of certificate is refused as well.
    let mut stranger = Node::new(settings(&server)).await;
    assert!(stranger.call(&mut to, "pbx.example.net").await.is_err());
    assert_eq!(to.net.counters().tls_failures_total, 1);
}

#[tokio::test]
async fn a_name_that_is_not_ours_is_refused_when_names_are_required() {
    let folder = folder("sni");
    let server = certificate(&folder, "server", &["pbx.example.net"], Role::Server);
    let log = Log::default();
    let _guard = log.capture();
    let only = SniPolicy::Only(vec!["pbx.example.net".into(), "*.pbx.example.net".into()]);
    let mut to = Node::new(TlsSettings { sni: only, ..settings(&server) }).await;
    let mut from = Node::new(settings(&server)).await;
    assert!(from.call(&mut to, "scanner.example.org").await.is_err());
    assert!(from.call(&mut to, "a.b.pbx.example.net").await.is_err());
    assert!(
        log.text().contains("asked for no name of this server (require_sni)"),
        "{}",
        log.text()
    );
    assert_eq!(to.net.counters().tls_failures_total, 2);
    assert_eq!(from.call(&mut to, "pbx.example.net").await.unwrap(), OPTIONS);
    assert_eq!(from.call(&mut to, "sip.pbx.example.net").await.unwrap(), OPTIONS);
}

#[tokio::test]
async fn a_new_certificate_is_used_while_connections_live() {
    let folder = folder("swap");
    let server = certificate(&folder, "server", &["one.example.net"], Role::Server);
    let verifying =
        TlsSettings { server_verification: ServerVerification::On, ..settings(&server) };
    let mut to = Node::new(settings(&server)).await;
    let mut from = Node::new(verifying).await;
    assert!(from.call(&mut to, "one.example.net").await.is_ok());
    certificate(&folder, "server", &["two.example.net"], Role::Server);
    assert!(to.net.reload_certificates().is_empty());
    assert_eq!(to.net.listeners()[0].certificate.as_ref().unwrap().names, ["two.example.net"]);
    assert!(from.call(&mut to, "two.example.net").await.is_ok());
    assert_eq!(to.net.flow_count().connections, 2);
    std::fs::write(&server.key_file, "broken").unwrap();
    let failed = to.net.reload_certificates();
    assert!(failed[0].1.to_string().contains("server.key"), "{}", failed[0].1);
    assert_eq!(to.net.listeners()[0].certificate.as_ref().unwrap().names, ["two.example.net"]);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn capture(&self) -> tracing::subscriber::DefaultGuard {
        let writer = self.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_failed_handshakes_writes_few_lines_and_a_sum() {
    let log = Log::default();
    let _guard = log.capture();
    let server = certificate(&folder("flood"), "server", &["localhost"], Role::Server);
    let tls = ServerTls::build(&settings(&server)).unwrap();
    let gate = TlsGate::new(tls, 16, PATIENCE);
    let fail = async |peer: String| {
        let (ours, mut theirs) = tokio::io::duplex(1_024);
        theirs.write_all(b"OPTIONS sip:a SIP/2.0\r\n\r\n").await.unwrap();
        assert!(gate.accept(ours, peer.parse().unwrap()).await.is_err());
    };
    for port in 1..=200 {
        fail(format!("192.0.2.9:{port}")).await;
    }
    fail("192.0.2.10:1".into()).await;
    let lines = |words: &str| log.text().matches(words).count();
    assert_eq!(lines("Unable to set up ssl connection with peer '192.0.2.9:"), 10);
    assert_eq!(lines("Unable to set up ssl connection with peer '192.0.2.10:"), 1, "others too");
    assert_eq!(gate.failures_total(), 201);
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(lines("190 more failed TLS handshakes from 192.0.2.9 within a minute"), 1);
    assert_eq!(log.text().lines().count(), 23);
}

#[tokio::test]
async fn a_failed_handshake_is_one_stable_line_with_the_peer() {
    let log = Log::default();
    let _guard = log.capture();
    let server = certificate(&folder("log"), "server", &["localhost"], Role::Server);
    let node = Node::new(settings(&server)).await;
    let mut garbage = TcpStream::connect(node.local).await.unwrap();
    let mut silent = TcpStream::connect(node.local).await.unwrap();
    garbage.write_all(b"OPTIONS sip:a SIP/2.0\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    let _ = garbage.read_to_end(&mut rest).await;
    let _ = timeout(PATIENCE, silent.read_to_end(&mut rest)).await.unwrap();
    let text = log.text();
    for stream in [garbage, silent] {
        let peer = stream.local_addr().unwrap();
        let line = format!("Unable to set up ssl connection with peer '{peer}'\n");
        assert_eq!(text.matches(&line).count(), 1, "{text}");
    }
    assert_eq!(node.net.counters().tls_failures_total, 2);
    assert_eq!(node.net.flow_count().connections, 0);
}

#[tokio::test]
async fn a_source_that_never_shakes_hands_keeps_nobody_else_out() {
    let server = certificate(&folder("share"), "server", &["localhost"], Role::Server);
    let tls = ServerTls::build(&settings(&server)).unwrap();
    let gate = TlsGate::new(tls, 16, Duration::from_secs(60));
    let hostile: SocketAddr = "192.0.2.1:1".parse().unwrap();
    let mut silent = Vec::new();
    for _ in 0..100 {
        let (ours, theirs) = tokio::io::duplex(1_024);
        let gate = gate.clone();
        silent
            .push((theirs, tokio::spawn(async move { gate.accept(ours, hostile).await.is_ok() })));
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(gate.free_places(), 14);
    // Another source has its turn at once, and fails at once since it speaks no TLS.
    let (ours, mut theirs) = tokio::io::duplex(1_024);
    theirs.write_all(b"OPTIONS sip:a SIP/2.0\r\n\r\n").await.unwrap();
    let honest = "192.0.2.2:1".parse().unwrap();
    let served = timeout(PATIENCE, gate.accept(ours, honest)).await;
    assert!(served.expect("a place").is_err());
    for (theirs, task) in silent {
        drop(theirs);
        assert!(!timeout(PATIENCE, task).await.expect("ended").unwrap());
    }
    assert_eq!(gate.free_places(), 16);
}

/// From many addresses, so that no share of one source bounds them.
#[tokio::test]
async fn peers_that_say_nothing_give_way_to_those_who_speak() {
    let server = certificate(&folder("way"), "server", &["localhost"], Role::Server);
    let tls = ServerTls::build(&settings(&server)).unwrap();
    let gate = TlsGate::new(tls, 16, Duration::from_secs(60));
    let mut silent = Vec::new();
    for number in 0..32 {
        let (ours, theirs) = tokio::io::duplex(1_024);
        let (gate, source) = (gate.clone(), SocketAddr::from(([192, 0, 2, number / 2], 1)));
        silent.push((theirs, tokio::spawn(async move { gate.accept(ours, source).await.is_ok() })));
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(gate.free_places(), 0);
    // All places are taken and 16 peers wait: the honest one has its turn as each of them has.
    let (ours, mut theirs) = tokio::io::duplex(1_024);
    theirs.write_all(b"OPTIONS sip:a SIP/2.0\r\n\r\n").await.unwrap();
    let honest = "198.51.100.2:1".parse().unwrap();
    let served = timeout(PATIENCE, gate.accept(ours, honest)).await;
    assert!(matches!(served.expect("a place"), Err(TlsFailure::Handshake(_))));
    drop(silent);
}

fn build(settings: TlsSettings) -> TlsError {
    ServerTls::build(&settings).expect_err("unusable settings")
}

#[test]
fn mistakes_in_files_are_named_with_their_cure() {
    let folder = folder("files");
    let one = certificate(&folder, "one", &["one"], Role::Server);
    let two = certificate(&folder, "two", &["two"], Role::Server);
    let with_key = |key: PathBuf| TlsSettings { key_file: Some(key), ..settings(&one) };
    let text = build(with_key(two.key_file)).to_string();
    assert!(text.contains("does not belong") && text.contains("two.key"), "{text}");
    let text = build(with_key(folder.join("missing.key"))).to_string();
    assert!(text.contains("missing.key") && text.contains("correct the path"), "{text}");
    let text = build(TlsSettings { key_file: None, ..settings(&one) }).to_string();
    assert!(text.contains("holds no private key"), "{text}");
    let der = folder.join("der.crt");
    std::fs::write(&der, [0x30, 0x82, 1, 2]).unwrap();
    let text = build(TlsSettings { cert_file: Some(der), ..settings(&one) }).to_string();
    assert!(text.contains("must be PEM"), "{text}");
    let locked = folder.join("locked.key");
    let pem = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    std::fs::write(&locked, pem).unwrap();
    let text = build(with_key(locked)).to_string();
    assert!(text.contains("passphrase"), "{text}");
    let text = build(TlsSettings::default()).to_string();
    assert!(text.contains("tlscertfile"), "{text}");
    let text = build(TlsSettings { ciphers: "AES256-SHA".into(), ..settings(&one) }).to_string();
    assert!(text.contains("ECDHE-ECDSA"), "{text}");
    assert!(TlsVersions::from_method("tlsv1").unwrap_err().to_string().contains("tlsv1_2"));
}

#[test]
fn a_key_in_the_certificate_file_is_found() {
    let folder = folder("both");
    let one = certificate(&folder, "one", &["one"], Role::Server);
    let both = folder.join("both.pem");
    let key = std::fs::read_to_string(&one.key_file).unwrap();
    std::fs::write(&both, key + &std::fs::read_to_string(&one.cert_file).unwrap()).unwrap();
    let in_one = TlsSettings { cert_file: Some(both), key_file: None, ..settings(&one) };
    assert!(ServerTls::build(&in_one).is_ok());
}

#[tokio::test]
async fn a_listener_without_certificate_says_what_to_set() {
    let (sender, _events) = mpsc::channel(1);
    let net = Net::new(NetSettings::default(), sender);
    let protocol = Protocol::Tls(Box::default());
    let spec = ListenerSpec::new("tls", protocol, "127.0.0.1:0".parse().unwrap());
    let error = net.listen(spec).await.unwrap_err();
    assert!(matches!(error, ListenError::Tls { .. }));
    assert!(error.to_string().contains("transport 'tls'"), "{error}");
}
