//! Findings that no single object shows: leftovers of other systems, ports a firewall must
//! open, statements of guides that are out of date.

use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;

use sidetone_conf::{Diagnostic, Severity, Source, Span};

use crate::foreign::CHAN_SIP_IS_GONE;
use crate::objects::transport::Protocol;
use crate::report::Report;
use crate::snapshot::Config;

/// Files whose presence says something, and what.
const TELLING_FILES: &[(&str, Severity, &str, &str)] = &[
    ("sip.conf", Severity::Warning, "it is not read", CHAN_SIP_IS_GONE),
    (
        "res_stun_monitor.conf",
        Severity::Notice,
        "a new public address renews outbound registrations and is offered to live calls",
        "guides say that chan_sip and chan_iax listen to the monitor; these are no more",
    ),
    (
        "hep.conf",
        Severity::Warning,
        "it is not read: nothing is sent to a capture server",
        "guides say that 'sngrep -E' shows calls of browsers then; Asterisk's capture gives both \
         ends of a WebSocket the same address and does not join the two legs of a call",
    ),
];

/// A word that says something wherever it stands, comments included.
struct TellingWord {
    word: &'static str,
    severity: Severity,
    message: &'static str,
    hint: &'static str,
}

/// Words that are looked for in the text of [`SEARCHED_FILES`].
const TELLING_WORDS: &[TellingWord] = &[
    TellingWord {
        word: "as_tls_cert",
        severity: Severity::Warning,
        message: "there is no script 'as_tls_cert'",
        hint: "it is called ast_tls_cert and lies in contrib/scripts of Asterisk's source",
    },
    TellingWord {
        word: "16.2.2",
        severity: Severity::Notice,
        message: "that secure WebSockets no longer close after 32 seconds since 16.2.2 is not so: \
                  the watch over silent connections (timer D) is still in Asterisk",
        hint: "here a WebSocket of a registered phone stays as long as it answers pings",
    },
    TellingWord {
        word: "wireshark",
        severity: Severity::Notice,
        message: "a capture of TLS cannot be decrypted with the server's key: no key travels in \
                  any cipher suite that is spoken today",
        hint: "'pjsip set logger on' shows the messages in clear",
    },
];

/// Files whose text is searched for [`TELLING_WORDS`].
const SEARCHED_FILES: &[&str] = &["asterisk.conf", "http.conf", "pjsip.conf", "rtp.conf"];

/// Findings about which files there are and about words in them.
pub(crate) fn about_files(source: &dyn Source, directory: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (name, severity, message, hint) in TELLING_FILES {
        if source.read(&format!("{directory}/{name}")).is_ok() {
            found.push(Diagnostic::new(*severity, &Span::whole_file(*name), *message).hint(*hint));
        }
    }
    for name in SEARCHED_FILES {
        let Ok(bytes) = source.read(&format!("{directory}/{name}")) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        for telling in TELLING_WORDS {
            let says = |(line, _): &(&str, u32)| has_word(line, telling.word);
            if let Some((_, number)) = text.lines().zip(1u32..).find(says) {
                let span = Span::new(*name, number, 0);
                let mut finding = Diagnostic::warning(&span, telling.message).hint(telling.hint);
                finding.severity = telling.severity;
                found.push(finding);
            }
        }
    }
    found
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let mut parts = line.split(|c: char| !is_part(c)).map(|part| part.trim_matches('.'));
    parts.any(|part| part.eq_ignore_ascii_case(word))
}

/// Words whose presence in `pjsip.conf`, be it in a comment, shows that the administrator knows
/// what a piece of advice would say.
const KNOWING_WORDS: &[&str] = &["md5_cred", "password_digest", "qualify_2xx_only"];

/// Which of [`KNOWING_WORDS`] stand in `pjsip.conf`.
pub(crate) fn known_words(source: &dyn Source, directory: &str) -> Vec<&'static str> {
    let bytes = source.read(&format!("{directory}/pjsip.conf")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    KNOWING_WORDS.iter().copied().filter(|word| text.contains(word)).collect()
}

