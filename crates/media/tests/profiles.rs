//! Which SRTP profile a handshake agrees on (RFC 5764 §4.1.2), that media passes under it, and
//! with which hashes the peer's certificate is known (RFC 8122 §5).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dimpl::crypto::{Buf, HashAlgorithm, HashContext, HashProvider};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use sidetone_base::LegId;
use sidetone_media::{FingerprintHash, LegEvent, LegKind, PeerVerification, Route, RtpSettings};
use sidetone_rtp::srtp::{
    DEFAULT_MAX_SOURCES, DtlsRole as KeyRole, MasterKey, Profile, Protector, ReplayProtection,
    Unprotector,
};
use sidetone_rtp::{Header, Kind, RtpView, Ssrc, classify};
use sidetone_sdp::plan::{DtlsRole, LocalTransport, Protection};
use support::{Link, World, audio, plain_plan, webrtc_plan};

/// `use_srtp` as `dimpl` always writes it: three profiles and no MKI.
const ALL: [u8; 13] = [0, 14, 0, 9, 0, 6, 0, 8, 0, 7, 0, 1, 0];
/// Where the profiles stand in it.
const PROFILES_AT: usize = 6;

/// A client that offers these profiles instead. `dimpl` has no setting for them, so its hello is
/// changed on its way out, and in what it hashes of the handshake: then both sides have seen the
/// same hello, and it is the hello of a client with other profiles.
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

