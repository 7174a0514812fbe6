//! Tests of SRTP sessions: the vectors of the RFCs, both directions, and peers that misbehave.

use super::super::DEFAULT_MAX_SOURCES;
use super::*;
use crate::packet::Header;
use proptest::prelude::*;

pub(in super::super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

fn master(profile: Profile) -> MasterKey {
    let (key, salt) = (vec![0x5a; profile.key_len()], vec![0xa5; profile.salt_len()]);
    MasterKey::new(profile, &key, &salt).unwrap()
}

fn pair(profile: Profile) -> (Protector, Unprotector) {
    let master = master(profile);
    let receiver = Unprotector::new(&master, DEFAULT_MAX_SOURCES, ReplayProtection::On).unwrap();
    (Protector::new(&master, DEFAULT_MAX_SOURCES).unwrap(), receiver)
}

fn rtp(sequence: u16, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let header = Header { sequence, ssrc: Ssrc(ssrc), ..Header::default() };
    let mut packet = vec![0; 12 + payload.len()];
    header.write_packet(&mut packet, &[], payload).unwrap();
    packet
}

fn protect(sender: &mut Protector, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + super::super::MAX_OVERHEAD, 0);
    let len = sender.protect_rtp(&mut buffer, packet.len())?;
    buffer.truncate(len);
    Ok(buffer)
}

fn protect_seq(sender: &mut Protector, sequence: u16) -> Vec<u8> {
    protect(sender, &rtp(sequence, 1, &[7; 160])).unwrap()
}

fn receive(receiver: &mut Unprotector, packet: &[u8]) -> Result<Option<Notice>, SrtpError> {
    let mut packet = packet.to_vec();
    receiver.unprotect_rtp(&mut packet).map(|unprotected| unprotected.notice)
}

#[test]
fn every_profile_round_trips_across_the_wrap() {
    for profile in Profile::ALL {
        let (mut sender, mut receiver) = pair(profile);
        for sequence in (65_530..=65_535).chain(0..10) {
            let clear = rtp(sequence, 9, b"twenty milliseconds");
            let mut packet = protect(&mut sender, &clear).unwrap();
            assert_eq!(packet.len(), clear.len() + profile.rtp_overhead());
            assert_eq!(packet[..12], clear[..12]);
            assert_ne!(packet[12..clear.len()], clear[12..]);
            let unprotected = receiver.unprotect_rtp(&mut packet).unwrap();
            assert_eq!(packet[..unprotected.len], clear[..]);
        }
    }
}

#[test]
fn rtcp_of_every_profile_round_trips_once() {
    for profile in Profile::ALL {
        let (mut sender, mut receiver) = pair(profile);
        let clear = hex("80c90001 01020304 80cb0001 01020304");
        let mut buffer = clear.clone();
        buffer.resize(64, 0);
        let len = sender.protect_rtcp(&mut buffer, clear.len()).unwrap();
        assert_eq!(len, clear.len() + profile.rtcp_overhead());
        let mut copy = buffer[..len].to_vec();
        let unprotected = receiver.unprotect_rtcp(&mut buffer[..len]).unwrap();
        assert_eq!(buffer[..unprotected.len], clear[..]);
        assert_eq!(receiver.unprotect_rtcp(&mut copy), Err(SrtpError::Duplicate));
    }
}

/// RFC 7714 §16.1.1 and §16.2.1, with the session key given: here the derivation is skipped.
fn gcm_cipher(key: &str, salt: &str) -> (Box<aws_lc_rs::aead::LessSafeKey>, [u8; 12]) {
    use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, LessSafeKey, UnboundKey};
    let key = hex(key);
    let algorithm = if key.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
    let key = LessSafeKey::new(UnboundKey::new(algorithm, &key).unwrap());
    (Box::new(key), hex(salt).try_into().unwrap())
}

const KEY_128: &str = "000102030405060708090a0b0c0d0e0f";
const KEY_256: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const SALT: &str = "517569642070726f2071756f";
const RFC_7714_RTP: &str = "8040f17b8041f8d35501a0b2 47616c6c696120657374206f6d6e6973 \
    2064697669736120696e207061727465 7320747265 73";

