//! Header lines in order, and their typed forms read on demand (one file per header).

use std::fmt;

use crate::lex::{self, Angles};
use crate::limits;
use crate::name::{HeaderName, Name, NameRef};
use crate::text::Text;

mod address;
mod auth;
mod call_id;
mod contact;
mod content;
mod cseq;
mod date;
mod event;
mod from_to;
mod numbers;
mod rack;
mod reason;
mod refer_to;
mod replaces;
mod retry_after;
mod route;
mod session_expires;
mod subscription_state;
mod tokens;
mod via;
mod warning;

pub use address::NameAddr;
pub use auth::{AuthParams, Authorization, ProxyAuthenticate, ProxyAuthorization, WwwAuthenticate};
pub use call_id::CallId;
pub use contact::Contact;
pub use content::{Accept, ContentDisposition, ContentLength, ContentType};
pub use cseq::CSeq;
pub use date::Date;
pub use event::Event;
pub use from_to::{From, PAssertedIdentity, PPreferredIdentity, ReferredBy, To};
pub use numbers::{Expires, MaxForwards, MinExpires, RSeq};
pub use rack::RAck;
pub use reason::Reason;
pub use refer_to::ReferTo;
pub use replaces::Replaces;
pub use retry_after::RetryAfter;
pub use route::{Path, RecordRoute, Route, ServiceRoute};
pub use session_expires::{MinSe, Refresher, SessionExpires};
pub use subscription_state::SubscriptionState;
pub use tokens::{
    Allow, AllowEvents, ProxyRequire, Require, Server, Supported, Unsupported, UserAgent,
};
pub use via::{MAGIC_COOKIE, Via};
pub use warning::Warning;

/// Why a header value is unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderError {
    /// Which header.
    pub header: Name,
    /// What is wrong with it, in words a peer's administrator can act on.
    pub problem: &'static str,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.header, self.problem)
    }
}

impl std::error::Error for HeaderError {}

/// How values of a header may share a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Commas separate values; lines add up.
    List,
    /// One value per line, lines may repeat (authentication headers hold commas).
    Lines,
    /// At most one value.
    Single,
}

/// A header with a typed value.
pub trait TypedHeader: Sized {
    /// Its name.
    const NAME: Name;
    /// How its values share lines.
    const SHAPE: Shape;

    /// Reads one value.
    ///
    /// # Errors
    /// When the value is outside the grammar.
    fn parse(value: &Text) -> Result<Self, HeaderError>;

    /// Appends the value as written on the wire.
    fn write(&self, out: &mut Vec<u8>);

    /// The value as text.
    fn to_text(&self) -> Text {
        let mut out = Vec::with_capacity(64);
        self.write(&mut out);
        Text::from(out)
    }

    /// The error of this header.
    #[must_use]
    fn error(problem: &'static str) -> HeaderError {
        HeaderError { header: Self::NAME, problem }
    }
}

/// One header line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name.
    pub name: HeaderName,
    /// The value, unfolded and trimmed, otherwise as it came.
    pub value: Text,
}

/// Header lines in the order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    lines: Vec<Header>,
}

