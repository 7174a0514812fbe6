//! A telephone outside the hosts that speaks DTLS-SRTP without ICE: of either version, with either
//! kind of certificate, in either role, with the SRTP profiles it likes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dimpl::crypto::{
    Buf, HashAlgorithm, HashContext, HashProvider, KeyProvider, SignatureAlgorithm, SigningKey,
};
use sha2::{Digest, Sha256};
use sidetone_base::LegId;
use sidetone_media::{Route, RtpSettings};
use sidetone_rtp::srtp::{
    DEFAULT_MAX_SOURCES, DtlsRole as KeyRole, MasterKey, Profile, Protector, ReplayProtection,
    Unprotector,
};
use sidetone_rtp::{Header, Kind, RtpView, Ssrc, classify};
use sidetone_sdp::plan::{DtlsRole, LocalTransport, Protection};

use super::{World, audio, plain_plan, rsa_pair};

/// `use_srtp` as `dimpl` always writes it: three profiles and no MKI.
const ALL: [u8; 13] = [0, 14, 0, 9, 0, 6, 0, 8, 0, 7, 0, 1, 0];
/// Where the profiles stand in it.
const PROFILES_AT: usize = 6;

/// A client that offers these profiles instead. `dimpl` has no setting for them, so its hello is
/// changed on its way out, and in what it hashes and signs of the handshake: then both sides have
/// seen the same hello, and it is the hello of a client with other profiles.
#[derive(Debug)]
struct Offering([u8; 6]);

impl Offering {
    fn reword(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        if let Some(at) = bytes.windows(ALL.len()).position(|window| window == ALL) {
            bytes[at + PROFILES_AT..][..6].copy_from_slice(&self.0);
        }
        bytes
    }
}

