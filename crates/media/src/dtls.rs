//! The DTLS handshake of a transport (RFC 5763, RFC 5764): roles, the fingerprint check before
//! any key is used (unless the endpoint goes without), and keys for SRTP. The protocol itself is
//! behind [`DtlsEngine`]: it is `dimpl`, with RSA added (decision 0036).

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dimpl::crypto::{Dtls12CipherSuite, Dtls13CipherSuite};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use sidetone_rtp::srtp::{DtlsRole as KeyRole, MasterKey, Profile};
use sidetone_sdp::plan::DtlsRole;

use crate::certificate::Certificate;
use crate::refusal::Refusal;
use crate::settings::PeerVerification;

/// First retransmission; doubles each time. Browsers start at 50–400 ms, RFC 6347 says 1 s.
const FIRST_RETRANSMISSION: Duration = Duration::from_millis(250);
/// Retransmissions of one flight: 250 ms doubled seven times is 32 s.
const RETRANSMISSIONS: usize = 7;
/// A handshake that takes longer has failed: the caller has hung up by then.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);
/// Datagrams of one flight that wait, in each direction: a certificate of 8 kB with a `dtls_mtu`
/// of 256 makes 40.
const FLIGHT_DATAGRAMS: usize = 64;
/// Room for one outgoing record; `dtls_mtu` is at most this.
const RECORD_LEN: usize = 2048;

/// What an engine wants next.
pub(crate) enum EngineOutput {
    /// Send this many bytes of the buffer.
    Packet(usize),
    /// The peer showed this certificate (DER).
    PeerCertificate(Vec<u8>),
    /// Keying material for SRTP.
    Keys(Profile, Vec<u8>),
    /// The handshake is complete on our side.
    Connected,
    /// The peer closed.
    Closed,
    /// Nothing until then.
    Wait(Instant),
}

/// A DTLS implementation without I/O.
pub(crate) trait DtlsEngine: Send {
    fn handle_packet(&mut self, now: Instant, datagram: &[u8]) -> Result<(), String>;
    fn handle_timeout(&mut self, now: Instant) -> Result<(), String>;
    fn poll(&mut self, buffer: &mut Vec<u8>) -> EngineOutput;
    /// Starts an orderly close; `poll` then yields the alert.
    fn close(&mut self);
}

struct Dimpl(dimpl::Dtls);

impl DtlsEngine for Dimpl {
    fn handle_packet(&mut self, now: Instant, datagram: &[u8]) -> Result<(), String> {
        self.handle_timeout(now)?;
        self.0.handle_packet(datagram).map_err(|error| error.to_string())
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), String> {
        self.0.handle_timeout(now).map_err(|error| error.to_string())
    }

    fn poll(&mut self, buffer: &mut Vec<u8>) -> EngineOutput {
        loop {
            match self.0.poll_output(buffer) {
                dimpl::Output::Packet(packet) => return EngineOutput::Packet(packet.len()),
                dimpl::Output::BufferTooSmall { needed } => buffer.resize(needed, 0),
                dimpl::Output::Timeout(at) => return EngineOutput::Wait(at),
                dimpl::Output::Connected => return EngineOutput::Connected,
                dimpl::Output::PeerCert(der) => {
                    return EngineOutput::PeerCertificate(der.to_vec());
                }
                dimpl::Output::KeyingMaterial(keys, profile) => {
                    if let Some(profile) = srtp_profile(profile) {
                        return EngineOutput::Keys(profile, keys.to_vec());
                    }
                }
                // Nothing was agreed that runs over DTLS itself (no data channels).
                dimpl::Output::ApplicationData(_) => {}
                dimpl::Output::CloseNotify => return EngineOutput::Closed,
                _ => {}
            }
        }
    }

    fn close(&mut self) {
        let _ = self.0.close();
    }
}

fn srtp_profile(profile: dimpl::SrtpProfile) -> Option<Profile> {
    match profile {
        dimpl::SrtpProfile::AES128_CM_SHA1_80 => Some(Profile::Aes128CmSha1_80),
        dimpl::SrtpProfile::AEAD_AES_128_GCM => Some(Profile::AeadAes128Gcm),
        dimpl::SrtpProfile::AEAD_AES_256_GCM => Some(Profile::AeadAes256Gcm),
        _ => None,
    }
}

