//! Handshakes with OpenSSL over the loopback: DTLS 1.2 with RSA and ECDSA certificates on either
//! side, in either role, under each SRTP profile. That both have the same keys is shown by media:
//! packets are protected with the keys that OpenSSL printed, and the leg's echo is read with them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use sidetone_engine::media::{Certificate, LegEvent, LegKind, Route};
use sidetone_engine::{CertificateChoice, Engine};
use sidetone_rtp::srtp::{
    DEFAULT_MAX_SOURCES, DtlsRole as KeyRole, MasterKey, Profile, Protector, ReplayProtection,
    Unprotector,
};
use sidetone_rtp::{Header, Kind, RtpView, Ssrc, classify};
use sidetone_sdp::plan::{DtlsRole, Protection};
use support::{engine, plain_plan, spec, wait_for};

/// How long OpenSSL may take to say something.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs openssl to its end and gives back what it wrote.
fn openssl(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(arguments).output().expect("openssl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A certificate and its key, in files.
struct Pair {
    certificate: PathBuf,
    key: PathBuf,
}

impl Pair {
    /// `algorithm` as `openssl req -newkey` takes it.
    fn make(folder: &Path, name: &str, algorithm: &[&str]) -> Self {
        let (certificate, key) =
            (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
        let mut arguments = vec!["req", "-x509", "-nodes", "-subj", "/CN=test", "-days", "2"];
        arguments.extend(algorithm);
        arguments.extend(["-out", certificate.to_str().unwrap(), "-keyout", key.to_str().unwrap()]);
        openssl(&arguments);
        Self { certificate, key }
    }

    fn rsa(folder: &Path, bits: u16) -> Self {
        let algorithm = format!("rsa:{bits}");
        Self::make(folder, &format!("rsa-{bits}"), &["-newkey", &algorithm])
    }

    fn ecdsa(folder: &Path) -> Self {
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
        Self::make(folder, "ecdsa", &curve)
    }

    fn fingerprint(&self) -> Vec<u8> {
        let certificate = self.certificate.to_str().unwrap();
        let printed = openssl(&["x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"]);
        let printed = String::from_utf8(printed).unwrap();
        let (_, hex) = printed.trim().split_once('=').unwrap();
        hex.split(':').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
    }

    /// As one of ours.
    fn ours(&self) -> Certificate {
        let (certificate, key) = (self.certificate.to_str().unwrap(), self.key.to_str().unwrap());
        let der = openssl(&["x509", "-in", certificate, "-outform", "DER"]);
        let key = openssl(&["pkcs8", "-topk8", "-nocrypt", "-in", key, "-outform", "DER"]);
        Certificate::from_der(der, key).unwrap()
    }
}

fn name(profile: Profile) -> (&'static str, usize) {
    match profile {
        Profile::AeadAes128Gcm => ("SRTP_AEAD_AES_128_GCM", 56),
        Profile::AeadAes256Gcm => ("SRTP_AEAD_AES_256_GCM", 88),
        _ => ("SRTP_AES128_CM_SHA1_80", 60),
    }
}

fn loopback() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    socket
}

/// A running `s_client` or `s_server`.
struct OpenSsl {
    child: Child,
    material: Receiver<Vec<u8>>,
}

impl OpenSsl {
    fn start(pair: &Pair, profile: Profile, role: &[&str]) -> Self {
        let (profile, len) = name(profile);
        let mut child = Command::new("openssl")
            .args(role)
            .args(["-dtls1_2", "-use_srtp", profile, "-mtu", "600"])
            .args(["-keymatexport", "EXTRACTOR-dtls_srtp", "-keymatexportlen", &len.to_string()])
            .args(["-cert".as_ref(), pair.certificate.as_os_str()])
            .args(["-key".as_ref(), pair.key.as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl is installed");
        let (sender, material) = channel();
        let printed = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in printed.lines().map_while(Result::ok) {
                if let Some(hex) = line.trim().strip_prefix("Keying material: ") {
                    let bytes = (0..hex.len() / 2)
                        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap());
                    let _ = sender.send(bytes.collect());
                }
            }
        });
        Self { child, material }
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Stands between a leg and OpenSSL: hands DTLS through and keeps RTP.
struct Between {
    /// Where the leg thinks its peer is.
    outside: UdpSocket,
    heard: Receiver<Vec<u8>>,
    done: Arc<AtomicBool>,
}

impl Between {
    /// `server` is where OpenSSL listens; otherwise it says the first word to `inside`.
    fn start(leg: SocketAddr, inside: UdpSocket, server: Option<SocketAddr>) -> Self {
        let outside = loopback();
        let done = Arc::new(AtomicBool::new(false));
        let (sender, heard) = channel();
        let (to_leg, stop) = (outside.try_clone().unwrap(), done.clone());
        std::thread::spawn(move || {
            let mut peer = server;
            let mut buffer = [0; 2048];
            while !stop.load(Ordering::Relaxed) {
                if let Ok((len, from)) = inside.recv_from(&mut buffer) {
                    peer = Some(from);
                    let _ = to_leg.send_to(&buffer[..len], leg);
                }
                while let Ok((len, _)) = to_leg.recv_from(&mut buffer) {
                    match (classify(&buffer[..len]), peer) {
                        (Some(Kind::Dtls), Some(peer)) => {
                            let _ = inside.send_to(&buffer[..len], peer);
                        }
                        (Some(Kind::Rtp), _) => drop(sender.send(buffer[..len].to_vec())),
                        _ => {}
                    }
                }
            }
        });
        Self { outside, heard, done }
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
    }
}

/// Protects three packets with these keys, and reads what the leg makes of them.
fn assert_echo(between: &Between, leg: SocketAddr, profile: Profile, keys: (&[u8], KeyRole)) {
    let (own, theirs) = MasterKey::from_dtls(profile, keys.0, keys.1).unwrap();
    let mut protect = Protector::new(&own, DEFAULT_MAX_SOURCES).unwrap();
    let mut unprotect =
        Unprotector::new(&theirs, DEFAULT_MAX_SOURCES, ReplayProtection::On).unwrap();
    for sequence in 1..=3_u16 {
        let timestamp = u32::from(sequence) * 160;
        let header =
            Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: Ssrc(0x77) };
        let mut packet = [0; 400];
        let said = [0x40 + sequence as u8; 160];
        let len = header.write_packet(&mut packet, &[], &said).unwrap();
        let len = protect.protect_rtp(&mut packet, len).unwrap();
        between.outside.send_to(&packet[..len], leg).unwrap();
        let mut heard = between.heard.recv_timeout(PATIENCE).expect("an echo");
        let len = unprotect
            .unprotect_rtp(&mut heard)
            .unwrap_or_else(|error| panic!("{profile:?}: {error}"))
            .len;
        assert_eq!(RtpView::parse(&heard[..len]).unwrap().payload(), said);
    }
}

/// What one story is of.
struct Story<'a> {
    theirs: &'a Pair,
    /// A certificate of one call when none.
    ours: Option<Certificate>,
    profile: Profile,
    /// Whether OpenSSL says hello.
    is_client: bool,
}

async fn tell(engine: &Engine, story: Story<'_>) {
    let (mut leg_spec, mut events) = spec(LegKind::Plain);
    leg_spec.certificate = match story.ours {
        Some(certificate) => CertificateChoice::Given(certificate),
        None => CertificateChoice::Leg,
    };
    let leg = engine.create_leg(leg_spec).await.unwrap();
    let local = leg.local_transports()[0].rtp;
    let inside = loopback();
    let own = inside.local_addr().unwrap().to_string();
    let (peer, server) = if story.is_client {
        let role = ["s_client", "-connect", &own];
        (OpenSsl::start(story.theirs, story.profile, &role), None)
    } else {
        let port = loopback().local_addr().unwrap();
        let role = ["s_server", "-verify", "1", "-accept", &port.to_string()];
        (OpenSsl::start(story.theirs, story.profile, &role), Some(port))
    };
    let between = Between::start(local, inside, server);
    let mut plan = plain_plan(between.outside.local_addr().unwrap(), 3);
    plan.transports[0].rtcp_mux = true;
    let role = if story.is_client { DtlsRole::Server } else { DtlsRole::Client };
    let fingerprints = vec![("sha-256".to_owned(), story.theirs.fingerprint())];
    plan.transports[0].protection = Protection::Dtls { fingerprints, role };
    leg.apply(plan).await.unwrap();
    leg.route(0, Route::Echo).await.unwrap();
    let over = |event: &LegEvent| {
        matches!(event, LegEvent::DtlsConnected { .. } | LegEvent::DtlsFailed { .. })
    };
    let event = wait_for(&mut events, over).await;
    assert!(matches!(event, LegEvent::DtlsConnected { .. }), "{event:?}");
    let material = peer.material.recv_timeout(PATIENCE).expect("keys of OpenSSL");
    let role = if story.is_client { KeyRole::Client } else { KeyRole::Server };
    assert_echo(&between, local, story.profile, (&material, role));
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sidetone-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const PROFILES: [Profile; 3] =
    [Profile::AeadAes128Gcm, Profile::AeadAes256Gcm, Profile::Aes128CmSha1_80];

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn openssl_with_an_rsa_certificate_has_our_keys_in_either_role_under_each_profile() {
    let folder = Folder::new("openssl-rsa");
    let engine = engine(22_200..=22_259, 1);
    for theirs in [Pair::rsa(&folder.0, 2048), Pair::rsa(&folder.0, 4096)] {
        for profile in PROFILES {
            for is_client in [true, false] {
                let story = Story { theirs: &theirs, ours: None, profile, is_client };
                tell(&engine, story).await;
            }
        }
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn openssl_meets_an_rsa_certificate_of_ours() {
    let folder = Folder::new("openssl-ours");
    let engine = engine(22_260..=22_299, 1);
    let (rsa, ecdsa) = (Pair::rsa(&folder.0, 3072), Pair::ecdsa(&folder.0));
    for theirs in [&rsa, &ecdsa] {
        for is_client in [true, false] {
            let (ours, profile) = (Some(rsa.ours()), Profile::AeadAes128Gcm);
            tell(&engine, Story { theirs, ours, profile, is_client }).await;
        }
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn openssl_with_an_ecdsa_certificate_has_our_keys_under_each_profile() {
    let folder = Folder::new("openssl-ecdsa");
    let engine = engine(22_300..=22_339, 1);
    let theirs = Pair::ecdsa(&folder.0);
    for profile in PROFILES {
        for is_client in [true, false] {
            tell(&engine, Story { theirs: &theirs, ours: None, profile, is_client }).await;
        }
    }
    engine.stop().await;
}
