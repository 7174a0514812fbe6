//! URIs: `sip:` and `sips:` in full (RFC 3261 §19.1), `tel:` (RFC 3966), anything else as it came.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::lex;
use crate::params::{Param, Params};
use crate::text::Text;

/// A URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uri {
    /// `sip:` or `sips:`.
    Sip(SipUri),
    /// `tel:`.
    Tel(TelUri),
    /// Any other scheme, whole and unread.
    Other(Text),
}

/// `sip` or `sips`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip:`.
    Sip,
    /// `sips:` – every hop secured.
    Sips,
}

/// The host of a URI or Via.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name, as written.
    Name(Text),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address (in brackets on the wire).
    V6(Ipv6Addr),
}

/// A `sip:` or `sips:` URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipUri {
    /// `sip` or `sips`.
    pub scheme: Scheme,
    /// The user part as written, escapes included. See [`SipUri::user_decoded`].
    pub user: Option<Text>,
    /// The password, as written.
    pub password: Option<Text>,
    /// The host.
    pub host: Host,
    /// The port, when written.
    pub port: Option<u16>,
    /// The URI parameters.
    pub params: Params,
    /// What follows `?`, as written, without the `?`.
    pub headers: Option<Text>,
}

/// A `tel:` URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelUri {
    /// The number as written, visual separators included.
    pub number: Text,
    /// Parameters such as `phone-context`.
    pub params: Params,
}

/// Why a URI is unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UriError(pub &'static str);

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for UriError {}

impl Uri {
    /// Reads a URI that is the whole text.
    ///
    /// # Errors
    /// When the text has no scheme, holds blanks, or is a `sip:`/`tel:` URI outside the grammar.
    pub fn parse(text: &Text) -> Result<Self, UriError> {
        let bytes = text.as_bytes();
        let Some(colon) = memchr::memchr(b':', bytes) else {
            return Err(UriError("a URI needs a scheme"));
        };
        let (scheme, rest) = bytes.split_at(colon);
        let rest = rest.get(1..).unwrap_or_default();
        let scheme_fine = scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme.iter().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b));
        if !scheme_fine {
            return Err(UriError("a URI scheme is made of letters, digits, + - ."));
        }
        if bytes.iter().any(|b| b.is_ascii_control() || matches!(b, b' ' | b'<' | b'>' | b'"')) {
            return Err(UriError("a URI holds no blanks, quotes or angle brackets"));
        }
        if scheme.eq_ignore_ascii_case(b"sip") {
            SipUri::read(Scheme::Sip, text, rest).map(Self::Sip)
        } else if scheme.eq_ignore_ascii_case(b"sips") {
            SipUri::read(Scheme::Sips, text, rest).map(Self::Sip)
        } else if scheme.eq_ignore_ascii_case(b"tel") {
            TelUri::read(text, rest).map(Self::Tel)
        } else {
            Ok(Self::Other(text.clone()))
        }
    }

    /// The `sip:`/`sips:` URI, if it is one.
    #[must_use]
    pub fn as_sip(&self) -> Option<&SipUri> {
        match self {
            Self::Sip(uri) => Some(uri),
            Self::Tel(_) | Self::Other(_) => None,
        }
    }

    /// The `sip:`/`sips:` URI for changes, if it is one.
    pub fn as_sip_mut(&mut self) -> Option<&mut SipUri> {
        match self {
            Self::Sip(uri) => Some(uri),
            Self::Tel(_) | Self::Other(_) => None,
        }
    }

    /// The same without what follows `?`: headers have a place in a Contact, not in a Request-URI
    /// or in To and From (RFC 3261 §19.1.1, table 1).
    #[must_use]
    pub fn without_headers(mut self) -> Self {
        if let Self::Sip(uri) = &mut self {
            uri.headers = None;
        }
        self
    }

    /// Whether the scheme is `sips`.
    #[must_use]
    pub fn is_sips(&self) -> bool {
        self.as_sip().is_some_and(|uri| uri.scheme == Scheme::Sips)
    }

    /// The user part with escapes undone, or the number of a `tel:` URI without separators.
    #[must_use]
    pub fn user(&self) -> Option<Text> {
        match self {
            Self::Sip(uri) => uri.user_decoded(),
            Self::Tel(uri) => Some(uri.digits()),
            Self::Other(_) => None,
        }
    }

    /// Equality by the rules of RFC 3261 §19.1.4 (`tel:` by RFC 3966 §4, others by bytes).
    #[must_use]
    pub fn equivalent(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sip(a), Self::Sip(b)) => a.equivalent(b),
            (Self::Tel(a), Self::Tel(b)) => a.equivalent(b),
            (Self::Other(a), Self::Other(b)) => a == b,
            _ => false,
        }
    }

    /// Appends the URI as written on the wire.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Sip(uri) => uri.write(out),
            Self::Tel(uri) => {
                out.extend_from_slice(b"tel:");
                out.extend_from_slice(uri.number.as_bytes());
                uri.params.write(out);
            }
            Self::Other(text) => out.extend_from_slice(text.as_bytes()),
        }
    }

    /// The URI as text.
    #[must_use]
    pub fn to_text(&self) -> Text {
        let mut out = Vec::with_capacity(64);
        self.write(&mut out);
        Text::from(out)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_text(), f)
    }
}