/// Settings that handshakes share. Building them checks the crypto provider, so they are kept.
#[derive(Clone)]
pub(crate) struct DtlsConfig(Arc<dimpl::Config>);

impl fmt::Debug for DtlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DtlsConfig").field("mtu", &self.0.mtu()).finish()
    }
}

impl DtlsConfig {
    /// `mtu` below 256 is raised to it (`dtls_mtu`), above the record buffer it is lowered.
    /// `ciphers` are the suites allowed; empty for all.
    pub(crate) fn new(mtu: u16, ciphers: &[u16]) -> Result<Self, String> {
        let mut builder = dimpl::Config::builder();
        if !ciphers.is_empty() {
            let numbers = || ciphers.iter().copied();
            let in_12: Vec<_> = numbers().map(Dtls12CipherSuite::from_u16).collect();
            let in_13: Vec<_> = numbers().map(Dtls13CipherSuite::from_u16).collect();
            builder = builder.dtls12_cipher_suites(&in_12).dtls13_cipher_suites(&in_13);
        }
        let config = builder
            .mtu(usize::from(mtu).clamp(256, RECORD_LEN))
            .max_queue_tx(FLIGHT_DATAGRAMS)
            .max_queue_rx(FLIGHT_DATAGRAMS)
            // The cookie proves the source address; ICE has proven it already.
            .use_server_cookie(false)
            .flight_start_rto(FIRST_RETRANSMISSION)
            .flight_retries(RETRANSMISSIONS)
            .handshake_timeout(HANDSHAKE_TIMEOUT)
            .build();
        config.map(|config| Self(Arc::new(config))).map_err(|error| error.to_string())
    }
}

/// What the handshake reports.
#[derive(Debug)]
pub(crate) enum DtlsNews {
    /// The peer is who SDP said; these keys protect media (ours, the peer's).
    Keyed(Box<(MasterKey, MasterKey)>),
    /// It is over; no media will flow.
    Failed(String),
}

/// Who the peer must be.
pub(crate) struct Expected {
    /// The fingerprints of its SDP, as `(algorithm, bytes)`.
    pub(crate) fingerprints: Vec<(String, Vec<u8>)>,
    /// Whether they must match.
    pub(crate) verification: PeerVerification,
}

impl Expected {
    fn check(&self, certificate: &[u8]) -> Result<(), String> {
        match &self.verification {
            PeerVerification::Fingerprint => check_fingerprint(&self.fingerprints, certificate),
            PeerVerification::Signature(authorities) => authorities.0.judge(certificate),
            PeerVerification::Both(authorities) => {
                check_fingerprint(&self.fingerprints, certificate)?;
                authorities.0.judge(certificate)
            }
            PeerVerification::Nothing => Ok(()),
        }
    }
}

pub(crate) struct Dtls {
    engine: Box<dyn DtlsEngine>,
    role: DtlsRole,
    expected: Expected,
    buffer: Vec<u8>,
    keys: Option<(MasterKey, MasterKey)>,
    verified: bool,
    connected: bool,
    stage: Stage,
    wait: Option<Instant>,
    /// What the peer said last in clear against the handshake.
    alert: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A client waits for a path before it says hello.
    Idle,
    Handshake,
    Done,
    Failed,
}

impl fmt::Debug for Dtls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dtls")
            .field("role", &self.role)
            .field("stage", &self.stage)
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}

impl Dtls {
    pub(crate) fn new(
        now: Instant,
        config: &DtlsConfig,
        certificate: &Certificate,
        role: DtlsRole,
        expected: Expected,
    ) -> Self {
        let mut engine = dimpl::Dtls::new_auto(config.0.clone(), certificate.dtls(), now);
        engine.set_active(role == DtlsRole::Client);
        Self {
            engine: Box::new(Dimpl(engine)),
            role,
            expected,
            buffer: vec![0; RECORD_LEN],
            keys: None,
            verified: false,
            connected: false,
            stage: Stage::Idle,
            wait: None,
            alert: None,
        }
    }

    /// Whether this handshake serves a plan with these fingerprints. The role is sticky: a peer
    /// that flips `a=setup` on hold keeps the association it has (RFC 8842 §5.5).
    pub(crate) fn serves(&self, fingerprints: &[(String, Vec<u8>)]) -> bool {
        self.expected.fingerprints == fingerprints
    }

