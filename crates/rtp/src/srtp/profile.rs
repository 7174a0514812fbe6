//! Protection profiles and master keys: names in SDP, numbers in DTLS, lengths.

use std::fmt;

use super::SrtpError;

/// A combination of cipher and authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// AES-128 in counter mode, HMAC-SHA1 with 80-bit tags (RFC 3711). Every peer has it.
    Aes128CmSha1_80,
    /// AES-128 in counter mode, 32-bit tags on RTP and 80-bit tags on RTCP.
    Aes128CmSha1_32,
    /// AES-256 in counter mode, 80-bit tags (RFC 6188). SDES only.
    Aes256CmSha1_80,
    /// AES-256 in counter mode, 32-bit tags on RTP. SDES only.
    Aes256CmSha1_32,
    /// AES-128 GCM (RFC 7714). The fastest, and offered first.
    AeadAes128Gcm,
    /// AES-256 GCM (RFC 7714).
    AeadAes256Gcm,
}

impl Profile {
    /// All profiles, in the order in which Sidetone prefers them.
    pub const ALL: [Self; 6] = [
        Self::AeadAes128Gcm,
        Self::AeadAes256Gcm,
        Self::Aes128CmSha1_80,
        Self::Aes256CmSha1_80,
        Self::Aes128CmSha1_32,
        Self::Aes256CmSha1_32,
    ];

    /// Bytes of the master key.
    #[must_use]
    pub fn key_len(self) -> usize {
        match self {
            Self::Aes128CmSha1_80 | Self::Aes128CmSha1_32 | Self::AeadAes128Gcm => 16,
            Self::Aes256CmSha1_80 | Self::Aes256CmSha1_32 | Self::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of the master salt.
    #[must_use]
    pub fn salt_len(self) -> usize {
        if self.is_aead() { 12 } else { 14 }
    }

    /// Bytes that protection adds to an RTP packet.
    #[must_use]
    pub fn rtp_overhead(self) -> usize {
        match self {
            Self::Aes128CmSha1_80 | Self::Aes256CmSha1_80 => 10,
            Self::Aes128CmSha1_32 | Self::Aes256CmSha1_32 => 4,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
        }
    }

    /// Bytes that protection adds to an RTCP packet: tag and index. The tag stays at 80 bits in
    /// the 32-bit profiles (RFC 5764 §4.1.2).
    #[must_use]
    pub fn rtcp_overhead(self) -> usize {
        if self.is_aead() { 20 } else { 14 }
    }

    /// Whether cipher and authentication are one algorithm.
    #[must_use]
    pub fn is_aead(self) -> bool {
        matches!(self, Self::AeadAes128Gcm | Self::AeadAes256Gcm)
    }

    /// The crypto-suite in `a=crypto` (RFC 4568 §6.2, RFC 6188 §4, RFC 7714 §14.2).
    #[must_use]
    pub fn sdes_name(self) -> &'static str {
        match self {
            Self::Aes128CmSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Aes128CmSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::Aes256CmSha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Self::Aes256CmSha1_32 => "AES_256_CM_HMAC_SHA1_32",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// Reads a crypto-suite name, in any case (some phones send lower case).
    #[must_use]
    pub fn from_sdes_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| name.eq_ignore_ascii_case(profile.sdes_name()))
    }

    /// The number in the DTLS `use_srtp` extension (RFC 5764 §4.1.2, RFC 7714 §14.2); AES-256 in
    /// counter mode has none.
    #[must_use]
    pub fn dtls_id(self) -> Option<u16> {
        match self {
            Self::Aes128CmSha1_80 => Some(0x0001),
            Self::Aes128CmSha1_32 => Some(0x0002),
            Self::AeadAes128Gcm => Some(0x0007),
            Self::AeadAes256Gcm => Some(0x0008),
            Self::Aes256CmSha1_80 | Self::Aes256CmSha1_32 => None,
        }
    }

    /// The profile with this DTLS number.
    #[must_use]
    pub fn from_dtls_id(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.dtls_id() == Some(id))
    }

    /// Bytes of keying material to export from DTLS (label `EXTRACTOR-dtls_srtp`).
    #[must_use]
    pub fn dtls_material_len(self) -> usize {
        2 * (self.key_len() + self.salt_len())
    }
}

