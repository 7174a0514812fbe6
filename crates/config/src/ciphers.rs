//! Names of cipher suites, as options list them: `net` speaks these, a test of the binary compares.

use crate::nearest::nearest;

/// The OpenSSL names of the suites that exist here.
pub const SUITES: &[&str] = &[
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305",
];

/// Words for all of them.
pub const CLASSES: &[&str] = &["ALL", "DEFAULT", "HIGH", "SECURE", "COMPLEMENTOFDEFAULT", "ECDHE"];

/// A list of suites, looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    /// Words that name nothing here, each with the name that was perhaps meant.
    pub(crate) unknown: Vec<(String, Option<&'static str>)>,
    /// Whether some word names something.
    pub(crate) names_any: bool,
}

/// Looks through a list like `ECDHE-RSA-AES128-GCM-SHA256:HIGH:!aNULL`. What is taken away need
/// not exist.
pub(crate) fn names(list: &str) -> Names {
    let mut found = Names { unknown: Vec::new(), names_any: false };
    let words = list.split([':', ',', ' ']).map(str::trim).filter(|word| !word.is_empty());
    for word in words.filter(|word| !word.starts_with(['!', '-'])) {
        let name = word.strip_prefix('+').unwrap_or(word);
        let is = |known: &&&str| known.eq_ignore_ascii_case(name);
        if SUITES.iter().chain(CLASSES).any(|known| is(&known)) {
            found.names_any = true;
        } else {
            found.unknown.push((word.to_owned(), nearest(name, SUITES.iter().copied())));
        }
    }
    found
}
