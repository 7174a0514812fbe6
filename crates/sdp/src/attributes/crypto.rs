//! SDES: `a=crypto` (RFC 4568) with the suites of RFC 4568, RFC 6188 and RFC 7714.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// An SRTP crypto suite that can be keyed by SDES.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SdesSuite {
    /// `AES_CM_128_HMAC_SHA1_80` (RFC 4568 §6.2), what everybody speaks.
    AesCm128HmacSha1_80,
    /// `AES_CM_128_HMAC_SHA1_32`: the short tag (`srtp_tag_32=yes`).
    AesCm128HmacSha1_32,
    /// `AES_256_CM_HMAC_SHA1_80` (RFC 6188).
    Aes256CmHmacSha1_80,
    /// `AES_256_CM_HMAC_SHA1_32` (RFC 6188).
    Aes256CmHmacSha1_32,
    /// `AEAD_AES_128_GCM` (RFC 7714).
    AeadAes128Gcm,
    /// `AEAD_AES_256_GCM` (RFC 7714).
    AeadAes256Gcm,
}

impl SdesSuite {
    const ALL: [Self; 6] = [
        Self::AesCm128HmacSha1_80,
        Self::AesCm128HmacSha1_32,
        Self::Aes256CmHmacSha1_80,
        Self::Aes256CmHmacSha1_32,
        Self::AeadAes128Gcm,
        Self::AeadAes256Gcm,
    ];

    /// The word in the attribute.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::Aes256CmHmacSha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Self::Aes256CmHmacSha1_32 => "AES_256_CM_HMAC_SHA1_32",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// Reads a suite name in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))
    }

    /// Bytes of master key and master salt together.
    #[must_use]
    pub fn key_and_salt_bytes(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 => 16 + 14,
            Self::Aes256CmHmacSha1_80 | Self::Aes256CmHmacSha1_32 => 32 + 14,
            Self::AeadAes128Gcm => 16 + 12,
            Self::AeadAes256Gcm => 32 + 12,
        }
    }
}

/// `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:…`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crypto {
    /// Chosen by the offerer, repeated by the answerer.
    pub tag: u32,
    /// Suite.
    pub suite: SdesSuite,
    /// Master key and salt, concatenated.
    pub key_and_salt: Vec<u8>,
}

impl Crypto {
    /// Reads what follows `a=crypto:`. `None` for a line we could not honour as it stands: an
    /// unknown suite, several keys or an MKI (packets would carry extra bytes), or a session
    /// parameter that changes the protection (RFC 4568 §6.3).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let tag = words.next()?.parse().ok()?;
        let suite = SdesSuite::parse(words.next()?)?;
        let keys = words.next()?;
        let key = keys.get(..7).filter(|p| p.eq_ignore_ascii_case("inline:")).and(keys.get(7..))?;
        if key.contains(';') || !words.all(is_harmless) {
            return None;
        }
        let mut parts = key.split('|');
        let key_and_salt = decode(parts.next()?)?;
        // What may follow is a lifetime (`2^20`); an MKI is `value:length`.
        if parts.any(|part| part.contains(':')) {
            return None;
        }
        (key_and_salt.len() == suite.key_and_salt_bytes()).then_some(Self {
            tag,
            suite,
            key_and_salt,
        })
    }
}

/// Session parameters that do not change how packets look: a hint for the window, or one the
/// offerer marked as optional with a dash.
fn is_harmless(parameter: &str) -> bool {
    parameter.starts_with('-') || parameter.to_ascii_uppercase().starts_with("WSH=")
}

fn decode(text: &str) -> Option<Vec<u8>> {
    // Some phones leave the padding out.
    STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()
}

impl fmt::Display for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode(&self.key_and_salt);
        write!(f, "{} {} inline:{key}", self.tag, self.suite.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

    #[test]
    fn lines_of_rfc_4568_are_read_with_lifetime_and_refused_with_mki() {
        let check = |text: String| Crypto::parse(&text);
        let plain = check(format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}")).unwrap();
        assert_eq!(plain.to_string(), format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"));
        assert!(check(format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20 WSH=64")).is_some());
        assert!(check(format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4")).is_none());
        assert!(check(format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1:4")).is_none());
        let unencrypted = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP");
        assert!(check(unencrypted).is_none());
        assert!(check("1 AES_CM_128_HMAC_SHA1_80 inline:AAAA".to_owned()).is_none());
        assert!(check(format!("1 F8_128_HMAC_SHA1_80 inline:{KEY}")).is_none());
    }
}
