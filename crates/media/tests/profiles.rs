//! Which SRTP profile a handshake agrees on (RFC 5764 §4.1.2), that media passes under it, and
//! with which hashes the peer's certificate is known (RFC 8122 §5).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::time::Duration;

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use sidetone_media::{
    Authorities, FingerprintHash, Judge, LegEvent, LegKind, PeerVerification, RtpSettings,
};
use sidetone_rtp::srtp::Profile;
use sidetone_sdp::plan::{DtlsRole, LocalTransport};
use support::peer::{Peer, PeerKind, Version, sha_256};
use support::{Link, World, audio, webrtc_plan};

/// A leg that echoes, and a peer that offers these profiles and has shaken hands with it. Its SDP
/// names the fingerprints that `named` makes of its certificate.
fn met(
    kind: PeerKind,
    settings: RtpSettings,
    named: impl FnOnce(&[u8]) -> Vec<(String, Vec<u8>)>,
) -> (World, Peer, LocalTransport) {
    let mut world = World::new(1, Link::default());
    let (peer, local) = Peer::met(&mut world, kind, settings, named);
    (world, peer, local)
}

fn offering(profiles: [u8; 6]) -> PeerKind {
    PeerKind { profiles, ..PeerKind::default() }
}

#[test]
fn media_passes_under_each_profile_in_dtls_1_2_and_1_3() {
    use Profile::{AeadAes128Gcm as Gcm128, AeadAes256Gcm as Gcm256, Aes128CmSha1_80 as Cm80};
    // What the peer offers, what comes of it in DTLS 1.2 and in 1.3: the choice is the server's
    // (RFC 5764 §4.1.1); in 1.2 it goes by our order, in 1.3 by the peer's. 2 is
    // AES_CM_128_HMAC_SHA1_32, which we do not have.
    let stories = [
        ([0, 8, 0, 7, 0, 1], Gcm256, Gcm256),
        ([0, 7, 0, 8, 0, 1], Gcm256, Gcm128),
        ([0, 2, 0, 7, 0, 1], Gcm128, Gcm128),
        ([0, 1, 0, 7, 0, 8], Gcm256, Cm80),
        ([0, 2, 0, 2, 0, 1], Cm80, Cm80),
    ];
    for (profiles, in_12, in_13) in stories {
        for (version, expected) in [(Version::Dtls12, in_12), (Version::Dtls13, in_13)] {
            let kind = PeerKind { version, ..offering(profiles) };
            let (mut world, mut peer, local) = met(kind, RtpSettings::default(), sha_256);
            let what = format!("{version:?}, {profiles:?}");
            assert!(world.keyed(0, 1), "{what}: {:?}", world.events(0, 1));
            let agreed = peer.keys.as_ref().map(|(profile, _)| *profile);
            assert_eq!(agreed, Some(expected), "{what}");
            peer.assert_media_passes(&mut world, local.rtp, expected);
        }
    }
}

#[test]
fn without_a_profile_in_common_no_media_passes() {
    let (mut world, peer, local) =
        met(offering([0, 2, 0, 2, 0, 2]), RtpSettings::default(), sha_256);
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
        let (world, ..) = met(offering([0, 8, 0, 7, 0, 1]), RtpSettings::default(), right);
        assert!(world.keyed(0, 1), "{name}: {:?}", world.events(0, 1));
        let wrong = |der: &[u8]| vec![(name.to_owned(), hash(&der[1..]))];
        let (world, ..) = met(offering([0, 8, 0, 7, 0, 1]), RtpSettings::default(), wrong);
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
    let (mut world, mut peer, local) = met(offering([0, 8, 0, 7, 0, 1]), settings, other);
    assert!(world.keyed(0, 1), "{:?}", world.events(0, 1));
    peer.assert_media_passes(&mut world, local.rtp, Profile::AeadAes256Gcm);
}

/// Trusts one certificate, and counts how often it was asked.
struct Only(Vec<u8>, std::sync::atomic::AtomicUsize);

impl Judge for Only {
    fn judge(&self, certificate: &[u8]) -> Result<(), String> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if certificate == self.0 { Ok(()) } else { Err("signed by a stranger".to_owned()) }
    }
}

#[test]
fn who_signed_the_certificate_is_asked_beside_or_instead_of_the_fingerprint() {
    type Verify = fn(Authorities) -> PeerVerification;
    let stories: [(Verify, bool, bool, Option<&str>); 6] = [
        // What is verified, whether the judge trusts it, whether the fingerprint fits.
        (PeerVerification::Signature, true, true, None),
        (PeerVerification::Signature, true, false, None),
        (PeerVerification::Signature, false, true, Some("signed by a stranger")),
        (PeerVerification::Both, true, true, None),
        (PeerVerification::Both, false, true, Some("signed by a stranger")),
        (PeerVerification::Both, true, false, Some("does not match the sha-256 fingerprint")),
    ];
    for (verify, trusted, fits, refused) in stories {
        let mut world = World::new(1, Link::default());
        let mut peer = Peer::new(&world, PeerKind::default());
        let known = if trusted { peer.certificate.clone() } else { Vec::new() };
        let judge = std::sync::Arc::new(Only(known, 0.into()));
        let dtls_verify = verify(Authorities(judge.clone()));
        let settings = RtpSettings { dtls_verify, ..RtpSettings::default() };
        peer.meet(&mut world, settings, |der| sha_256(if fits { der } else { &der[1..] }));
        let what = format!("{trusted} {fits}: {:?}", world.events(0, 1));
        assert_eq!(world.keyed(0, 1), refused.is_none(), "{what}");
        let failed = |event: &LegEvent| match (event, refused) {
            (LegEvent::DtlsFailed { reason, .. }, Some(words)) => reason.contains(words),
            _ => false,
        };
        assert_eq!(world.has(0, 1, failed), refused.is_some(), "{what}");
        assert!(judge.1.load(std::sync::atomic::Ordering::Relaxed) <= 1);
    }
}

#[test]
fn only_the_suites_of_dtls_cipher_are_agreed_on() {
    // ECDHE-ECDSA-AES256-GCM-SHA384 and TLS_AES_256_GCM_SHA384; then suites of RSA alone, for
    // which a peer with ECDSA has no key.
    for (ciphers, version, works) in [
        (vec![0xC02C, 0x1302], Version::Dtls12, true),
        (vec![0xC02C, 0x1302], Version::Dtls13, true),
        (vec![0xC02C], Version::Dtls13, false),
        (vec![0xC030, 0x1302], Version::Dtls12, false),
    ] {
        let kind = PeerKind { version, is_client: false, ..PeerKind::default() };
        let settings = RtpSettings { dtls_ciphers: ciphers.clone(), ..RtpSettings::default() };
        let (world, ..) = met(kind, settings, sha_256);
        assert_eq!(world.keyed(0, 1), works, "{ciphers:x?} {version:?}");
    }
}

#[test]
fn our_certificate_is_named_with_the_hash_of_the_settings_and_both_kinds_meet() {
    let mut world = World::new(1, Link::default());
    let old = RtpSettings { dtls_fingerprint: FingerprintHash::Sha1, ..RtpSettings::default() };
    let a = world.webrtc_with(0, 1, old, LegKind::Ice { lite: false });
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