#[derive(Debug)]
struct Rewording(&'static Offering, Box<dyn HashContext>);

impl HashContext for Rewording {
    fn update(&mut self, data: &[u8]) {
        self.1.update(&self.0.reword(data));
    }

    fn clone_and_finalize(&self, out: &mut Buf) {
        self.1.clone_and_finalize(out);
    }
}

impl HashProvider for Offering {
    fn create_hash(&self, algorithm: HashAlgorithm) -> Box<dyn HashContext> {
        let provider = dimpl::crypto::aws_lc_rs::default_provider();
        let offering: &'static Self = Box::leak(Box::new(Self(self.0)));
        Box::new(Rewording(offering, provider.hash_provider.create_hash(algorithm)))
    }
}

/// DTLS 1.2 signs the messages themselves.
#[derive(Debug)]
struct RewordingKey(Offering, Box<dyn SigningKey>);

impl SigningKey for RewordingKey {
    fn sign(
        &mut self,
        data: &[u8],
        hash: HashAlgorithm,
        out: &mut Buf,
    ) -> Result<(), dimpl::CryptoError> {
        self.1.sign(&self.0.reword(data), hash, out)
    }

    fn sign_pss(
        &mut self,
        data: &[u8],
        hash: HashAlgorithm,
        out: &mut Buf,
    ) -> Result<(), dimpl::CryptoError> {
        self.1.sign_pss(&self.0.reword(data), hash, out)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.1.algorithm()
    }

    fn hash_algorithm(&self) -> HashAlgorithm {
        self.1.hash_algorithm()
    }

    fn supported_hash_algorithms(&self) -> &[HashAlgorithm] {
        self.1.supported_hash_algorithms()
    }
}

impl KeyProvider for Offering {
    fn load_private_key(&self, der: &[u8]) -> Result<Box<dyn SigningKey>, dimpl::CryptoError> {
        let provider = dimpl::crypto::aws_lc_rs::default_provider();
        let key = provider.key_provider.load_private_key(der)?;
        Ok(Box::new(RewordingKey(Self(self.0), key)))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Dtls12,
    Dtls13,
}

/// What kind of telephone it is.
#[derive(Clone, Copy, Debug)]
pub struct PeerKind {
    pub version: Version,
    /// Bits of its RSA key; an ECDSA key when none.
    pub rsa: Option<usize>,
    /// Whether it says hello.
    pub is_client: bool,
    /// What a client offers, three numbers of profiles.
    pub profiles: [u8; 6],
    pub mtu: usize,
    /// Whether, as a server, it asks for a cookie first (RFC 6347 §4.2.1).
    pub asks_for_cookie: bool,
}

impl Default for PeerKind {
    fn default() -> Self {
        Self {
            version: Version::Dtls13,
            rsa: None,
            is_client: true,
            profiles: [0, 8, 0, 7, 0, 1],
            mtu: 1150,
            asks_for_cookie: true,
        }
    }
}

pub struct Peer {
    pub address: SocketAddr,
    kind: PeerKind,
    dtls: dimpl::Dtls,
    pub certificate: Vec<u8>,
    pub keys: Option<(Profile, Vec<u8>)>,
    /// What its engine complained of.
    pub failed: Option<String>,
    /// How many of the world's strays it has looked at.
    seen: usize,
}

pub fn sha_256(certificate: &[u8]) -> Vec<(String, Vec<u8>)> {
    vec![("sha-256".to_owned(), Sha256::digest(certificate).to_vec())]
}

fn ecdsa_pair() -> (Vec<u8>, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(vec!["phone".to_owned()]).unwrap();
    (made.cert.der().to_vec(), made.signing_key.serialize_der())
}

impl Peer {
    pub fn new(world: &World, kind: PeerKind) -> Self {
        let (certificate, private_key) = kind.rsa.map_or_else(ecdsa_pair, rsa_pair);
        Self::showing(world, kind, certificate, private_key)
    }

    /// One that shows this certificate.
    pub fn showing(world: &World, kind: PeerKind, certificate: Vec<u8>, key: Vec<u8>) -> Self {
        let mut provider = dimpl::crypto::aws_lc_rs::default_provider();
        provider.hash_provider = Box::leak(Box::new(Offering(kind.profiles)));
        provider.key_provider = Box::leak(Box::new(Offering(kind.profiles)));
        let config = dimpl::Config::builder()
            .with_crypto_provider(provider)
            .mtu(kind.mtu)
            .use_server_cookie(kind.asks_for_cookie)
            .flight_start_rto(Duration::from_millis(250))
            .flight_retries(7)
            .build();
        let config = Arc::new(config.unwrap());
        let shown = dimpl::DtlsCertificate { certificate: certificate.clone(), private_key: key };
        let mut dtls = match kind.version {
            Version::Dtls12 => dimpl::Dtls::new_12(config, shown, world.now),
            Version::Dtls13 => dimpl::Dtls::new_13(config, shown, world.now),
        };
        dtls.set_active(kind.is_client);
        let address = "198.51.100.9:4000".parse().unwrap();
        Self { address, kind, dtls, certificate, keys: None, failed: None, seen: 0 }
    }

    /// A leg (1 of host 0) that echoes, and a peer that has shaken hands with it. Its SDP names
    /// the fingerprints that `named` makes of its certificate.
    pub fn met(
        world: &mut World,
        kind: PeerKind,
        settings: RtpSettings,
        named: impl FnOnce(&[u8]) -> Vec<(String, Vec<u8>)>,
    ) -> (Self, LocalTransport) {
        let mut peer = Self::new(world, kind);
        let local = peer.meet(world, settings, named);
        (peer, local)
    }

    pub fn meet(
        &mut self,
        world: &mut World,
        settings: RtpSettings,
        named: impl FnOnce(&[u8]) -> Vec<(String, Vec<u8>)>,
    ) -> LocalTransport {
        let local = world.plain(0, 1, settings);
        let mut plan = plain_plan(self.address, vec![audio(0x11)]);
        plan.transports[0].rtcp_mux = true;
        let fingerprints = named(&self.certificate);
        let role = if self.kind.is_client { DtlsRole::Server } else { DtlsRole::Client };
        plan.transports[0].protection = Protection::Dtls { fingerprints, role };
        world.apply(0, 1, plan);
        world.route(0, 1, 0, Route::Echo);
        self.shake_hands(world, local.rtp);
        local
    }

    /// What reached the peer since it last looked.
    pub fn received(&mut self, world: &World, kind: Kind) -> Vec<Vec<u8>> {
        let new = world.strays[self.seen..].iter();
        let new = new.filter(|(_, to, bytes)| *to == self.address && classify(bytes) == Some(kind));
        let new = new.map(|(_, _, bytes)| bytes.clone()).collect();
        self.seen = world.strays.len();
        new
    }

    fn flush(&mut self, world: &mut World, to: SocketAddr) {
        let mut buffer = vec![0; 4096];
        loop {
            match self.dtls.poll_output(&mut buffer) {
                dimpl::Output::Packet(packet) => {
                    let packet = Offering(self.kind.profiles).reword(packet);
                    world.throw(self.address, to, &packet);
                }
                dimpl::Output::KeyingMaterial(material, profile) => {
                    let profile = match profile {
                        dimpl::SrtpProfile::AES128_CM_SHA1_80 => Profile::Aes128CmSha1_80,
                        dimpl::SrtpProfile::AEAD_AES_128_GCM => Profile::AeadAes128Gcm,
                        dimpl::SrtpProfile::AEAD_AES_256_GCM => Profile::AeadAes256Gcm,
                        _ => panic!("a profile nobody has"),
                    };
                    self.keys = Some((profile, material.to_vec()));
                }
                dimpl::Output::Timeout(_) => return,
                _ => {}
            }
        }
    }

    /// Runs the handshake until both have keys, for two seconds at least and twenty at most.
    fn shake_hands(&mut self, world: &mut World, to: SocketAddr) {
        for round in 0..1_000 {
            if round >= 100 && world.keyed(0, 1) && self.keys.is_some() {
                break;
            }
            // A leg that refused says so with an alert or not at all.
            let _ = self.dtls.handle_timeout(world.now);
            self.flush(world, to);
            world.run(Duration::from_millis(20));
            for datagram in self.received(world, Kind::Dtls) {
                if let Err(error) = self.dtls.handle_packet(&datagram) {
                    self.failed.get_or_insert(error.to_string());
                }
            }
            if round >= 100 && self.failed.is_some() {
                break;
            }
        }
    }

    /// Says five packets and expects each back, protected as the profile says.
    pub fn assert_media_passes(&mut self, world: &mut World, to: SocketAddr, profile: Profile) {
        let (_, material) = self.keys.clone().expect("keys");
        let role = if self.kind.is_client { KeyRole::Client } else { KeyRole::Server };
        let (ours, theirs) = MasterKey::from_dtls(profile, &material, role).unwrap();
        let mut protect = Protector::new(&ours, DEFAULT_MAX_SOURCES).unwrap();
        let replay = ReplayProtection::On;
        let mut unprotect = Unprotector::new(&theirs, DEFAULT_MAX_SOURCES, replay).unwrap();
        for sequence in 1..=5 {
            let timestamp = u32::from(sequence) * 160;
            let header =
                Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: Ssrc(0x77) };
            let mut packet = [0; 400];
            let said = [0x40 + sequence as u8; 160];
            let len = header.write_packet(&mut packet, &[], &said).unwrap();
            let len = protect.protect_rtp(&mut packet, len).unwrap();
            assert_eq!(len, 12 + 160 + profile.rtp_overhead());
            world.inject(self.address, to, &packet[..len]);
            world.run(Duration::from_millis(20));
            let mut heard = self.received(world, Kind::Rtp);
            assert_eq!(heard.len(), 1, "{profile:?}, packet {sequence}");
            let packet = &mut heard[0];
            assert!(!packet.windows(16).any(|window| window == &said[..16]), "in clear");
            let len = unprotect.unprotect_rtp(packet).unwrap().len;
            assert_eq!(RtpView::parse(&packet[..len]).unwrap().payload(), said);
        }
        assert_eq!(world.hosts[0].graph.quality(LegId(1)).unwrap()[0].received.packets, 5);
    }
}