impl std::str::FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        Self::parse(&Text::from(text))
    }
}

impl From<SipUri> for Uri {
    fn from(uri: SipUri) -> Self {
        Self::Sip(uri)
    }
}

impl SipUri {
    /// `sip:user@host` or `sip:host`; the user is escaped where needed.
    #[must_use]
    pub fn new(user: Option<&str>, host: Host, port: Option<u16>) -> Self {
        Self {
            scheme: Scheme::Sip,
            user: user.map(|user| escape_user(user.as_bytes())),
            password: None,
            host,
            port,
            params: Params::new(),
            headers: None,
        }
    }

    /// With a parameter added or replaced.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: impl Into<Text>) -> Self {
        self.params.set(name, Some(value.into()));
        self
    }

    fn read(scheme: Scheme, whole: &Text, rest: &[u8]) -> Result<Self, UriError> {
        // The userinfo may hold `;`, `?` and `/`, so look for its `@` before anything else.
        let (userinfo, hostpart) = match split_userinfo(rest) {
            Some((userinfo, hostpart)) => (Some(userinfo), hostpart),
            None => (None, rest),
        };
        let (user, password) = match userinfo {
            Some(info) => read_userinfo(whole, info)?,
            None => (None, None),
        };
        let (hostpart, headers) = match memchr::memchr(b'?', hostpart) {
            Some(at) => (&hostpart[..at], Some(whole.share(&hostpart[at + 1..]))),
            None => (hostpart, None),
        };
        let (hostport, params) = match memchr::memchr(b';', hostpart) {
            Some(at) => (&hostpart[..at], &hostpart[at..]),
            None => (hostpart, &[][..]),
        };
        let (host, port) = Host::read_with_port(whole, hostport)?;
        if !escapes_fine(params) {
            return Err(UriError("a % in a URI is followed by two hex digits"));
        }
        let params = Params::read(whole, params).ok_or(UriError("malformed URI parameters"))?;
        Ok(Self { scheme, user, password, host, port, params, headers })
    }

    /// The user part with `%xx` undone.
    #[must_use]
    pub fn user_decoded(&self) -> Option<Text> {
        self.user.as_ref().map(unescape)
    }

    /// The headers after `?`, names and values with escapes undone.
    pub fn headers_decoded(&self) -> impl Iterator<Item = (Text, Text)> + '_ {
        let whole = self.headers.as_ref();
        whole.into_iter().flat_map(|whole| {
            whole.as_bytes().split(|b| *b == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
                let (name, value) = lex::cut(pair, b'=').unwrap_or((pair, &[]));
                (unescape(&whole.share(name)), unescape(&whole.share(value)))
            })
        })
    }

    /// The `transport=` parameter.
    #[must_use]
    pub fn transport(&self) -> Option<&Text> {
        self.params.value("transport")
    }

    /// Whether the hop is a loose router (`;lr`, RFC 3261 §16.4).
    #[must_use]
    pub fn is_loose_router(&self) -> bool {
        self.params.has("lr")
    }

    /// RFC 3261 §19.1.4. `user`, `ttl`, `method`, `maddr` and `transport` must be equal or absent
    /// in both; other parameters count only when in both; headers must all be equal.
    #[must_use]
    pub fn equivalent(&self, other: &Self) -> bool {
        let same_text = |a: &Option<Text>, b: &Option<Text>| match (a, b) {
            (Some(a), Some(b)) => unescape(a) == unescape(b),
            (None, None) => true,
            _ => false,
        };
        self.scheme == other.scheme
            && same_text(&self.user, &other.user)
            && same_text(&self.password, &other.password)
            && self.host.equivalent(&other.host)
            && self.port == other.port
            && params_equivalent(&self.params, &other.params)
            && self.headers_equivalent(other)
    }

    fn headers_equivalent(&self, other: &Self) -> bool {
        if self.headers.is_none() && other.headers.is_none() {
            return true;
        }
        let sorted = |uri: &Self| {
            let pairs = uri.headers_decoded();
            let mut list: Vec<(Vec<u8>, Text)> =
                pairs.map(|(name, value)| (name.as_bytes().to_ascii_lowercase(), value)).collect();
            list.sort();
            list
        };
        sorted(self) == sorted(other)
    }

    /// Appends the URI as written on the wire.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self.scheme {
            Scheme::Sip => b"sip:",
            Scheme::Sips => b"sips:",
        });
        if let Some(user) = &self.user {
            out.extend_from_slice(user.as_bytes());
            if let Some(password) = &self.password {
                out.push(b':');
                out.extend_from_slice(password.as_bytes());
            }
            out.push(b'@');
        }
        self.host.write(out);
        if let Some(port) = self.port {
            out.extend_from_slice(format!(":{port}").as_bytes());
        }
        self.params.write(out);
        if let Some(headers) = &self.headers {
            out.push(b'?');
            out.extend_from_slice(headers.as_bytes());
        }
    }
}