impl Headers {
    /// No headers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with_capacity(lines: usize) -> Self {
        Self { lines: Vec::with_capacity(lines) }
    }

    /// All lines in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.lines.iter()
    }

    /// Number of lines.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The values of all lines of a header, unsplit.
    pub fn lines<'a>(&'a self, name: impl Into<NameRef<'a>>) -> impl Iterator<Item = &'a Text> {
        let name = name.into();
        self.lines.iter().filter(move |line| line.name.matches(name)).map(|line| &line.value)
    }

    /// The value of the first line of a header.
    #[must_use]
    pub fn value<'a>(&'a self, name: impl Into<NameRef<'a>>) -> Option<&'a Text> {
        self.lines(name).next()
    }

    /// Whether the header is there.
    #[must_use]
    pub fn has<'a>(&'a self, name: impl Into<NameRef<'a>>) -> bool {
        self.value(name).is_some()
    }

    /// The values of a comma-separated header over all lines, each trimmed, at most
    /// [`limits::LIST_VALUES`].
    pub fn items<'a>(&'a self, name: impl Into<NameRef<'a>>) -> impl Iterator<Item = Text> {
        self.lines(name)
            .flat_map(|line| {
                lex::split(line.as_bytes(), b',', Angles::Opaque).map(|part| line.share(part))
            })
            .filter(|value| !value.is_empty())
            .take(limits::LIST_VALUES)
    }

    /// The first value of a typed header, or none when the header is absent.
    ///
    /// # Errors
    /// When the header is there and malformed.
    pub fn typed<T: TypedHeader>(&self) -> Result<Option<T>, HeaderError> {
        let Some(line) = self.value(T::NAME) else {
            return Ok(None);
        };
        let parsed = match T::SHAPE {
            Shape::List => {
                let first = lex::split(line.as_bytes(), b',', Angles::Opaque).next();
                T::parse(&line.share(first.unwrap_or_default()))
            }
            Shape::Lines | Shape::Single => T::parse(line),
        };
        parsed.map(Some)
    }

    /// All values of a typed header.
    ///
    /// # Errors
    /// When one of them is malformed.
    pub fn typed_all<T: TypedHeader>(&self) -> Result<Vec<T>, HeaderError> {
        match T::SHAPE {
            Shape::List => self.items(T::NAME).map(|value| T::parse(&value)).collect(),
            Shape::Lines | Shape::Single => self.lines(T::NAME).map(T::parse).collect(),
        }
    }

    /// Whether a comma-separated list of words (Supported, Require, Allow…) holds `word`, in any
    /// case.
    #[must_use]
    pub fn lists(&self, name: Name, word: &str) -> bool {
        self.items(name).any(|item| item.eq_ignore_case(word))
    }

    /// Adds a line at the end. Line ends inside the value become spaces, so that a value can
    /// never add headers of its own.
    pub fn push(&mut self, name: impl Into<HeaderName>, value: impl Into<Text>) {
        self.lines.push(Header { name: name.into(), value: one_line(value.into()) });
    }

    /// Adds a line as parsed, without looking at it.
    pub(crate) fn push_parsed(&mut self, name: HeaderName, value: Text) {
        self.lines.push(Header { name, value });
    }

    /// Adds a typed header at the end.
    pub fn add<T: TypedHeader>(&mut self, header: &T) {
        self.push(T::NAME, header.to_text());
    }

    /// Adds a line above the first line of the same name, or at the top.
    pub fn push_above(&mut self, name: impl Into<HeaderName>, value: impl Into<Text>) {
        let name = name.into();
        let at = self.lines.iter().position(|line| line.name == name).unwrap_or(0);
        self.lines.insert(at, Header { name, value: one_line(value.into()) });
    }

    /// Replaces all lines of the name by one, in the place of the first, or adds it at the end.
    pub fn set(&mut self, name: impl Into<HeaderName>, value: impl Into<Text>) {
        let name = name.into();
        let value = one_line(value.into());
        let Some(at) = self.lines.iter().position(|line| line.name == name) else {
            self.lines.push(Header { name, value });
            return;
        };
        if let Some(line) = self.lines.get_mut(at) {
            line.value = value;
        }
        let mut index = 0;
        self.lines.retain(|line| {
            index += 1;
            index - 1 <= at || line.name != name
        });
    }

    /// Replaces the value of the first line of the name, leaving the others. False when absent.
    pub fn replace_first(&mut self, name: Name, value: impl Into<Text>) -> bool {
        let line = self.lines.iter_mut().find(|line| line.name.matches(name));
        line.map(|line| line.value = one_line(value.into())).is_some()
    }

    /// Replaces the topmost value of a list header, leaving the values beside and below it.
    pub fn replace_top<T: TypedHeader>(&mut self, header: &T) -> bool {
        let Some(line) = self.value(T::NAME) else {
            return false;
        };
        let mut out = Vec::with_capacity(line.len() + 32);
        header.write(&mut out);
        if T::SHAPE == Shape::List
            && let Some(comma) = lex::find_outside(line.as_bytes(), b',', Angles::Opaque)
        {
            out.extend_from_slice(line.as_bytes().get(comma..).unwrap_or_default());
        }
        self.replace_first(T::NAME, out)
    }

    /// Removes all lines of the name; how many there were.
    pub fn remove<'a>(&mut self, name: impl Into<NameRef<'a>>) -> usize {
        let name = name.into();
        let before = self.lines.len();
        self.lines.retain(|line| !line.name.matches(name));
        before - self.lines.len()
    }

    /// Adds all lines of another set at the end.
    pub fn extend(&mut self, other: &Self) {
        self.lines.extend(other.lines.iter().cloned());
    }

    /// Appends the lines, each with CRLF. Content-Length is left to the message.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for line in &self.lines {
            if line.name.matches(Name::ContentLength) {
                continue;
            }
            out.extend_from_slice(line.name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(line.value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Header;
    type IntoIter = std::slice::Iter<'a, Header>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<N: Into<HeaderName>, V: Into<Text>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(lines: I) -> Self {
        let mut headers = Self::new();
        for (name, value) in lines {
            headers.push(name, value);
        }
        headers
    }
}

/// Line ends become spaces: also undoes folding (RFC 3261 §7.3.1).
pub(crate) fn one_line(value: Text) -> Text {
    if memchr::memchr3(b'\r', b'\n', 0, value.as_bytes()).is_none() {
        return value;
    }
    let mut out = Vec::with_capacity(value.len());
    for byte in value.as_bytes() {
        match byte {
            b'\r' | b'\n' | 0 => {
                if out.last() != Some(&b' ') {
                    out.push(b' ');
                }
            }
            b' ' | b'\t' if out.last() == Some(&b' ') => {}
            other => out.push(*other),
        }
    }
    Text::from(out).trimmed()
}
