//! DTLS-SRTP: `a=fingerprint`, `a=setup`, `a=tls-id` (RFC 8122, RFC 4145, RFC 8842).

use std::fmt;

use crate::limits::MAX_FINGERPRINTS;
use crate::session::{Media, Session};

/// `a=fingerprint:sha-256 AB:CD:…`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Hash function in lower case.
    pub algorithm: String,
    /// The digest.
    pub digest: Vec<u8>,
}

impl Fingerprint {
    /// Reads what follows `a=fingerprint:`. `None` for hash functions that protect nothing (MD5)
    /// or are unknown, and for digests of the wrong length.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (algorithm, digest) = text.split_once(' ')?;
        let algorithm = algorithm.to_ascii_lowercase();
        let length = digest_bytes(&algorithm)?;
        let digest: Option<Vec<u8>> = digest.trim().split(':').map(hex_byte).collect();
        let digest = digest.filter(|digest| digest.len() == length)?;
        Some(Self { algorithm, digest })
    }

    /// The fingerprints that hold for an `m=` section: its own, else the session's; `sha-256`
    /// first.
    #[must_use]
    pub fn all(session: &Session, media: &Media) -> Vec<Self> {
        let own = media.attributes.has("fingerprint");
        let level = if own { &media.attributes } else { &session.attributes };
        let lines = level.values("fingerprint").filter_map(Self::parse);
        let mut found: Vec<Self> = Vec::new();
        for fingerprint in lines.take(MAX_FINGERPRINTS) {
            if !found.contains(&fingerprint) {
                found.push(fingerprint);
            }
        }
        found.sort_by_key(|fingerprint| fingerprint.algorithm != "sha-256");
        found
    }
}

fn digest_bytes(algorithm: &str) -> Option<usize> {
    match algorithm {
        "sha-1" => Some(20),
        "sha-224" => Some(28),
        "sha-256" => Some(32),
        "sha-384" => Some(48),
        "sha-512" => Some(64),
        _ => None,
    }
}

fn hex_byte(text: &str) -> Option<u8> {
    let hex = text.len() == 2 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if hex { u8::from_str_radix(text, 16).ok() } else { None }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.algorithm)?;
        for (index, byte) in self.digest.iter().enumerate() {
            write!(f, "{}{byte:02X}", if index > 0 { ":" } else { "" })?;
        }
        Ok(())
    }
}

/// `a=setup`: who opens the DTLS association (RFC 4145 §4, RFC 8842 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// Either; the answerer decides. Only in offers.
    Actpass,
    /// The author of the line does.
    Active,
    /// The other side does.
    Passive,
    /// Nobody for now.
    Holdconn,
}

impl Setup {
    /// Reads a word in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Actpass, Self::Active, Self::Passive, Self::Holdconn];
        all.into_iter().find(|setup| setup.name().eq_ignore_ascii_case(text.trim()))
    }

    /// The setup that holds for an `m=` section: its own, else the session's.
    #[must_use]
    pub fn of(session: &Session, media: &Media) -> Option<Self> {
        let value = media.attributes.value("setup").or(session.attributes.value("setup"));
        value.and_then(Self::parse)
    }

    /// The word in the attribute and in `dtls_setup=`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Actpass => "actpass",
            Self::Active => "active",
            Self::Passive => "passive",
            Self::Holdconn => "holdconn",
        }
    }
}

/// `a=tls-id` of an `m=` section, else of the session (RFC 8842 §4).
#[must_use]
pub fn tls_id<'a>(session: &'a Session, media: &'a Media) -> Option<&'a str> {
    media.attributes.value("tls-id").or(session.attributes.value("tls-id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_print_as_they_were_read_and_weak_or_cut_ones_are_refused() {
        let text = format!("sha-256 {}", vec!["AB"; 32].join(":"));
        assert_eq!(Fingerprint::parse(&text).unwrap().to_string(), text);
        let lower = text.replace("AB", "ab").replace("sha", "SHA");
        assert_eq!(Fingerprint::parse(&lower).unwrap().to_string(), text);
        assert_eq!(Fingerprint::parse("sha-256 AB:CD"), None);
        assert_eq!(Fingerprint::parse(&format!("md5 {}", vec!["AB"; 16].join(":"))), None);
        assert_eq!(Fingerprint::parse(&format!("sha-1 {}", vec!["+A"; 20].join(":"))), None);
    }

    #[test]
    fn a_fingerprint_at_session_level_holds_for_every_section_without_its_own() {
        let digest = |byte: &str| vec![byte; 32].join(":");
        let text = format!(
            "v=0\na=fingerprint:sha-256 {}\nm=audio 9 X 0\nm=audio 9 X 0\n\
             a=fingerprint:sha-1 {}\na=fingerprint:sha-256 {}\n",
            digest("01"),
            vec!["02"; 20].join(":"),
            digest("03")
        );
        let session = Session::parse(text.as_bytes()).unwrap();
        assert_eq!(Fingerprint::all(&session, &session.media[0])[0].digest, [1; 32]);
        let own = Fingerprint::all(&session, &session.media[1]);
        assert_eq!(own[0].algorithm, "sha-256");
        assert_eq!(own.len(), 2);
    }
}