#[derive(Debug)]
struct RewordingHashes(&'static Offering);

impl HashProvider for RewordingHashes {
    fn create_hash(&self, algorithm: HashAlgorithm) -> Box<dyn HashContext> {
        let provider = dimpl::crypto::aws_lc_rs::default_provider();
        Box::new(Rewording(self.0, provider.hash_provider.create_hash(algorithm)))
    }
}

/// A telephone outside the hosts that speaks DTLS-SRTP without ICE and says hello first.
struct Peer {
    address: SocketAddr,
    dtls: dimpl::Dtls,
    offering: &'static Offering,
    certificate: Vec<u8>,
    keys: Option<(Profile, Vec<u8>)>,
    /// How many of the world's strays it has looked at.
    seen: usize,
}

impl Peer {
    fn new(world: &World, profiles: [u8; 6]) -> Self {
        let offering: &'static Offering = Box::leak(Box::new(Offering(profiles)));
        let mut provider = dimpl::crypto::aws_lc_rs::default_provider();
        provider.hash_provider = Box::leak(Box::new(RewordingHashes(offering)));
        let config = dimpl::Config::builder().with_crypto_provider(provider).build().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["phone".to_owned()]).unwrap();
        let certificate = made.cert.der().to_vec();
        let shown = dimpl::DtlsCertificate {
            certificate: certificate.clone(),
            private_key: made.signing_key.serialize_der(),
        };
        let mut dtls = dimpl::Dtls::new_13(Arc::new(config), shown, world.now);
        dtls.set_active(true);
        let address = "198.51.100.9:4000".parse().unwrap();
        Self { address, dtls, offering, certificate, keys: None, seen: 0 }
    }

    /// What reached the peer since it last looked.
    fn received(&mut self, world: &World, kind: Kind) -> Vec<Vec<u8>> {
        let new = world.strays[self.seen..].iter();
        let new = new.filter(|(_, to, bytes)| *to == self.address && classify(bytes) == Some(kind));
        let new = new.map(|(_, _, bytes)| bytes.clone()).collect();
        self.seen = world.strays.len();
        new
    }

    fn flush(&mut self, world: &mut World, to: SocketAddr) {
        let mut buffer = vec![0; 2048];
        loop {
            match self.dtls.poll_output(&mut buffer) {
                dimpl::Output::Packet(packet) => {
                    world.inject(self.address, to, &self.offering.reword(packet));
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

    /// Runs the handshake for two seconds, whatever comes of it.
    fn shake_hands(&mut self, world: &mut World, to: SocketAddr) {
        for _ in 0..100 {
            self.dtls.handle_timeout(world.now).unwrap();
            self.flush(world, to);
            world.run(Duration::from_millis(20));
            for datagram in self.received(world, Kind::Dtls) {
                // A leg that refused says so with an alert or not at all.
                let _ = self.dtls.handle_packet(&datagram);
            }
        }
    }
}

/// A leg that echoes, and a peer that offers these profiles and has shaken hands with it. Its SDP
/// names the fingerprints that `named` makes of its certificate.
fn met(
    profiles: [u8; 6],
    settings: RtpSettings,
    named: impl FnOnce(&[u8]) -> Vec<(String, Vec<u8>)>,
) -> (World, Peer, LocalTransport) {
    let mut world = World::new(1, Link::default());
    let mut peer = Peer::new(&world, profiles);
    let local = world.plain(0, 1, settings);
    let mut plan = plain_plan(peer.address, vec![audio(0x11)]);
    plan.transports[0].rtcp_mux = true;
    let fingerprints = named(&peer.certificate);
    plan.transports[0].protection = Protection::Dtls { fingerprints, role: DtlsRole::Server };
    world.apply(0, 1, plan);
    world.route(0, 1, 0, Route::Echo);
    peer.shake_hands(&mut world, local.rtp);
    (world, peer, local)
}

fn sha_256(certificate: &[u8]) -> Vec<(String, Vec<u8>)> {
    vec![("sha-256".to_owned(), Sha256::digest(certificate).to_vec())]
}

/// Says five packets and expects each back, protected as the profile says.
fn assert_media_passes(world: &mut World, peer: &mut Peer, to: SocketAddr, profile: Profile) {
    let (_, material) = peer.keys.clone().expect("keys");
    let (ours, theirs) = MasterKey::from_dtls(profile, &material, KeyRole::Client).unwrap();
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
        world.inject(peer.address, to, &packet[..len]);
        world.run(Duration::from_millis(20));
        let mut heard = peer.received(world, Kind::Rtp);
        assert_eq!(heard.len(), 1, "{profile:?}, packet {sequence}");
        let packet = &mut heard[0];
        assert!(!packet.windows(16).any(|window| window == &said[..16]), "in clear");
        let len = unprotect.unprotect_rtp(packet).unwrap().len;
        assert_eq!(RtpView::parse(&packet[..len]).unwrap().payload(), said);
    }
    assert_eq!(world.hosts[0].graph.quality(LegId(1)).unwrap()[0].received.packets, 5);
}

#[test]
fn the_first_profile_of_the_peer_that_we_have_is_agreed_on_and_media_passes() {
    // 2 is AES_CM_128_HMAC_SHA1_32, which we do not have.
    let stories = [
        ([0, 8, 0, 7, 0, 1], Profile::AeadAes256Gcm),
        ([0, 7, 0, 8, 0, 1], Profile::AeadAes128Gcm),
        ([0, 2, 0, 7, 0, 1], Profile::AeadAes128Gcm),
        ([0, 1, 0, 7, 0, 8], Profile::Aes128CmSha1_80),
        ([0, 2, 0, 2, 0, 1], Profile::Aes128CmSha1_80),
    ];
    for (profiles, expected) in stories {
        let (mut world, mut peer, local) = met(profiles, RtpSettings::default(), sha_256);
        assert!(world.keyed(0, 1), "{profiles:?}: {:?}", world.events(0, 1));
        let agreed = peer.keys.as_ref().map(|(profile, _)| *profile);
        assert_eq!(agreed, Some(expected), "{profiles:?}");
        assert_media_passes(&mut world, &mut peer, local.rtp, expected);
    }
}

#[test]
fn without_a_profile_in_common_no_media_passes() {
    let (mut world, peer, local) = met([0, 2, 0, 2, 0, 2], RtpSettings::default(), sha_256);
    assert_eq!(peer.keys, None);
    assert!(!world.keyed(0, 1));
    world.inject(peer.address, local.rtp, &[0x80; 172]);
    world.run(Duration::from_millis(20));
    assert_eq!(world.received(0, 1), 0);
}

type Hash = fn(&[u8]) -> Vec<u8>;
const HASHES: [(&str, Hash); 4] = [
    ("sha-1", |der| Sha1::digest(der).to_vec()),
    ("SHA-256", |der| Sha256::digest(der).to_vec()),
    ("sha-384", |der| Sha384::digest(der).to_vec()),
    ("sha-512", |der| Sha512::digest(der).to_vec()),
];

#[test]
fn the_certificate_is_compared_with_whichever_hash_the_peer_names() {
    for (name, hash) in HASHES {
        let right = |der: &[u8]| vec![(name.to_owned(), hash(der))];
        let (world, ..) = met([0, 8, 0, 7, 0, 1], RtpSettings::default(), right);
        assert!(world.keyed(0, 1), "{name}: {:?}", world.events(0, 1));
        let wrong = |der: &[u8]| vec![(name.to_owned(), hash(&der[1..]))];
        let (world, ..) = met([0, 8, 0, 7, 0, 1], RtpSettings::default(), wrong);
        let words = format!("does not match the {} fingerprint", name.to_lowercase());
        let refused = |event: &LegEvent| match event {
            LegEvent::DtlsFailed { reason, .. } => reason.contains(&words),
            _ => false,
        };
        assert!(!world.keyed(0, 1) && world.has(0, 1, refused), "{:?}", world.events(0, 1));
    }
}

#[test]
fn a_peer_that_nobody_verifies_may_show_any_certificate() {
    let settings = RtpSettings { dtls_verify: PeerVerification::Nothing, ..RtpSettings::default() };
    let other = |der: &[u8]| sha_256(&der[1..]);
    let (mut world, mut peer, local) = met([0, 8, 0, 7, 0, 1], settings, other);
    assert!(world.keyed(0, 1), "{:?}", world.events(0, 1));
    assert_media_passes(&mut world, &mut peer, local.rtp, Profile::AeadAes256Gcm);
}

#[test]
fn our_certificate_is_named_with_the_hash_of_the_settings_and_both_kinds_meet() {
    let mut world = World::new(1, Link::default());
    let old = RtpSettings { dtls_fingerprint: FingerprintHash::Sha1, ..RtpSettings::default() };
    let a = world.webrtc_with(0, 1, old, LegKind::WebRtc { lite: false });
    let b = world.webrtc(1, 2);
    let named = |local: &LocalTransport| {
        let (name, digest) = &local.fingerprints[0];
        (local.fingerprints.len(), name.clone(), digest.len())
    };
    assert_eq!(named(&a), (1, "sha-1".to_owned(), 20));
    assert_eq!(named(&b), (1, "sha-256".to_owned(), 32));
    world.apply(0, 1, webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]));
    world.apply(1, 2, webrtc_plan(&a, DtlsRole::Server, vec![audio(0x22)]));
    world.run(Duration::from_secs(3));
    assert!(world.keyed(0, 1) && world.keyed(1, 2));
}