/// Advice about `pjsip.conf` as a whole, each at most once.
pub(crate) fn about_habits(config: &Config, known: &[&str], report: &mut Report) {
    let span = Span::whole_file("pjsip.conf");
    let mut clear: Vec<&str> =
        config.auths.values().filter(|auth| auth.password.is_some()).map(|a| &*a.id).collect();
    clear.sort_unstable();
    let hashes = known.contains(&"md5_cred") || known.contains(&"password_digest");
    if let (Some(first), false) = (clear.first(), hashes) {
        let message = format!("passwords in clear text: {}, that of '{first}' first", clear.len());
        let hint = "password_digest = SHA-256:<hash of user:realm:password> says as much to the \
            server and less to a reader; so does md5_cred with auth_type = md5";
        report.say(Diagnostic::notice(&span, message).hint(hint));
    }
    let asks =
        |aor: &&std::sync::Arc<crate::Aor>| aor.qualify_frequency_s > 0 && !aor.qualify_2xx_only;
    let asked = config.aors.values().filter(asks).map(|aor| aor.id.as_str()).min();
    if let (Some(first), false) = (asked, known.contains(&"qualify_2xx_only")) {
        let message = format!(
            "a contact that answers OPTIONS with an error counts as reachable, for '{first}' first"
        );
        let hint = "qualify_2xx_only = yes of the aor makes it count as unreachable";
        report.say(Diagnostic::notice(&span, message).hint(hint));
    }
}

/// Findings about the objects together.
pub(crate) fn about_config(config: &Config, report: &mut Report) {
    let browsers = config.endpoints.values().any(|endpoint| endpoint.webrtc);
    let rtp = Span::whole_file("rtp.conf");
    if browsers && !config.rtp.ice_support {
        let message = "icesupport is off, and there are browser endpoints";
        report.say(Diagnostic::warning(&rtp, message).hint("write icesupport = yes"));
    }
    let http = Span::whole_file("http.conf");
    if browsers && !config.http.enabled {
        let message = "there are browser endpoints and no HTTP server for their WebSocket";
        let hint = "set enabled = yes, bindaddr, tlsenable = yes and a certificate";
        report.say(Diagnostic::warning(&http, message).hint(hint));
    } else if browsers && config.http.tls.is_none() && !config.http.bind.ip().is_loopback() {
        let message = "browsers open a microphone only on pages that come over TLS";
        let hint = "set tlsenable = yes, tlscertfile and tlsprivatekey";
        report.say(Diagnostic::notice(&http, message).hint(hint));
    }
}

/// Findings about TLS: what guides promise of cipher suites and of the server's name.
pub(crate) fn about_tls(config: &Config, report: &mut Report) {
    let mut lists: Vec<(&str, &str, String)> = Vec::new();
    if let Some(tls) = &config.http.tls {
        lists.push(("http.conf", "tlscipher", tls.cipher.clone()));
    }
    for transport in config.transports_sorted() {
        if let Some(tls) = &transport.tls {
            lists.push(("pjsip.conf", "cipher", tls.cipher.join(":")));
        }
    }
    for (file, option, list) in lists {
        let words = list.split([':', ',', ' ']).filter(|word| !word.starts_with(['!', '-']));
        if let Some(word) = words.into_iter().find(|word| carries_key(word)) {
            let message = format!(
                "{option} names '{word}', whose keys travel encrypted with the server's: no such \
                 suite is spoken"
            );
            let hint = "a capture cannot be decrypted with the server's key; 'pjsip set logger on' \
                shows the messages, and suites to name begin with ECDHE";
            report.say(Diagnostic::warning(&Span::whole_file(file), message).hint(hint));
        }
    }
    let name = &config.http.server_name;
    let looks_like_host = name.contains('.') && !name.contains([' ', '/']);
    let filters = config.http.tls.as_ref().is_none_or(|tls| !tls.required_names.is_empty());
    if looks_like_host && !filters && config.http.settings.text("require_sni").is_none() {
        let message = format!(
            "servername = {name} names the server in answers and keeps nobody out: TLS clients \
             that ask for another name, or for none, are let in, by Asterisk too"
        );
        let hint = format!("hostname = {name} refuses them");
        report.say(Diagnostic::notice(&Span::whole_file("http.conf"), message).hint(hint));
    }
}

