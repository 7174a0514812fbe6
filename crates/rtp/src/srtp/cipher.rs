//! Key derivation and the two ciphers, keyed once per session. Knows nothing of rollover counters
//! or replay: the packet index is an argument.

use std::fmt;

use aes::cipher::{Array, BlockCipherEncrypt, BlockSizeUser, KeyInit, consts::U16};
use aes::{Aes128, Aes256};
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::{MasterKey, SrtpError};

/// Bytes of an RTCP packet that stay in clear: the header and the sender's SSRC.
pub(super) const RTCP_CLEAR_LEN: usize = 8;
/// Bytes of a GCM tag.
pub(super) const GCM_TAG_LEN: usize = 16;
/// Bytes of an HMAC-SHA1 session key.
const AUTH_KEY_LEN: usize = 20;
/// Blocks encrypted at a time: AES-NI keeps eight in flight.
const PARALLEL_BLOCKS: usize = 8;

/// What a derived key is for (RFC 3711 §4.3.1, table 3). RTCP adds three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Keys of RTP packets.
    Rtp = 0,
    /// Keys of RTCP packets.
    Rtcp = 3,
}

/// One of the two AES sizes.
enum Aes {
    Bits128(Box<Aes128>),
    Bits256(Box<Aes256>),
}

impl Aes {
    fn new(key: &[u8]) -> Result<Self, SrtpError> {
        let wrong = |_| SrtpError::WrongKeyLength;
        Ok(match key.len() {
            16 => Self::Bits128(Box::new(Aes128::new_from_slice(key).map_err(wrong)?)),
            _ => Self::Bits256(Box::new(Aes256::new_from_slice(key).map_err(wrong)?)),
        })
    }

    /// XORs the counter-mode key stream that starts at `iv` over `text`.
    fn apply(&self, iv: &[u8; 16], text: &mut [u8]) {
        match self {
            Self::Bits128(cipher) => apply(&**cipher, iv, text),
            Self::Bits256(cipher) => apply(&**cipher, iv, text),
        }
    }
}

/// RFC 3711 §4.1.1: the low 16 bits of the initial value count blocks. A datagram has at most
/// 4,096 of them.
fn apply<C>(cipher: &C, iv: &[u8; 16], text: &mut [u8])
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let mut counter: u16 = 0;
    for chunk in text.chunks_mut(PARALLEL_BLOCKS * 16) {
        let mut stream = [Array::from(*iv); PARALLEL_BLOCKS];
        let needed = chunk.len().div_ceil(16);
        for block in &mut stream[..needed] {
            block[14..].copy_from_slice(&counter.to_be_bytes());
            counter = counter.wrapping_add(1);
        }
        cipher.encrypt_blocks(&mut stream[..needed]);
        for (part, key) in chunk.chunks_mut(16).zip(&stream) {
            for (byte, mask) in part.iter_mut().zip(key) {
                *byte ^= mask;
            }
        }
    }
}

/// Derives a session key (RFC 3711 §4.3.1 with a key derivation rate of zero).
fn derive(master: &MasterKey, label: u8, out: &mut [u8]) -> Result<(), SrtpError> {
    let mut iv = [0; 16];
    iv[..14].copy_from_slice(&master.salt_112());
    iv[7] ^= label;
    out.fill(0);
    Aes::new(master.key())?.apply(&iv, out);
    Ok(())
}

/// Which packet is protected; enters the initial value.
#[derive(Clone, Copy, Debug)]
pub(super) struct PacketIndex {
    /// The stream.
    pub(super) ssrc: u32,
    /// The 48-bit index of RTP, or the 31-bit index of RTCP.
    pub(super) index: u64,
}

/// Keys of one direction for RTP or for RTCP.
pub(super) enum Cipher {
    /// Counter mode and HMAC-SHA1.
    CounterMode {
        aes: CounterMode,
        /// Keyed once; cloned per packet.
        mac: Hmac<Sha1>,
    },
    /// AES-GCM.
    Gcm { key: Box<LessSafeKey>, salt: [u8; 12] },
}

/// Cipher and salt of counter mode.
pub(super) struct CounterMode {
    aes: Aes,
    salt: [u8; 14],
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CounterMode { .. } => "CounterMode",
            Self::Gcm { .. } => "Gcm",
        })
    }
}

impl Cipher {
    /// Derives the session keys.
    pub(super) fn new(master: &MasterKey, purpose: Purpose) -> Result<Self, SrtpError> {
        let profile = master.profile();
        let first_label = purpose as u8;
        let mut key = [0; 32];
        let key = &mut key[..profile.key_len()];
        derive(master, first_label, key)?;
        let mut salt = [0; 14];
        derive(master, first_label + 2, &mut salt[..profile.salt_len()])?;
        if profile.is_aead() {
            let algorithm = if key.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
            let key = UnboundKey::new(algorithm, key).map_err(|_| SrtpError::WrongKeyLength)?;
            let mut short_salt = [0; 12];
            short_salt.copy_from_slice(&salt[..12]);
            let key = Box::new(LessSafeKey::new(key));
            return Ok(Self::Gcm { key, salt: short_salt });
        }
        let mut auth_key = [0; AUTH_KEY_LEN];
        derive(master, first_label + 1, &mut auth_key)?;
        let mac = Hmac::new_from_slice(&auth_key).map_err(|_| SrtpError::WrongKeyLength)?;
        Ok(Self::CounterMode { aes: CounterMode { aes: Aes::new(key)?, salt }, mac })
    }

