//! Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760): the server that challenges and
//! verifies, and the answer of a client.
//!
//! Nonces carry their own time and a MAC, so that nothing is stored for a challenge that is never
//! answered; what is stored, in a bounded table, is the highest nonce count of those that were,
//! which is what stops a replay.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};
use sidetone_base::Random;

mod client;
mod credentials;

pub(crate) use client::Proof;
pub use client::{Login, Logins, answer, credentials_for};
pub use credentials::{AuthParams, Credentials};

/// Answered nonces that are remembered while they live. With the default life of 32 s this is 3,000
/// logins per second; beyond it the oldest is forgotten and must be renewed (`stale=true`).
pub const MAX_NONCES: usize = 100_000;

/// A hash algorithm of RFC 8760.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `MD5`, for old phones.
    Md5,
    /// `SHA-256`
    Sha256,
    /// `SHA-512-256`
    Sha512_256,
}

impl Algorithm {
    /// The token of the `algorithm` parameter.
    #[must_use]
    pub fn token(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512_256 => "SHA-512-256",
        }
    }

    /// Reads the token, in any case.
    #[must_use]
    pub fn from_token(token: &str) -> Option<Self> {
        [Self::Md5, Self::Sha256, Self::Sha512_256]
            .into_iter()
            .find(|algorithm| algorithm.token().eq_ignore_ascii_case(token))
    }

    /// The hash of the text in lower-case hexadecimal.
    #[must_use]
    pub fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(text)),
            Self::Sha256 => hex(&Sha256::digest(text)),
            Self::Sha512_256 => hex(&Sha512_256::digest(text)),
        }
    }
}

/// What is known of an account's password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// The hash of `username:realm:password` (`md5_cred`, `password_digest`).
    Ha1(String),
    /// The password itself.
    Password(String),
}

impl Secret {
    fn ha1(&self, algorithm: Algorithm, username: &str, realm: &str) -> String {
        match self {
            Self::Ha1(ha1) => ha1.to_ascii_lowercase(),
            Self::Password(password) => algorithm.hash(&format!("{username}:{realm}:{password}")),
        }
    }
}

/// What the check of an `Authorization` header found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The account knows its password.
    Accepted,
    /// Required parameters are missing or unreadable (400).
    Malformed,
    /// The nonce count was used before: a recording is played back (challenge again).
    Replayed,
    /// Right password, but the nonce is too old or not ours: challenge again with `stale=true`.
    Stale,
    /// The algorithm or qop is not one we offered (challenge again).
    UnknownAlgorithm,
    /// The `uri` parameter does not name what is requested.
    UriMismatch,
    /// Wrong password.
    WrongPassword,
}

/// The challenging side.
#[derive(Debug)]
pub struct DigestServer {
    secret: [u8; 32],
    started: Instant,
    counts: HashMap<Arc<str>, u32>,
    order: VecDeque<Answered>,
    /// Nonces made until this second that are not remembered may have been answered before.
    forgotten_until_s: Option<u64>,
}

/// An answered nonce, in the order of answers.
#[derive(Debug)]
struct Answered {
    nonce: Arc<str>,
    /// When it was made and when it stops being fresh, in seconds since the server started.
    made_s: u64,
    ends_s: u64,
}

impl DigestServer {
    /// A server whose nonces no other process can make.
    pub fn new(now: Instant, random: &mut dyn Random) -> Self {
        let mut secret = [0; 32];
        random.fill(&mut secret);
        Self {
            secret,
            started: now,
            counts: HashMap::new(),
            order: VecDeque::new(),
            forgotten_until_s: None,
        }
    }

    /// The values of the `WWW-Authenticate` headers, one per algorithm in order of preference.
    pub fn challenge(
        &self,
        now: Instant,
        random: &mut dyn Random,
        realm: &str,
        algorithms: &[Algorithm],
        freshness: Freshness,
    ) -> Vec<String> {
        let nonce = self.nonce(now, random, realm);
        let stale = if freshness == Freshness::Stale { ",stale=true" } else { "" };
        let realm = realm.replace(['"', '\\'], "");
        algorithms
            .iter()
            .map(|algorithm| {
                format!(
                    "Digest realm=\"{realm}\",nonce=\"{nonce}\",algorithm={},qop=\"auth\"{stale}",
                    algorithm.token()
                )
            })
            .collect()
    }

    /// Checks credentials against what is known of the account. `request_uri_matches` says
    /// whether the `uri` parameter names the request's URI (RFC 7616 §3.4.6); proxies may have
    /// rewritten the Request-URI, so the caller compares leniently.
    pub fn verify(
        &mut self,
        now: Instant,
        check: &Check<'_>,
        credentials: &Credentials,
    ) -> Verdict {
        let Some(algorithm) = credentials.algorithm else {
            return Verdict::UnknownAlgorithm;
        };
        if !check.algorithms.contains(&algorithm) || credentials.realm != check.realm {
            return Verdict::UnknownAlgorithm;
        }
        let Some(expected) = self.expected(check, credentials, algorithm) else {
            return Verdict::Malformed;
        };
        if !constant_time_eq(expected.as_bytes(), credentials.response.as_bytes()) {
            return Verdict::WrongPassword;
        }
        if !check.uri_matches {
            return Verdict::UriMismatch;
        }
        let Some(made_s) = self.fresh_since(now, check, &credentials.nonce) else {
            return Verdict::Stale;
        };
        self.forget_old(now);
        self.count(credentials, made_s, made_s + check.nonce_life.as_secs())
    }

