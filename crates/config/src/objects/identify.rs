//! `type = identify`: requests from these addresses, or with this header, are that endpoint's.

use std::fmt;
use std::net::IpAddr;

use regex::Regex;

use crate::acl::Network;
use crate::fields::{Fields, Settings};

/// A source that is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An address block.
    Network(Network),
    /// A name to be looked up.
    Host(String),
}

/// A text, or a regular expression written between slashes.
#[derive(Clone)]
pub enum Pattern {
    /// Exactly this text.
    Exact(String),
    /// Anything the expression finds.
    Regex(Regex),
}

impl Pattern {
    /// Whether the text fits.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let inner = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        match inner {
            None => Ok(Self::Exact(text.to_owned())),
            Some(inner) => Regex::new(inner).map(Self::Regex).map_err(|error| error.to_string()),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(text),
            Self::Regex(regex) => write!(f, "/{regex}/"),
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) => a == b,
            (Self::Regex(a), Self::Regex(b)) => a.as_str() == b.as_str(),
            _ => false,
        }
    }
}

impl Eq for Pattern {}

/// A header that is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderMatch {
    /// Header name; case does not matter.
    pub name: String,
    /// What its value must be.
    pub value: Pattern,
}

/// An identify object. One criterion is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identify {
    /// The section's name.
    pub id: String,
    /// Whose requests these are.
    pub endpoint: String,
    /// Sources.
    pub sources: Vec<Source>,
    /// Headers.
    pub headers: Vec<HeaderMatch>,
    /// Request URIs.
    pub request_uris: Vec<Pattern>,
    /// Names stand for the hosts of their SRV records, where they have some.
    pub srv_lookups: bool,
    /// Only requests over this transport.
    pub transport: Option<String>,
    /// What was set, for `show` commands.
    pub settings: Settings,
}

impl Identify {
    /// Whether the address is among the address blocks; names are the resolver's business.
    pub fn matches_address(&self, address: IpAddr) -> bool {
        self.sources.iter().any(|source| match source {
            Source::Network(network) => network.contains(address),
            Source::Host(_) => false,
        })
    }

    pub(crate) fn build(fields: &mut Fields<'_>) -> Self {
        let identify = Self {
            id: fields.id(),
            endpoint: fields.string("endpoint"),
            sources: sources(fields),
            headers: headers(fields),
            request_uris: request_uris(fields),
            srv_lookups: fields.flag("srv_lookups"),
            transport: fields.text("transport"),
            settings: fields.settings(),
        };
        if identify.endpoint.is_empty() {
            let message = format!("identify '{}' names no endpoint", identify.id);
            fields.error("endpoint", message, "add endpoint = name");
        }
        let nothing = identify.sources.is_empty()
            && identify.headers.is_empty()
            && identify.request_uris.is_empty();
        if nothing {
            let message = format!("identify '{}' recognises nothing", identify.id);
            fields.error("match", message, "add match = 192.0.2.1");
        }
        identify
    }
}

fn sources(fields: &mut Fields<'_>) -> Vec<Source> {
    let mut found = Vec::new();
    for text in fields.list("match") {
        // A name never ends in a number and holds no slash, so what does is a mistyped address.
        let last = text.rsplit('.').next().unwrap_or("");
        let is_name =
            !text.contains(['/', ':']) && last.chars().any(|character| !character.is_ascii_digit());
        match Network::parse(&text) {
            Ok(network) => found.push(Source::Network(network)),
            Err(_) if is_name => found.push(Source::Host(text)),
            Err(why) => fields.error("match", why, ""),
        }
    }
    found
}

fn headers(fields: &mut Fields<'_>) -> Vec<HeaderMatch> {
    let mut found = Vec::new();
    let values: Vec<_> = fields.all("match_header").collect();
    for value in values {
        let Some((name, text)) = value.text.split_once(':') else {
            let message = format!("'match_header = {}' has no ':'", value.text);
            fields.error_at(&value.span, message, "write Name: value or Name: /regex/");
            continue;
        };
        match Pattern::parse(text.trim()) {
            Ok(value) => found.push(HeaderMatch { name: name.trim().to_owned(), value }),
            Err(why) => fields.error_at(&value.span, format!("match_header: {why}"), ""),
        }
    }
    found
}

fn request_uris(fields: &mut Fields<'_>) -> Vec<Pattern> {
    let mut found = Vec::new();
    let values: Vec<_> = fields.all("match_request_uri").collect();
    for value in values {
        match Pattern::parse(&value.text) {
            Ok(pattern) => found.push(pattern),
            Err(why) => fields.error_at(&value.span, format!("match_request_uri: {why}"), ""),
        }
    }
    found
}