#[test]
fn gcm_packets_of_rfc_7714_section_16() {
    let check = |key: &str, expected: &str| {
        let (key, salt) = gcm_cipher(key, SALT);
        let mut packet = hex(RFC_7714_RTP);
        let (header, text) = packet.split_at_mut(12);
        let at = PacketIndex { ssrc: 0x5501_a0b2, index: 0xf17b };
        let nonce = gcm_nonce(&salt, at);
        assert_eq!(nonce[..], hex("51753c6580c2726f20718414"));
        let tag = Cipher::gcm_seal(&key, nonce, header, text).unwrap();
        packet.extend(tag);
        assert_eq!(packet, hex(expected));
    };
    check(
        KEY_128,
        "8040f17b8041f8d35501a0b2 f24de3a3fb34de6cacba861c9d7e4bca \
         be633bd50d294e6f42a5f47a51c7d19b \
         36de3adf8833899d7f27beb16a9152cf 765ee4390cce",
    );
    check(
        KEY_256,
        "8040f17b8041f8d35501a0b2 32b1de78a822fe12ef9f78fa332e33aa \
         b18012389a58e2f3b50b2a0276ffae0f \
         1ba63799b87b7aa3db36dfffd6b0f9bb 7878d7a76c13",
    );
}

const RFC_7714_RTCP: &str = "81c8000d4d617273 4e5450314e545032 525450200000042a 0000e9304c756e61 \
    deadbeefdeadbeef deadbeefdeadbeef deadbeef";

/// §17 prints its packet with a word more than its examples protect; the examples agree with each
/// other, so they count.
#[test]
fn gcm_rtcp_of_rfc_7714_section_17() {
    let check = |key: &str, expected: &str| {
        let (key, salt) = gcm_cipher(key, SALT);
        let mut packet = hex(RFC_7714_RTCP);
        let at = PacketIndex { ssrc: 0x4d61_7273, index: 0x5d4 };
        let (clear, text) = packet.split_at_mut(RTCP_CLEAR_LEN);
        let data = rtcp_associated_data(clear, 0x8000_05d4_u32.to_be_bytes());
        let nonce = gcm_nonce(&salt, at);
        assert_eq!(nonce[..], hex("517524055203726f207170bb"));
        let tag = Cipher::gcm_seal(&key, nonce, &data, text).unwrap();
        packet.extend(tag);
        assert_eq!(packet, hex(expected));
    };
    check(
        KEY_128,
        "81c8000d4d617273 63e94885dcdab67c a727d7662f6b7e99 7ff5c0f76c06f32d c676a5f1730d6fda \
         4ce09b4686303ded 0bb9275bc84aa458 96cf4d2fc5abf872 45d9eade",
    );
    check(
        KEY_256,
        "81c8000d4d617273 d50ae4d1f5ce5d30 4ba297e47d470c28 2c3ece5dbffe0a50 a2eaa5c1110555be \
         8415f658c61de047 6f1b6fad1d1eb30c 4446839f57ff6f6c b26ac3be",
    );
}

#[test]
fn a_packet_of_the_reference_implementation_is_reproduced() {
    // The validation packet that libsrtp ships for AES_CM_128_HMAC_SHA1_80.
    let master = MasterKey::from_concatenated(
        Profile::Aes128CmSha1_80,
        &hex("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6"),
    )
    .unwrap();
    let clear = hex("800f1234decafbadcafebabe abababababababababababababababab");
    let mut sender = Protector::new(&master, 1).unwrap();
    let packet = protect(&mut sender, &clear).unwrap();
    assert_eq!(
        packet,
        hex("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb")
    );
    let mut receiver = Unprotector::new(&master, 1, ReplayProtection::On).unwrap();
    assert_eq!(receive(&mut receiver, &packet), Ok(None));
}