    /// A path exists: a client says hello.
    pub(crate) fn start(&mut self, now: Instant) -> Result<(), String> {
        if self.stage != Stage::Idle {
            return Ok(());
        }
        self.stage = Stage::Handshake;
        self.engine.handle_timeout(now)
    }
}

impl Dtls {
    /// Why a datagram need not be fed at all. What is made of records and still makes no sense is
    /// for the engine, which discards it in silence (RFC 6347 §4.1.2.7).
    pub(crate) fn refuses(&self, datagram: &[u8]) -> Option<Refusal> {
        match self.stage {
            _ if !is_records(datagram) => Some(Refusal::Dtls),
            Stage::Failed => Some(Refusal::Untimely),
            // A client that has no path yet has said nothing that could be answered.
            Stage::Idle if self.role == DtlsRole::Client => Some(Refusal::Untimely),
            Stage::Idle | Stage::Handshake | Stage::Done => None,
        }
    }

    /// Whether an alert in clear is in a datagram. It is kept for the reason of a failure.
    pub(crate) fn notes_alert(&mut self, datagram: &[u8]) -> bool {
        let found = alert_in_clear(datagram);
        self.alert = found.or(self.alert);
        found.is_some()
    }

    /// Feeds one datagram. The caller has checked that its source is validated, and that it is
    /// not refused.
    pub(crate) fn handle_packet(&mut self, now: Instant, datagram: &[u8]) -> Result<(), String> {
        if self.stage == Stage::Idle {
            self.stage = Stage::Handshake;
        }
        self.engine.handle_packet(now, datagram)
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Result<(), String> {
        match self.stage {
            Stage::Idle | Stage::Failed => Ok(()),
            Stage::Handshake | Stage::Done => self.engine.handle_timeout(now),
        }
    }

    /// When to call [`Dtls::handle_timeout`].
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.wait.filter(|_| matches!(self.stage, Stage::Handshake | Stage::Done))
    }

    /// Sends what is due through `send` and reports at most one piece of news per call; call
    /// until `None`.
    pub(crate) fn drain(&mut self, send: &mut dyn FnMut(&[u8])) -> Option<DtlsNews> {
        if matches!(self.stage, Stage::Idle | Stage::Failed) {
            return None;
        }
        loop {
            match self.engine.poll(&mut self.buffer) {
                EngineOutput::Packet(len) => send(self.buffer.get(..len).unwrap_or_default()),
                EngineOutput::PeerCertificate(der) => {
                    if let Err(reason) = self.expected.check(&der) {
                        return Some(self.fail(reason));
                    }
                    self.verified = true;
                }
                EngineOutput::Keys(profile, material) => {
                    let role = match self.role {
                        DtlsRole::Client => KeyRole::Client,
                        DtlsRole::Server => KeyRole::Server,
                    };
                    match MasterKey::from_dtls(profile, &material, role) {
                        Ok(keys) => self.keys = Some(keys),
                        Err(error) => return Some(self.fail(error.to_string())),
                    }
                }
                EngineOutput::Connected => {
                    if !self.verified {
                        return Some(self.fail("the peer showed no certificate".to_owned()));
                    }
                    self.connected = true;
                }
                EngineOutput::Closed => {}
                EngineOutput::Wait(at) => {
                    self.wait = Some(at);
                    return self.finish();
                }
            }
        }
    }

    /// Keys are handed out once, and only for a peer that is who it must be.
    fn finish(&mut self) -> Option<DtlsNews> {
        if self.stage != Stage::Handshake || !self.verified || !self.connected {
            return None;
        }
        let keys = self.keys.take()?;
        self.stage = Stage::Done;
        // What comes after it is short and rare: alerts, repeated flights, key updates.
        self.buffer = Vec::new();
        Some(DtlsNews::Keyed(Box::new(keys)))
    }

    /// Ends the handshake for good.
    pub(crate) fn fail(&mut self, reason: String) -> DtlsNews {
        self.stage = Stage::Failed;
        self.keys = None;
        DtlsNews::Failed(match self.alert {
            Some(alert) => format!("the peer sent the alert {}: {reason}", alert_name(alert)),
            None => reason,
        })
    }