/// Which end of the DTLS handshake we were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtlsRole {
    /// We sent the `ClientHello` (`a=setup:active`).
    Client,
    /// We answered it (`a=setup:passive`).
    Server,
}

/// Master key and salt of one direction. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    profile: Profile,
    key: [u8; 32],
    salt: [u8; 14],
}

impl MasterKey {
    /// Takes key and salt as separate bytes.
    ///
    /// # Errors
    /// [`SrtpError::WrongKeyLength`] when they do not fit the profile.
    pub fn new(profile: Profile, key: &[u8], salt: &[u8]) -> Result<Self, SrtpError> {
        if key.len() != profile.key_len() || salt.len() != profile.salt_len() {
            return Err(SrtpError::WrongKeyLength);
        }
        let mut master = Self { profile, key: [0; 32], salt: [0; 14] };
        master.key[..key.len()].copy_from_slice(key);
        master.salt[..salt.len()].copy_from_slice(salt);
        Ok(master)
    }

    /// Takes the key followed by the salt, as SDES carries them.
    ///
    /// # Errors
    /// [`SrtpError::WrongKeyLength`] when there are not exactly as many bytes as both need.
    pub fn from_concatenated(profile: Profile, key_and_salt: &[u8]) -> Result<Self, SrtpError> {
        let split = key_and_salt.split_at_checked(profile.key_len());
        let (key, salt) = split.ok_or(SrtpError::WrongKeyLength)?;
        Self::new(profile, key, salt)
    }

    /// Splits the exported keying material (RFC 5764 §4.2) into our key and the peer's key.
    ///
    /// # Errors
    /// [`SrtpError::WrongKeyLength`] when the material is not
    /// [`Profile::dtls_material_len`] bytes long.
    pub fn from_dtls(
        profile: Profile,
        material: &[u8],
        role: DtlsRole,
    ) -> Result<(Self, Self), SrtpError> {
        if material.len() != profile.dtls_material_len() {
            return Err(SrtpError::WrongKeyLength);
        }
        let (keys, salts) = material.split_at(2 * profile.key_len());
        let (client_key, server_key) = keys.split_at(profile.key_len());
        let (client_salt, server_salt) = salts.split_at(profile.salt_len());
        let client = Self::new(profile, client_key, client_salt)?;
        let server = Self::new(profile, server_key, server_salt)?;
        Ok(match role {
            DtlsRole::Client => (client, server),
            DtlsRole::Server => (server, client),
        })
    }

    /// The profile the key was made for.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key[..self.profile.key_len()]
    }

    /// The salt.
    #[must_use]
    pub fn salt(&self) -> &[u8] {
        &self.salt[..self.profile.salt_len()]
    }

    /// The salt filled up with zeros to 112 bits, as key derivation wants it (RFC 7714 §11).
    pub(super) fn salt_112(&self) -> [u8; 14] {
        self.salt
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("profile", &self.profile).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_read_back() {
        for profile in Profile::ALL {
            assert_eq!(Profile::from_sdes_name(profile.sdes_name()), Some(profile));
            if let Some(id) = profile.dtls_id() {
                assert_eq!(Profile::from_dtls_id(id), Some(profile));
            }
        }
        assert_eq!(Profile::from_dtls_id(5), None);
    }

    #[test]
    fn exported_material_is_client_key_server_key_client_salt_server_salt() {
        let profile = Profile::Aes128CmSha1_80;
        let material: Vec<u8> = (0..60).collect();
        let (local, remote) = MasterKey::from_dtls(profile, &material, DtlsRole::Client).unwrap();
        assert_eq!((local.key()[0], local.salt()[0]), (0, 32));
        assert_eq!((remote.key()[0], remote.salt()[0]), (16, 46));
        let (local, _) = MasterKey::from_dtls(profile, &material, DtlsRole::Server).unwrap();
        assert_eq!(local, remote);
        let short = MasterKey::from_dtls(profile, &material[1..], DtlsRole::Client);
        assert_eq!(short, Err(SrtpError::WrongKeyLength));
    }

    #[test]
    fn a_master_key_does_not_print_itself() {
        let key = MasterKey::new(Profile::AeadAes128Gcm, &[77; 16], &[88; 12]).unwrap();
        assert!(!format!("{key:?}").contains("77"));
    }
}