/// Whether an OpenSSL cipher suite uses RSA key exchange.
fn carries_key(word: &str) -> bool {
    const OLD: &[&str] = &["AES", "CAMELLIA", "ARIA", "SEED", "IDEA", "DES", "RC4", "NULL"];
    let word = word.to_ascii_uppercase();
    matches!(word.as_str(), "RSA" | "KRSA" | "ARSA+KRSA")
        || (word.contains('-') && OLD.iter().any(|old| word.starts_with(old)))
}

/// Which transport protocol a port belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PortKind {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl fmt::Display for PortKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// Ports the server needs to be reached at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortRule {
    /// The ports.
    pub ports: RangeInclusive<u16>,
    /// TCP or UDP.
    pub kind: PortKind,
    /// What for, in words.
    pub purpose: String,
}

impl fmt::Display for PortRule {
    /// As firewalls write it: `5061/tcp`, `10000-20000/udp`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.ports.start(), self.ports.end());
        if start == end {
            return write!(f, "{start}/{}", self.kind);
        }
        write!(f, "{start}-{end}/{}", self.kind)
    }
}

/// The ports a firewall must open for this configuration, listeners on loopback left out.
pub fn firewall(config: &Config) -> Vec<PortRule> {
    let mut rules = Vec::new();
    let mut open = |address: SocketAddr, kind, purpose: String| {
        if !address.ip().is_loopback() {
            rules.push(PortRule { ports: address.port()..=address.port(), kind, purpose });
        }
    };
    for transport in config.transports_sorted() {
        let kind = match transport.protocol {
            Protocol::Udp => PortKind::Udp,
            Protocol::Tcp | Protocol::Tls => PortKind::Tcp,
            Protocol::Ws | Protocol::Wss | Protocol::Flow => continue,
        };
        open(transport.bind, kind, format!("SIP, transport {}", transport.id));
    }
    if config.http.enabled {
        open(config.http.bind, PortKind::Tcp, String::from("HTTP and WebSocket"));
        if let Some(tls) = &config.http.tls {
            open(tls.bind, PortKind::Tcp, String::from("HTTPS and secure WebSocket"));
        }
    }
    rules.push(PortRule {
        ports: config.rtp.ports.clone(),
        kind: PortKind::Udp,
        purpose: String::from("sound and video (RTP)"),
    });
    rules
}

/// What is wrong with a set of open ports such as `["5061/udp", "8089/tcp"]`, one sentence per
/// finding. Empty when every needed port is open.
pub fn explain_firewall(config: &Config, open: &[&str]) -> Vec<String> {
    let parsed: Vec<_> = open.iter().filter_map(|text| parse_rule(text)).collect();
    let covers = |needed: &PortRule, kind: PortKind| {
        parsed.iter().any(|(ports, open_kind)| {
            *open_kind == kind
                && ports.start() <= needed.ports.start()
                && ports.end() >= needed.ports.end()
        })
    };
    let mut found = Vec::new();
    for needed in firewall(config) {
        if covers(&needed, needed.kind) {
            continue;
        }
        let other = if needed.kind == PortKind::Tcp { PortKind::Udp } else { PortKind::Tcp };
        let purpose = &needed.purpose;
        found.push(if covers(&needed, other) {
            format!("{needed} is needed for {purpose}; only {other} is open at that port")
        } else {
            format!("{needed} is needed for {purpose} and not open")
        });
    }
    found
}

fn parse_rule(text: &str) -> Option<(RangeInclusive<u16>, PortKind)> {
    let (ports, kind) = text.split_once('/')?;
    let kind = match kind.to_ascii_lowercase().as_str() {
        "tcp" => PortKind::Tcp,
        "udp" => PortKind::Udp,
        _ => return None,
    };
    let (start, end) = ports.split_once(['-', ':']).unwrap_or((ports, ports));
    Some((start.trim().parse().ok()?..=end.trim().parse().ok()?, kind))
}