    /// How many answered nonces are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.counts.len()
    }

    fn nonce(&self, now: Instant, random: &mut dyn Random, realm: &str) -> String {
        let seconds = now.saturating_duration_since(self.started).as_secs();
        let salt = random.u64();
        format!("{seconds:x}/{salt:016x}{}", self.mac(seconds, salt, realm))
    }

    fn mac(&self, seconds: u64, salt: u64, realm: &str) -> String {
        // HMAC takes keys of any length; this one has 32 bytes.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.secret) else {
            return String::new();
        };
        mac.update(&seconds.to_be_bytes());
        mac.update(&salt.to_be_bytes());
        mac.update(realm.as_bytes());
        hex(&mac.finalize().into_bytes()[..16])
    }

    /// The second in which we made this nonce, if we did and it is not too old.
    fn fresh_since(&self, now: Instant, check: &Check<'_>, nonce: &str) -> Option<u64> {
        let (seconds, rest) = nonce.split_once('/')?;
        let made_s = u64::from_str_radix(seconds, 16).ok()?;
        let salt = u64::from_str_radix(rest.get(..16)?, 16).ok()?;
        let ours = self.mac(made_s, salt, check.realm);
        let is_ours = constant_time_eq(ours.as_bytes(), rest.get(16..)?.as_bytes());
        let age =
            now.saturating_duration_since(self.started).checked_sub(Duration::from_secs(made_s));
        (is_ours && age.is_some_and(|age| age <= check.nonce_life)).then_some(made_s)
    }

    /// RFC 7616 §3.4: a nonce count must rise. Without qop there is none, and a nonce works once.
    fn count(&mut self, credentials: &Credentials, made_s: u64, ends_s: u64) -> Verdict {
        let count = credentials.nonce_count.unwrap_or(1);
        if let Some(seen) = self.counts.get_mut(credentials.nonce.as_str()) {
            if count <= *seen {
                return if credentials.qop.is_some() { Verdict::Replayed } else { Verdict::Stale };
            }
            *seen = count;
            return Verdict::Accepted;
        }
        if self.forgotten_until_s.is_some_and(|until_s| made_s <= until_s) {
            return Verdict::Stale;
        }
        if self.counts.len() >= MAX_NONCES
            && let Some(oldest) = self.order.pop_front()
        {
            self.counts.remove(&oldest.nonce);
            self.forgotten_until_s = self.forgotten_until_s.max(Some(oldest.made_s));
        }
        let nonce: Arc<str> = credentials.nonce.as_str().into();
        self.counts.insert(nonce.clone(), count);
        self.order.push_back(Answered { nonce, made_s, ends_s });
        Verdict::Accepted
    }

    /// Forgets nonces that are too old to be accepted anyway, the first to be answered first.
    fn forget_old(&mut self, now: Instant) {
        let now_s = now.saturating_duration_since(self.started).as_secs();
        while self.order.front().is_some_and(|oldest| oldest.ends_s < now_s)
            && let Some(oldest) = self.order.pop_front()
        {
            self.counts.remove(&oldest.nonce);
        }
    }

    fn expected(
        &self,
        check: &Check<'_>,
        credentials: &Credentials,
        algorithm: Algorithm,
    ) -> Option<String> {
        let secret = (check.secret)(algorithm)?;
        let ha1 = secret.ha1(algorithm, &credentials.username, &credentials.realm);
        response(algorithm, &ha1, check.method, credentials)
    }
}

/// What a request is checked against.
pub struct Check<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The realm we challenged with.
    pub realm: &'a str,
    /// The algorithms we offer for this account.
    pub algorithms: &'a [Algorithm],
    /// What is known of the password under an algorithm; `None` when nothing is.
    pub secret: &'a dyn Fn(Algorithm) -> Option<Secret>,
    /// Whether the `uri` parameter names what is requested.
    pub uri_matches: bool,
    /// `nonce_lifetime`, default 32 s.
    pub nonce_life: Duration,
}

impl std::fmt::Debug for Check<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check").field("method", &self.method).finish_non_exhaustive()
    }
}

/// Why a challenge is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// No credentials, or wrong ones.
    New,
    /// The password was right but the nonce too old: the client repeats without asking anybody.
    Stale,
}

/// RFC 7616 §3.4.1.
fn response(
    algorithm: Algorithm,
    ha1: &str,
    method: &str,
    credentials: &Credentials,
) -> Option<String> {
    let ha2 = algorithm.hash(&format!("{method}:{}", credentials.uri));
    let nonce = &credentials.nonce;
    let text = match &credentials.qop {
        None => format!("{ha1}:{nonce}:{ha2}"),
        Some(qop) if qop.eq_ignore_ascii_case("auth") => {
            let cnonce = credentials.cnonce.as_ref()?;
            let count = credentials.nonce_count?;
            format!("{ha1}:{nonce}:{count:08x}:{cnonce}:{qop}:{ha2}")
        }
        Some(_) => return None,
    };
    Some(algorithm.hash(&text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Equality whose time tells nothing about where the difference is.
fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}

#[cfg(test)]
mod tests;