    /// Encrypts or decrypts the part of a packet after its clear header in counter mode.
    pub(super) fn apply_counter_mode(aes: &CounterMode, at: PacketIndex, text: &mut [u8]) {
        // RFC 3711 §4.1.1: IV = (k_s · 2^16) XOR (SSRC · 2^64) XOR (i · 2^16).
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&aes.salt);
        xor(&mut iv[4..8], &at.ssrc.to_be_bytes());
        xor(&mut iv[8..14], &at.index.to_be_bytes()[2..]);
        aes.aes.apply(&iv, text);
    }

    /// The authentication tag over `packet` followed by `suffix`; 20 bytes, to be truncated.
    pub(super) fn tag(mac: &Hmac<Sha1>, packet: &[u8], suffix: &[u8]) -> [u8; AUTH_KEY_LEN] {
        let mut mac = mac.clone();
        mac.update(packet);
        mac.update(suffix);
        mac.finalize().into_bytes().into()
    }

    /// Encrypts `text` in place and returns the tag.
    pub(super) fn gcm_seal(
        key: &LessSafeKey,
        nonce: [u8; 12],
        clear: &[u8],
        text: &mut [u8],
    ) -> Result<[u8; GCM_TAG_LEN], SrtpError> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        // Fails only for texts beyond 2^36 bytes.
        let tag = key
            .seal_in_place_separate_tag(nonce, Aad::from(clear), text)
            .map_err(|_| SrtpError::NoRoom)?;
        let mut bytes = [0; GCM_TAG_LEN];
        bytes.copy_from_slice(tag.as_ref());
        Ok(bytes)
    }

    /// Decrypts `text` into `out`, which is as long; `text` stays as it is, so that another
    /// rollover counter can be tried after a failure.
    pub(super) fn gcm_open(
        key: &LessSafeKey,
        nonce: [u8; 12],
        clear: &[u8],
        (text, tag): (&[u8], &[u8]),
        out: &mut [u8],
    ) -> Result<(), SrtpError> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.open_separate_gather(nonce, Aad::from(clear), text, tag, out)
            .map_err(|_| SrtpError::AuthenticationFailed)
    }
}

/// RFC 7714 §8.1 and §9.1: for RTP the index is rollover counter and sequence number (48 bits at
/// the end), for RTCP two zero bytes and the 31-bit index: the same bytes.
pub(super) fn gcm_nonce(salt: &[u8; 12], at: PacketIndex) -> [u8; 12] {
    let mut nonce = *salt;
    xor(&mut nonce[2..6], &at.ssrc.to_be_bytes());
    xor(&mut nonce[6..12], &at.index.to_be_bytes()[2..]);
    nonce
}

/// Compares in a time that does not depend on where the difference is.
pub(super) fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b));
    a.len() == b.len() && std::hint::black_box(difference) == 0
}

fn xor(target: &mut [u8], mask: &[u8]) {
    for (byte, mask) in target.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use super::*;
    use crate::srtp::session::tests::hex;

    #[test]
    fn key_stream_of_rfc_3711_appendix_b_2() {
        let aes = CounterMode {
            aes: Aes::new(&hex("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap(),
            salt: hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD").try_into().unwrap(),
        };
        // The vectors end at block counter 0xff01.
        let mut text = vec![0; 0xff02 * 16];
        Cipher::apply_counter_mode(&aes, PacketIndex { ssrc: 0, index: 0 }, &mut text);
        assert_eq!(
            text[..48],
            hex("E03EAD0935C95E80E166B16DD92B4EB4\
                 D23513162B02D0F72A43A2FE4A5F97AB\
                 41E95B3BB0A2E8DD477901E4FCA894C0")
        );
        assert_eq!(
            text[0xfeff * 16..],
            hex("EC8CDF7398607CB0F2D21675EA9EA1E4\
                 362B7C3C6773516318A077D7FC5073AE\
                 6A2CC3787889374FBEB4C81B17BA6C44")
        );
    }

    #[test]
    fn key_derivation_of_rfc_3711_appendix_b_3() {
        let master = MasterKey::new(
            Profile::Aes128CmSha1_80,
            &hex("E1F97A0D3E018BE0D64FA32C06DE4139"),
            &hex("0EC675AD498AFEEBB6960B3AABE6"),
        )
        .unwrap();
        let check = |label, expected: &str| {
            let expected = hex(expected);
            let mut out = vec![0; expected.len()];
            derive(&master, label, &mut out).unwrap();
            assert_eq!(out, expected);
        };
        check(0, "C61E7A93744F39EE10734AFE3FF7A087");
        check(2, "30CBBC08863D8C85D49DB34A9AE1");
        check(
            1,
            "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175\
             578EF72270986371C10C9A369AC2F94A8C5FBCDDDC256D6E919A48B610EF17C2041E474035766B68642C\
             59BBFC2F34DB60DBDFB2",
        );
    }

    #[test]
    fn key_derivation_of_rfc_6188_section_7_2() {
        let master = MasterKey::new(
            Profile::Aes256CmSha1_80,
            &hex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6"),
            &hex("3b04803de51ee7c96423ab5b78d2"),
        )
        .unwrap();
        let check = |label, expected: &str| {
            let expected = hex(expected);
            let mut out = vec![0; expected.len()];
            derive(&master, label, &mut out).unwrap();
            assert_eq!(out, expected);
        };
        check(0, "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4");
        check(1, "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05");
        check(2, "fa31791685ca444a9e07c6c64e93");
    }
}
