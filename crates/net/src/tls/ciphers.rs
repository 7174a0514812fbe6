//! Cipher suites by their OpenSSL names, as `tlscipher` and `cipher` list them.

use rustls::SupportedCipherSuite;
use rustls::crypto::aws_lc_rs::cipher_suite as suite;

/// The OpenSSL names of the suites that exist here, in our order of preference.
const SUITES: [(&str, SupportedCipherSuite); 9] = [
    ("TLS_AES_128_GCM_SHA256", suite::TLS13_AES_128_GCM_SHA256),
    ("TLS_AES_256_GCM_SHA384", suite::TLS13_AES_256_GCM_SHA384),
    ("TLS_CHACHA20_POLY1305_SHA256", suite::TLS13_CHACHA20_POLY1305_SHA256),
    ("ECDHE-ECDSA-AES128-GCM-SHA256", suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("ECDHE-RSA-AES128-GCM-SHA256", suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-RSA-AES256-GCM-SHA384", suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-RSA-CHACHA20-POLY1305", suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
];

/// Words that mean a class of suites; all suites here are in these classes.
const CLASSES: [&str; 6] = ["ALL", "DEFAULT", "HIGH", "SECURE", "COMPLEMENTOFDEFAULT", "ECDHE"];

/// What an OpenSSL cipher list comes to.
#[derive(Clone, Debug)]
pub struct CipherChoice {
    /// The suites to offer, in order.
    pub suites: Vec<SupportedCipherSuite>,
    /// Words that name nothing that exists here; worth a warning at load.
    pub ignored: Vec<String>,
}

/// Reads a list like `ECDHE-RSA-AES128-GCM-SHA256:HIGH:!aNULL`. TLS 1.3 suites stay offered when
/// the list names none of them, as with OpenSSL, whose cipher list is about TLS 1.2.
#[must_use]
pub fn cipher_choice(list: &str) -> CipherChoice {
    let mut choice = CipherChoice { suites: Vec::new(), ignored: Vec::new() };
    let words = list.split([':', ',', ' ']).map(str::trim).filter(|word| !word.is_empty());
    let mut named_tls13 = false;
    for word in words {
        let (removed, name) = match word.strip_prefix(['!', '-']) {
            Some(name) => (true, name),
            None => (false, word.strip_prefix('+').unwrap_or(word)),
        };
        let found = SUITES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        match (removed, found) {
            (true, Some((_, unwanted))) => choice.suites.retain(|suite| suite != unwanted),
            // What a `!class` removes (aNULL, MD5, RC4, …) does not exist here.
            (true, None) => {}
            (false, Some((known, wanted))) => {
                named_tls13 |= known.starts_with("TLS_");
                add(&mut choice.suites, *wanted);
            }
            (false, None) if CLASSES.iter().any(|class| class.eq_ignore_ascii_case(name)) => {
                SUITES.iter().skip(3).for_each(|(_, suite)| add(&mut choice.suites, *suite));
            }
            (false, None) => choice.ignored.push(word.to_owned()),
        }
    }
    if list.trim().is_empty() {
        SUITES.iter().for_each(|(_, suite)| add(&mut choice.suites, *suite));
    } else if !named_tls13 && !choice.suites.is_empty() {
        let tls13: Vec<_> = SUITES.iter().take(3).map(|(_, suite)| *suite).collect();
        choice.suites.splice(0..0, tls13);
    }
    choice
}

fn add(suites: &mut Vec<SupportedCipherSuite>, wanted: SupportedCipherSuite) {
    if !suites.contains(&wanted) {
        suites.push(wanted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_offers_everything() {
        assert_eq!(cipher_choice("").suites.len(), SUITES.len());
    }

    #[test]
    fn a_named_suite_keeps_tls13_and_reports_unknown_words() {
        let choice = cipher_choice("ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA:!aNULL");
        assert_eq!(choice.suites.len(), 4);
        assert_eq!(choice.ignored, ["AES256-SHA"]);
    }

    #[test]
    fn a_removed_suite_is_not_offered() {
        let choice = cipher_choice("HIGH:!ECDHE-RSA-AES128-GCM-SHA256");
        assert_eq!(choice.suites.len(), 8);
    }
}
