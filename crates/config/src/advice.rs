//! Findings that no single object shows: leftovers of other systems, ports a firewall must
//! open, statements of guides that are out of date.

use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;

use sidetone_conf::{Diagnostic, Source, Span};

use crate::foreign::CHAN_SIP_IS_GONE;
use crate::objects::transport::Protocol;
use crate::report::Report;
use crate::snapshot::Config;

/// Files whose presence says something, and what.
const TELLING_FILES: &[(&str, &str, &str)] = &[
    ("sip.conf", "it is not read", CHAN_SIP_IS_GONE),
    (
        "res_stun_monitor.conf",
        "it is not read",
        "guides say that chan_sip listens to it; today it only renews outbound registrations",
    ),
];

/// Words that are looked for in the text of the files, comments included.
const TELLING_WORDS: &[(&str, &str, &str)] = &[(
    "as_tls_cert",
    "there is no script 'as_tls_cert'",
    "it is called ast_tls_cert and lies in contrib/scripts of Asterisk's source",
)];

/// Files whose text is searched for [`TELLING_WORDS`].
const SEARCHED_FILES: &[&str] = &["asterisk.conf", "http.conf", "pjsip.conf", "rtp.conf"];

/// Findings about which files there are and about words in them.
pub(crate) fn about_files(source: &dyn Source, directory: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (name, message, hint) in TELLING_FILES {
        if source.read(&format!("{directory}/{name}")).is_ok() {
            found.push(Diagnostic::warning(&Span::whole_file(*name), *message).hint(*hint));
        }
    }
    for name in SEARCHED_FILES {
        let Ok(bytes) = source.read(&format!("{directory}/{name}")) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        for (word, message, hint) in TELLING_WORDS {
            let words = |line: &str| {
                line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == *word)
            };
            if let Some((_, number)) = text.lines().zip(1u32..).find(|(line, _)| words(line)) {
                let span = Span::new(*name, number, 0);
                found.push(Diagnostic::warning(&span, *message).hint(*hint));
            }
        }
    }
    found
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
