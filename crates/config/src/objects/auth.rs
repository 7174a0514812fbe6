//! `type = auth`: a user name with a password or its hashes (RFC 7616, RFC 8760).

use sidetone_base::Pii;

use crate::fields::{Fields, Settings};
use crate::table::choices;

choices! {
    /// What an auth object stores.
    pub enum AuthType {
        /// A password in clear text.
        Userpass = "userpass",
        /// The MD5 of `user:realm:password`.
        Md5 = "md5",
        /// A password, hashes, or both.
        Digest = "digest",
        /// A token service; not supported.
        GoogleOauth = "google_oauth",
    }
}

choices! {
    /// A hash of digest authentication.
    pub enum DigestAlgorithm {
        /// RFC 7616, kept for old phones.
        Md5 = "MD5",
        /// RFC 8760.
        Sha256 = "SHA-256",
        /// RFC 8760.
        Sha512Half = "SHA-512-256",
    }
}

impl DigestAlgorithm {
    /// How many hexadecimal digits a hash has.
    pub fn hex_digits(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::Sha256 | Self::Sha512Half => 64,
        }
    }
}

/// The hash of `user:realm:password`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordDigest {
    /// Which hash.
    pub algorithm: DigestAlgorithm,
    /// Lower-case hexadecimal digits.
    pub hash: Pii<String>,
}

/// Credentials, ours or a user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// The section's name.
    pub id: String,
    /// What is stored.
    pub auth_type: AuthType,
    /// User name.
    pub username: String,
    /// Password in clear text, when stored.
    pub password: Option<Pii<String>>,
    /// Hashes, at most one per algorithm.
    pub digests: Vec<PasswordDigest>,
    /// Realm; empty for the global default.
    pub realm: String,
    /// Seconds a challenge stays good.
    pub nonce_lifetime_s: u32,
    /// Hashes to challenge with, best first; empty for the global default.
    pub algorithms_uas: Vec<DigestAlgorithm>,
    /// Hashes to answer challenges with; empty for the global default.
    pub algorithms_uac: Vec<DigestAlgorithm>,
    /// What was set, for `show` commands.
    pub settings: Settings,
}

impl Auth {
    /// The stored hash for an algorithm, if any; otherwise it is computed from the password.
    pub fn digest(&self, algorithm: DigestAlgorithm) -> Option<&Pii<String>> {
        self.digests.iter().find(|digest| digest.algorithm == algorithm).map(|digest| &digest.hash)
    }

    pub(crate) fn build(fields: &mut Fields<'_>) -> Self {
        let auth_type = fields.choice("auth_type").unwrap_or(AuthType::Digest);
        let auth = Self {
            id: fields.id(),
            auth_type,
            username: fields.string("username"),
            password: fields.text("password").map(Pii::new),
            digests: digests(fields),
            realm: fields.string("realm"),
            nonce_lifetime_s: fields.number("nonce_lifetime"),
            algorithms_uas: fields.choices("supported_algorithms_uas"),
            algorithms_uac: fields.choices("supported_algorithms_uac"),
            settings: fields.settings(),
        };
        auth.check(fields);
        auth
    }

    fn check(&self, fields: &mut Fields<'_>) {
        if self.auth_type == AuthType::GoogleOauth {
            let message = String::from("auth_type = google_oauth is not supported");
            return fields.error("auth_type", message, "use digest");
        }
        if self.username.is_empty() {
            let message = format!("auth '{}' has no username", self.id);
            fields.error("username", message, format!("add username = {}", self.id));
        }
        let has_hash = !self.digests.is_empty();
        let (enough, what) = match self.auth_type {
            AuthType::Userpass => (self.password.is_some(), "password"),
            AuthType::Md5 => (has_hash, "md5_cred"),
            _ => (self.password.is_some() || has_hash, "password or password_digest"),
        };
        if !enough {
            let message = format!("auth '{}' of type {} has no {what}", self.id, self.auth_type);
            fields.error("auth_type", message, format!("add {what}, or nobody can log in"));
        }
        let usable = |listed: &DigestAlgorithm| self.digest(*listed).is_some();
        let listed = &self.algorithms_uas;
        if enough && self.password.is_none() && !listed.is_empty() && !listed.iter().any(usable) {
            let message = format!("auth '{}' has no hash of an algorithm it lists", self.id);
            let cure = "list the algorithm of a password_digest, or nobody can log in";
            fields.error("supported_algorithms_uas", message, cure);
        }
        if has_hash && self.password.is_none() && self.realm.is_empty() {
            let message = format!("auth '{}' stores a hash and names no realm", self.id);
            fields.warn(
                "realm",
                message,
                "a hash holds for one realm: add realm, or it must have been made for the \
                 default_realm of global",
            );
        }
    }
}

fn digests(fields: &mut Fields<'_>) -> Vec<PasswordDigest> {
    let mut found: Vec<PasswordDigest> = Vec::new();
    let mut lines: Vec<(String, &'static str)> = Vec::new();
    lines.extend(fields.all("md5_cred").map(|v| (format!("MD5:{}", v.text), "md5_cred")));
    lines.extend(fields.all("password_digest").map(|v| (v.text.to_string(), "password_digest")));
    for (line, option) in lines {
        let (name, hash) = line.split_once(':').unwrap_or(("", &line));
        let algorithm = DigestAlgorithm::from_name(name.trim());
        let hash = hash.trim().to_ascii_lowercase();
        if hash.is_empty() && option == "md5_cred" {
            continue;
        }
        let Some(algorithm) = algorithm else {
            let message = format!("'{option}' does not start with the name of a hash");
            fields.error(option, message, "write MD5:…, SHA-256:… or SHA-512-256:…");
            continue;
        };
        let digits = algorithm.hex_digits();
        if hash.len() != digits || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let message = format!("a hash of {algorithm} has {digits} hexadecimal digits");
            fields.error(option, message, "make it from user:realm:password");
            continue;
        }
        found.retain(|digest| digest.algorithm != algorithm);
        found.push(PasswordDigest { algorithm, hash: Pii::new(hash) });
    }
    found
}
