//! Who we are to a TURN server: a long-term credential (RFC 8489 §9.2), fixed or valid for a while
//! and derived from a secret that the server shares (the "TURN REST" scheme that coturn's
//! `use-auth-secret` implements).

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use sha1::Sha1;
use sidetone_base::Pii;

/// A user name and its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub username: String,
    /// Its password.
    pub password: Pii<String>,
}

impl Credentials {
    /// Fixed ones: `turnusername` and `turnpassword`.
    #[must_use]
    pub fn fixed(username: &str, password: &str) -> Self {
        Self { username: username.to_owned(), password: Pii::new(password.to_owned()) }
    }

    /// Ones that are valid until `expires_unix_s`, seconds since 1970: the name is the time and
    /// the user, the password its HMAC-SHA1 under the shared secret in base64.
    #[must_use]
    pub fn time_limited(secret: &str, user: &str, expires_unix_s: u64) -> Self {
        let username = if user.is_empty() {
            expires_unix_s.to_string()
        } else {
            format!("{expires_unix_s}:{user}")
        };
        let password = match Hmac::<Sha1>::new_from_slice(secret.as_bytes()) {
            Ok(mut mac) => {
                mac.update(username.as_bytes());
                base64::prelude::BASE64_STANDARD.encode(mac.finalize().into_bytes())
            }
            // HMAC takes keys of any length.
            Err(_) => String::new(),
        };
        Self { username, password: Pii::new(password) }
    }

    /// The key that signs requests (RFC 8489 §9.2.2): MD5 of `user:realm:password`.
    #[must_use]
    pub fn key(&self, realm: &str) -> [u8; 16] {
        let Self { username, password } = self;
        Md5::digest(format!("{username}:{realm}:{}", password.reveal())).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_that_of_rfc_8489() {
        // RFC 8489 §9.2.2: user "user", realm "realm", password "pass".
        let key = Credentials::fixed("user", "pass").key("realm");
        assert_eq!(key[..4], [0x84, 0x93, 0xfb, 0xc5]);
    }

    #[test]
    fn time_limited_credentials_are_what_coturn_expects() {
        // echo -n 1700000000:sidetone | openssl dgst -sha1 -hmac north -binary | base64
        let made = Credentials::time_limited("north", "sidetone", 1_700_000_000);
        assert_eq!(made.username, "1700000000:sidetone");
        assert_eq!(made.password.reveal(), "UtHj2qPmY9B9nojaozsTshm37BQ=");
        assert_eq!(Credentials::time_limited("north", "", 17).username, "17");
    }
}
