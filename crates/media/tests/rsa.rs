//! Peers whose certificate is RSA, and legs that show one themselves (decision 0036): either
//! version, either role, and the large flights that such certificates make, over links that lose,
//! double and change the order of datagrams.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::time::Duration;

use sidetone_media::{LegEvent, LegKind, RtpSettings};
use sidetone_rtp::srtp::Profile;
use sidetone_sdp::plan::DtlsRole;
use support::peer::{Peer, PeerKind, Version, sha_256};
use support::{Link, World, audio, rsa_certificate, rsa_pair, webrtc_plan};

const VERSIONS: [Version; 2] = [Version::Dtls12, Version::Dtls13];

fn bad_link() -> Link {
    let jitter = Duration::from_millis(40);
    Link { loss_percent: 10, repeat_percent: 10, jitter, ..Link::default() }
}

/// All pairs of version and role of a peer with such a key.
fn kinds(rsa: Option<usize>) -> impl Iterator<Item = PeerKind> {
    VERSIONS.into_iter().flat_map(move |version| {
        [true, false].map(|is_client| PeerKind { version, rsa, is_client, ..PeerKind::default() })
    })
}

#[test]
fn a_peer_with_an_rsa_certificate_is_met_in_either_role_and_version_and_media_passes() {
    for bits in [2048, 4096] {
        for kind in kinds(Some(bits)) {
            let mut world = World::new(1, Link::default());
            let (mut peer, local) = Peer::met(&mut world, kind, RtpSettings::default(), sha_256);
            let what = format!("{kind:?}: {:?}, {:?}", world.events(0, 1), peer.failed);
            assert!(world.keyed(0, 1), "{what}");
            peer.assert_media_passes(&mut world, local.rtp, Profile::AeadAes256Gcm);
        }
    }
}

#[test]
fn a_leg_may_show_an_rsa_certificate_to_peers_of_either_kind() {
    for kind in kinds(None).chain(kinds(Some(2048))) {
        let mut world = World::new(1, Link::default());
        world.certificates[0] = rsa_certificate(4096);
        let (mut peer, local) = Peer::met(&mut world, kind, RtpSettings::default(), sha_256);
        let what = format!("{kind:?}: {:?}, {:?}", world.events(0, 1), peer.failed);
        assert!(world.keyed(0, 1), "{what}");
        peer.assert_media_passes(&mut world, local.rtp, Profile::AeadAes256Gcm);
    }
}

#[test]
fn handshakes_with_rsa_survive_loss_doubles_and_disorder() {
    for seed in 1..=6 {
        for kind in kinds(Some(4096)) {
            // Without a cookie the first answer of a server is its whole flight, in any order.
            let kind = PeerKind { mtu: 400, asks_for_cookie: seed % 2 == 0, ..kind };
            let mut world = World::new(seed, bad_link());
            world.certificates[0] = rsa_certificate(2048);
            let settings = RtpSettings { dtls_mtu: 300, ..RtpSettings::default() };
            let (peer, _) = Peer::met(&mut world, kind, settings, sha_256);
            let what = format!("seed {seed}, {kind:?}: {:?}", peer.failed);
            assert!(world.keyed(0, 1) && peer.keys.is_some(), "{what}");
        }
    }
}

#[test]
fn two_legs_with_large_certificates_meet_in_datagrams_of_the_size_of_dtls_mtu() {
    for (seed, mtu) in (1..=4).flat_map(|seed| [256, 600, 1_200].map(|mtu| (seed, mtu))) {
        let mut world = World::new(seed, bad_link());
        world.certificates = [rsa_certificate(4096), rsa_certificate(2048)];
        let settings = RtpSettings { dtls_mtu: mtu, ..RtpSettings::default() };
        let kind = LegKind::Ice { lite: false };
        let a = world.webrtc_with(0, 1, settings.clone(), kind);
        let b = world.webrtc_with(1, 2, settings, kind);
        world.apply(0, 1, webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]));
        world.apply(1, 2, webrtc_plan(&a, DtlsRole::Server, vec![audio(0x22)]));
        world.run(Duration::from_secs(25));
        let events = (world.events(0, 1), world.events(1, 2));
        assert!(world.keyed(0, 1) && world.keyed(1, 2), "mtu {mtu}: {events:?}");
        let dtls = world.wire.iter().map(|(_, _, bytes)| bytes).filter(|bytes| {
            matches!(sidetone_rtp::classify(bytes), Some(sidetone_rtp::Kind::Dtls))
        });
        assert!(dtls.map(Vec::len).all(|size| size <= usize::from(mtu)));
    }
}

/// The fingerprint in the SDP names a certificate; the handshake must prove its key.
#[test]
fn whoever_shows_an_rsa_certificate_without_its_key_is_refused() {
    for kind in kinds(Some(2048)) {
        let mut world = World::new(1, Link::default());
        let (certificate, _) = rsa_pair(2048);
        let (_, other_key) = rsa_pair(4096);
        let mut peer = Peer::showing(&world, kind, certificate, other_key);
        peer.meet(&mut world, RtpSettings::default(), sha_256);
        let failed = |event: &LegEvent| matches!(event, LegEvent::DtlsFailed { .. });
        assert!(!world.keyed(0, 1) && world.has(0, 1, failed), "{kind:?}");
    }
}

/// A certificate larger than any datagram or buffer of ours.
#[test]
fn a_certificate_with_a_thousand_names_is_taken_whole() {
    for rsa in [false, true] {
        for kind in kinds(None) {
            let algorithm =
                if rsa { &rcgen::PKCS_RSA_SHA256 } else { &rcgen::PKCS_ECDSA_P256_SHA256 };
            let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
            let names: Vec<String> = (0..250).map(|n| format!("name-{n}.example.com")).collect();
            let parameters = rcgen::CertificateParams::new(names).unwrap();
            let made = parameters.self_signed(&key).unwrap();
            assert!(made.der().len() > 5_000);
            let mut world = World::new(1, Link::default());
            let mut peer = Peer::showing(&world, kind, made.der().to_vec(), key.serialize_der());
            peer.meet(&mut world, RtpSettings::default(), sha_256);
            let what = format!("{kind:?}: {:?}, {:?}", world.events(0, 1), peer.failed);
            assert!(world.keyed(0, 1), "{what}");
        }
    }
}
