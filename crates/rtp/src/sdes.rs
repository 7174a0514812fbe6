//! Keys carried in SDP (RFC 4568): the `inline:` parameter of `a=crypto` to and from a
//! [`MasterKey`]. The line itself is parsed by `sdp`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use std::fmt;

use sidetone_base::Random;

use crate::srtp::{MasterKey, Profile};

/// Bytes of key and salt of the largest profile, in base64.
const MAX_INLINE_LEN: usize = 64;

/// Why key parameters cannot be used. The peer's fault, or a limit of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SdesError {
    /// The key method is not `inline:`.
    NotInline,
    /// The key is not base64.
    NotBase64,
    /// Key and salt have another length than the crypto-suite needs.
    WrongLength,
    /// The line wants a master key identifier in packets, which Sidetone does not write.
    KeyIdentifier,
}

impl fmt::Display for SdesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotInline => "a=crypto without an inline: key",
            Self::NotBase64 => "the key in a=crypto is not base64",
            Self::WrongLength => "the key in a=crypto is too long or short for its crypto-suite",
            Self::KeyIdentifier => "a=crypto asks for a master key identifier (MKI): not supported",
        })
    }
}

impl std::error::Error for SdesError {}

/// Reads `inline:KEY[|lifetime]`. A lifetime is accepted and means nothing: no call sends 2³¹
/// packets.
///
/// # Errors
/// See [`SdesError`].
pub fn parse_key(profile: Profile, key_params: &str) -> Result<MasterKey, SdesError> {
    let key_params = key_params.trim();
    let prefix = key_params.get(..7).filter(|prefix| prefix.eq_ignore_ascii_case("inline:"));
    prefix.ok_or(SdesError::NotInline)?;
    let mut parts = key_params[7..].split('|');
    let encoded = parts.next().unwrap_or_default();
    // The lifetime is a number or a power of two; `1:4` is a key identifier and its length.
    if parts.any(|part| part.contains(':')) {
        return Err(SdesError::KeyIdentifier);
    }
    if encoded.len() > MAX_INLINE_LEN {
        return Err(SdesError::WrongLength);
    }
    // Some phones leave the padding off.
    let bytes =
        STANDARD_NO_PAD.decode(encoded.trim_end_matches('=')).map_err(|_| SdesError::NotBase64)?;
    MasterKey::from_concatenated(profile, &bytes).map_err(|_| SdesError::WrongLength)
}

/// Writes `inline:KEY`.
#[must_use]
pub fn format_key(key: &MasterKey) -> String {
    let both = [key.key(), key.salt()].concat();
    format!("inline:{}", STANDARD.encode(both))
}

/// Draws a new key.
#[must_use]
pub fn generate_key(profile: Profile, random: &mut dyn Random) -> MasterKey {
    let mut bytes = [0; 46];
    let bytes = &mut bytes[..profile.key_len() + profile.salt_len()];
    random.fill(bytes);
    MasterKey::from_concatenated(profile, bytes)
        .unwrap_or_else(|_| unreachable!("the slice has exactly the length that the profile names"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidetone_base::SeededRandom;

    const PROFILE: Profile = Profile::Aes128CmSha1_80;

    #[test]
    fn the_example_of_rfc_4568_is_read() {
        let text = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20";
        let key = parse_key(PROFILE, text).unwrap();
        assert_eq!(key.key(), b"YS___semctl () {");
        assert_eq!(format_key(&key), text.trim_end_matches("|2^20"));
    }

    #[test]
    fn generated_keys_read_back() {
        let mut random = SeededRandom::new(1);
        for profile in Profile::ALL {
            let key = generate_key(profile, &mut random);
            let text = format_key(&key);
            assert_eq!(parse_key(profile, &text).unwrap(), key);
            assert_eq!(parse_key(profile, text.trim_end_matches('=')).unwrap(), key);
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let check = |text, error| assert_eq!(parse_key(PROFILE, text), Err(error), "{text}");
        check("uri:whatever", SdesError::NotInline);
        check("", SdesError::NotInline);
        check("inline:!!", SdesError::NotBase64);
        check("inline:AAAA", SdesError::WrongLength);
        check("inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4", SdesError::KeyIdentifier);
    }
}