fn split_userinfo(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b'@', rest)?;
    Some((rest.get(..at)?, rest.get(at + 1..)?))
}

type UserInfo = (Option<Text>, Option<Text>);

fn read_userinfo(whole: &Text, info: &[u8]) -> Result<UserInfo, UriError> {
    let (user, password) = match memchr::memchr(b':', info) {
        Some(colon) => (&info[..colon], Some(&info[colon + 1..])),
        None => (info, None),
    };
    if user.is_empty() {
        return Err(UriError("the user part before @ is empty"));
    }
    // Tolerated beyond the grammar: `#`, which dial plans and phones send unescaped.
    let fine = |b: &u8| is_unreserved(*b) || b"&=+$,;?/%#".contains(b) || *b >= 0x80;
    if !user.iter().all(fine) || !password.unwrap_or_default().iter().all(fine) {
        return Err(UriError("the user part holds a character that must be escaped"));
    }
    if !escapes_fine(info) {
        return Err(UriError("a % in a URI is followed by two hex digits"));
    }
    Ok((Some(whole.share(user)), password.map(|password| whole.share(password))))
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte)
}

fn escapes_fine(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'%', bytes).all(|at| match bytes.get(at + 1..at + 3) {
        Some([high, low]) => lex::hex_pair(*high, *low).is_some(),
        _ => false,
    })
}

/// Parameters whose absence on one side makes URIs differ.
const STRICT_PARAMS: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];

fn params_equivalent(a: &Params, b: &Params) -> bool {
    let strict = STRICT_PARAMS.iter().all(|name| a.has(name) == b.has(name));
    strict
        && a.iter().enumerate().all(|(at, param)| {
            // A name may stand twice, although it must not: the first is held against the first.
            let same = |p: &&Param| p.name.eq_ignore_case(&param.name);
            let earlier = a.iter().take(at).filter(same).count();
            let Some(other) = b.iter().filter(same).nth(earlier) else { return true };
            match (&param.value, &other.value) {
                (Some(x), Some(y)) => {
                    unescape(x).as_bytes().eq_ignore_ascii_case(unescape(y).as_bytes())
                }
                (None, None) => true,
                _ => false,
            }
        })
}

/// Undoes `%xx`; broken escapes stay as they are.
#[must_use]
pub fn unescape(text: &Text) -> Text {
    let bytes = text.as_bytes();
    if memchr::memchr(b'%', bytes).is_none() {
        return text.clone();
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let pair = match bytes.get(at + 1..at + 3) {
            Some([high, low]) if byte == b'%' => lex::hex_pair(*high, *low),
            _ => None,
        };
        out.push(pair.unwrap_or(byte));
        at += if pair.is_some() { 3 } else { 1 };
    }
    Text::from(out)
}

/// Escapes a user part: what the grammar does not allow there becomes `%XX`.
#[must_use]
pub fn escape_user(user: &[u8]) -> Text {
    escape(user, b"&=+$,;?/")
}