#[test]
fn a_changed_bit_anywhere_fails_and_leaves_the_bytes_alone() {
    for profile in Profile::ALL {
        let (mut sender, mut receiver) = pair(profile);
        let good = protect(&mut sender, &rtp(5, 1, b"hello")).unwrap();
        for at in [1, 4, 9, 12, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let before = bad.clone();
            assert!(receiver.unprotect_rtp(&mut bad).is_err(), "{profile:?} byte {at}");
            assert_eq!(bad, before);
        }
        assert_eq!(receive(&mut receiver, &good), Ok(None));
        assert_eq!(receiver.sources.list.len(), 1, "forged packets open no stream");
    }
}

#[test]
fn a_replayed_packet_is_refused_unless_protection_is_off() {
    let (mut sender, mut receiver) = pair(Profile::Aes128CmSha1_80);
    let packets: Vec<_> = (1..2000).map(|sequence| protect_seq(&mut sender, sequence)).collect();
    for packet in &packets {
        assert_eq!(receive(&mut receiver, packet), Ok(None));
    }
    assert_eq!(receive(&mut receiver, &packets[1990]), Err(SrtpError::Duplicate));
    assert_eq!(receive(&mut receiver, &packets[0]), Err(SrtpError::TooOld));

    let master = master(Profile::Aes128CmSha1_80);
    let mut careless = Unprotector::new(&master, 4, ReplayProtection::Off).unwrap();
    for index in [1990, 1990, 0] {
        assert_eq!(receive(&mut careless, &packets[index]), Ok(None));
    }
}

#[test]
fn a_sequence_number_is_never_protected_twice() {
    let (mut sender, _) = pair(Profile::AeadAes128Gcm);
    protect_seq(&mut sender, 10);
    protect_seq(&mut sender, 12);
    protect_seq(&mut sender, 11);
    let again = protect(&mut sender, &rtp(11, 1, b"other"));
    assert_eq!(again, Err(SrtpError::IndexReused));
}

#[test]
fn the_table_of_streams_is_bounded() {
    let master = master(Profile::AeadAes256Gcm);
    let mut sender = Protector::new(&master, 2).unwrap();
    for ssrc in 0..2 {
        protect(&mut sender, &rtp(1, ssrc, b"x")).unwrap();
    }
    assert_eq!(protect(&mut sender, &rtp(1, 2, b"x")), Err(SrtpError::TooManySources));
}

/// FAQ-04: after `played` packets the peer starts over with `restart` and a rollover counter of
/// zero. Returns how many packets were lost, and how many notices came.
fn restart(profile: Profile, first: u16, played: u32, restart: u16) -> (usize, usize) {
    let (mut sender, mut receiver) = pair(profile);
    let mut sequence = first;
    for _ in 0..played {
        receive(&mut receiver, &protect_seq(&mut sender, sequence)).unwrap();
        sequence = sequence.wrapping_add(1);
    }
    let (mut reborn, _) = pair(profile);
    let results: Vec<_> = (0..200)
        .map(|n| receive(&mut receiver, &protect_seq(&mut reborn, restart.wrapping_add(n))))
        .collect();
    let lost = results.iter().filter(|result| result.is_err()).count();
    assert!(results[lost..].iter().all(Result::is_ok), "no loss after the restart");
    (lost, results.iter().filter(|result| matches!(result, Ok(Some(_)))).count())
}

#[test]
fn a_peer_that_resets_its_sequence_is_heard_again_within_160_ms() {
    for profile in [Profile::Aes128CmSha1_80, Profile::AeadAes128Gcm] {
        // "Index too old": back by more than the window within one round.
        assert_eq!(restart(profile, 10_000, 5_000, 100), (7, 1));
        // Lost rollover counter, as after 22 minutes of talk.
        assert_eq!(restart(profile, 60_000, 10_000, 3_000), (7, 1));
        // Far ahead in sequence while the rollover counter fell back.
        assert_eq!(restart(profile, 60_000, 10_000, 50_000), (7, 1));
        // Into numbers that were just used: they look like duplicates.
        assert_eq!(restart(profile, 10_000, 500, 10_400), (63, 1));
    }
}