    /// Says goodbye (close_notify), so that the peer need not wait for its timeout.
    pub(crate) fn close(&mut self, send: &mut dyn FnMut(&[u8])) {
        if self.stage != Stage::Done {
            return;
        }
        self.engine.close();
        while let EngineOutput::Packet(len) = self.engine.poll(&mut self.buffer) {
            send(self.buffer.get(..len).unwrap_or_default());
        }
        self.stage = Stage::Failed;
    }
}

/// Whether a datagram consists of whole records: of DTLS 1.2 and older (RFC 6347 §4.1), or
/// encrypted ones of DTLS 1.3 without connection IDs, which we never agree to (RFC 9147 §4).
fn is_records(datagram: &[u8]) -> bool {
    let mut rest = datagram;
    while !rest.is_empty() {
        let Some(after) = after_record(rest) else {
            return false;
        };
        rest = after;
    }
    !datagram.is_empty()
}

/// The description of the first alert that is not encrypted (RFC 5246 §7.2): a record of epoch 0.
fn alert_in_clear(datagram: &[u8]) -> Option<u8> {
    let mut rest = datagram;
    while !rest.is_empty() {
        if let [21, _, _, 0, 0, _, _, _, _, _, _, 0, 2, _, description, ..] = rest {
            return Some(*description);
        }
        rest = after_record(rest)?;
    }
    None
}

/// The name and number of an alert, of those that end handshakes.
fn alert_name(description: u8) -> String {
    let name = match description {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        90 => "user_canceled",
        109 => "missing_extension",
        116 => "certificate_required",
        _ => return description.to_string(),
    };
    format!("{name} ({description})")
}

/// What follows the first record.
fn after_record(datagram: &[u8]) -> Option<&[u8]> {
    /// An encrypted record has at least this many bytes behind its header (RFC 9147 §4).
    const MIN_ENCRYPTED: usize = 16;
    let length = |at: usize| {
        let bytes = datagram.get(at..at + 2)?;
        Some(usize::from(u16::from_be_bytes(bytes.try_into().ok()?)))
    };
    match *datagram.first()? {
        20..=26 => {
            let version = datagram.get(1..3)?;
            let known = matches!(version, [0xfe, 0xfd | 0xff]);
            known.then_some(())?;
            datagram.get(13 + length(11)?..)
        }
        // 001CSLEE
        first @ 0x20..=0x3f if first & 0x10 == 0 => {
            let header = 1 + if first & 0x08 == 0 { 1 } else { 2 };
            let (begin, end) = match first & 0x04 {
                0 => (header, datagram.len()),
                _ => (header + 2, header + 2 + length(header)?),
            };
            (end >= begin + MIN_ENCRYPTED).then_some(())?;
            datagram.get(end..)
        }
        _ => None,
    }
}

/// Compares the certificate with the fingerprints of the strongest hash we know among those
/// offered (RFC 8122 §5.1).
fn check_fingerprint(offered: &[(String, Vec<u8>)], der: &[u8]) -> Result<(), String> {
    type Hash = fn(&[u8]) -> Vec<u8>;
    let hashes: [(&str, Hash); 4] = [
        ("sha-512", |der| Sha512::digest(der).to_vec()),
        ("sha-384", |der| Sha384::digest(der).to_vec()),
        ("sha-256", |der| Sha256::digest(der).to_vec()),
        ("sha-1", |der| Sha1::digest(der).to_vec()),
    ];
    for (name, hash) in hashes {
        let mut of_this =
            offered.iter().filter(|(algorithm, _)| algorithm.eq_ignore_ascii_case(name));
        let Some(first) = of_this.next() else {
            continue;
        };
        let actual = hash(der);
        if first.1 == actual || of_this.any(|(_, expected)| *expected == actual) {
            return Ok(());
        }
        return Err(format!(
            "the peer's certificate does not match the {name} fingerprint in its SDP: the \
             signalling was altered or somebody sits in the media path"
        ));
    }
    let names: Vec<&str> = offered.iter().map(|(algorithm, _)| algorithm.as_str()).collect();
    Err(format!("none of the peer's fingerprint hashes is known: {}", names.join(", ")))
}