/// Escapes everything but unreserved characters and those of `also_fine`.
#[must_use]
pub fn escape(bytes: &[u8], also_fine: &[u8]) -> Text {
    let mut out = Vec::with_capacity(bytes.len());
    for byte in bytes {
        if is_unreserved(*byte) || also_fine.contains(byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    Text::from(out)
}

impl Host {
    /// Reads a host without port. IPv6 may come with or without brackets.
    #[must_use]
    pub fn parse(text: &Text) -> Option<Self> {
        let bytes = text.as_bytes();
        if let Some(Ok(address)) = text.as_str().map(str::parse::<Ipv6Addr>) {
            return Some(Self::V6(address));
        }
        Self::read(text, bytes)
    }

    fn read(whole: &Text, bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        if let Some(inner) = text.strip_prefix('[') {
            return inner.strip_suffix(']')?.parse().ok().map(Self::V6);
        }
        if bytes.first().is_some_and(u8::is_ascii_digit)
            && let Ok(address) = text.parse()
        {
            return Some(Self::V4(address));
        }
        // Underscores are not host names, yet containers and Windows machines have them.
        let fine = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        let name = !bytes.is_empty() && bytes.iter().all(fine);
        name.then(|| Self::Name(whole.share(bytes)))
    }

    /// Reads `host[:port]`, blanks around the colon tolerated.
    pub(crate) fn read_with_port(
        whole: &Text,
        bytes: &[u8],
    ) -> Result<(Self, Option<u16>), UriError> {
        let bytes = bytes.trim_ascii();
        let host_end = match bytes.first() {
            Some(b'[') => memchr::memchr(b']', bytes).map_or(bytes.len(), |at| at + 1),
            _ => memchr::memchr(b':', bytes).unwrap_or(bytes.len()),
        };
        let (host, port) = bytes.split_at(host_end);
        let host = Self::read(whole, host.trim_ascii()).ok_or(UriError("malformed host"))?;
        let port = port.trim_ascii();
        if port.is_empty() {
            return Ok((host, None));
        }
        let digits = port.strip_prefix(b":").ok_or(UriError("malformed port"))?.trim_ascii();
        let port = lex::decimal(digits).and_then(|port| u16::try_from(port).ok());
        match port {
            Some(port) => Ok((host, Some(port))),
            None => Err(UriError("a port is a number up to 65535")),
        }
    }

    /// The address, when the host is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(address) => Some(IpAddr::V4(*address)),
            Self::V6(address) => Some(IpAddr::V6(*address)),
        }
    }

    /// Equality: addresses by value, names without regard to case.
    #[must_use]
    pub fn equivalent(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(a), Self::Name(b)) => a.eq_ignore_case(b),
            _ => self == other,
        }
    }

    /// Appends the host, IPv6 in brackets.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Name(name) => out.extend_from_slice(name.as_bytes()),
            Self::V4(address) => out.extend_from_slice(address.to_string().as_bytes()),
            Self::V6(address) => out.extend_from_slice(format!("[{address}]").as_bytes()),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => fmt::Display::fmt(name, f),
            Self::V4(address) => fmt::Display::fmt(address, f),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6(address),
        }
    }
}

impl From<&str> for Host {
    fn from(text: &str) -> Self {
        let text = Text::from(text);
        Self::parse(&text).unwrap_or(Self::Name(text))
    }
}

impl TelUri {
    fn read(whole: &Text, rest: &[u8]) -> Result<Self, UriError> {
        let (number, params) = match memchr::memchr(b';', rest) {
            Some(at) => rest.split_at(at),
            None => (rest, &[][..]),
        };
        let fine = |b: &u8| b.is_ascii_hexdigit() || b"+-.()*#".contains(b);
        if number.is_empty() || !number.iter().all(fine) {
            return Err(UriError("a tel: number holds digits and separators only"));
        }
        let params = Params::read(whole, params).ok_or(UriError("malformed tel: parameters"))?;
        Ok(Self { number: whole.share(number), params })
    }

    /// The number without visual separators `- . ( )`.
    #[must_use]
    pub fn digits(&self) -> Text {
        let digits = self.number.as_bytes().iter().copied();
        Text::from(digits.filter(|b| !b"-.()".contains(b)).collect::<Vec<u8>>())
    }

    fn equivalent(&self, other: &Self) -> bool {
        let (a, b) = (self.digits(), other.digits());
        a.eq_ignore_case(&b)
            && self.params.len() == other.params.len()
            && params_equivalent(&self.params, &other.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_equals_itself_even_with_a_parameter_twice() {
        let uri = Uri::parse(&Text::from(b"sip:a@b;maddr=a;maddr=b".to_vec())).expect("a URI");
        assert!(uri.equivalent(&uri));
        let other = Uri::parse(&Text::from(b"sip:a@b;maddr=a;maddr=c".to_vec())).expect("a URI");
        assert!(!uri.equivalent(&other));
    }
}