#[test]
fn a_recorded_passage_does_not_interrupt_a_live_stream() {
    let (mut sender, mut receiver) = pair(Profile::Aes128CmSha1_80);
    let recorded: Vec<_> = (0..100).map(|sequence| protect_seq(&mut sender, sequence)).collect();
    for packet in &recorded {
        receive(&mut receiver, packet).unwrap();
    }
    for sequence in 100..3000 {
        let live = protect_seq(&mut sender, sequence);
        assert_eq!(receive(&mut receiver, &live), Ok(None));
        let replayed = &recorded[usize::from(sequence) % 100];
        assert!(receive(&mut receiver, replayed).is_err());
    }
    assert_eq!(receiver.resyncs_total(), 0);
}

#[test]
fn restarts_are_bounded_and_noticed_once() {
    let (mut sender, mut receiver) = pair(Profile::Aes128CmSha1_80);
    for sequence in 20_000..20_010 {
        receive(&mut receiver, &protect_seq(&mut sender, sequence)).unwrap();
    }
    let mut notices = 0;
    for round in 0_u16..12 {
        let (mut reborn, _) = pair(Profile::Aes128CmSha1_80);
        for n in 0..20 {
            let packet = protect_seq(&mut reborn, 19_000 - round * 1500 + n);
            notices += usize::from(matches!(receive(&mut receiver, &packet), Ok(Some(_))));
        }
    }
    assert_eq!((receiver.resyncs_total(), notices), (u32::from(super::super::MAX_RESYNCS), 1));
}

#[test]
fn a_standby_continues_from_a_snapshot() {
    let (mut sender, mut receiver) = pair(Profile::AeadAes128Gcm);
    let mut last = Vec::new();
    for sequence in (65_000..=65_535).chain(0..50) {
        last = protect_seq(&mut sender, sequence);
        receive(&mut receiver, &last).unwrap();
    }
    let (mut standby_sender, mut standby_receiver) = pair(Profile::AeadAes128Gcm);
    standby_sender.restore(&sender.snapshot()).unwrap();
    standby_receiver.restore(&receiver.snapshot()).unwrap();
    assert_eq!(receive(&mut standby_receiver, &last), Err(SrtpError::Duplicate));
    let next = protect_seq(&mut standby_sender, 51);
    assert_eq!(receive(&mut standby_receiver, &next), Ok(None));
    assert_eq!(protect(&mut standby_sender, &rtp(49, 1, b"")), Err(SrtpError::IndexReused));
}

#[test]
fn rtcp_in_clear_is_refused() {
    let (_, mut receiver) = pair(Profile::Aes128CmSha1_80);
    let mut packet = hex("80c90001 01020304 00000001 00000000000000000000");
    assert_eq!(receiver.unprotect_rtcp(&mut packet), Err(SrtpError::Unencrypted));
}

proptest! {
    #[test]
    fn any_order_within_the_window_arrives_once(
        start: u16,
        order in Just((0_u16..40).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let start = start & 0x7fff;
        let (mut sender, mut receiver) = pair(Profile::Aes128CmSha1_80);
        let packets: Vec<_> =
            (0..40).map(|n| protect_seq(&mut sender, start.wrapping_add(n))).collect();
        for n in &order {
            prop_assert_eq!(receive(&mut receiver, &packets[usize::from(*n)]), Ok(None));
        }
        for packet in packets.iter().take(7) {
            prop_assert_eq!(receive(&mut receiver, packet), Err(SrtpError::Duplicate));
        }
    }

    #[test]
    fn garbage_is_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for profile in [Profile::Aes128CmSha1_32, Profile::AeadAes256Gcm] {
            let (_, mut receiver) = pair(profile);
            prop_assert!(receiver.unprotect_rtcp(&mut bytes).is_err());
            // A 32-bit tag cannot be guessed by proptest.
            prop_assert!(receiver.unprotect_rtp(&mut bytes).is_err());
        }
    }
}
