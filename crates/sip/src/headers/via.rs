//! Via (RFC 3261 §20.42) with `rport` (RFC 3581): the way a response travels back.

use std::net::IpAddr;

use super::{HeaderError, Shape, TypedHeader};
use crate::lex;
use crate::name::Name;
use crate::params::Params;
use crate::text::Text;
use crate::uri::Host;

/// The prefix of branches that identify transactions by themselves (RFC 3261 §8.1.1.7).
pub const MAGIC_COOKIE: &str = "z9hG4bK";

/// One hop of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// The transport word: `UDP`, `WSS`, or one nobody knows.
    pub transport: Text,
    /// The host of sent-by.
    pub host: Host,
    /// The port of sent-by, when written.
    pub port: Option<u16>,
    /// Branch, received, rport and others.
    pub params: Params,
}

impl Via {
    /// A Via of ours: transport, sent-by and branch; `rport` asks for symmetric answers.
    #[must_use]
    pub fn new(transport: &'static str, host: Host, port: Option<u16>, branch: Text) -> Self {
        let params = Params::new().with("branch", branch).with_flag("rport");
        Self { transport: Text::from_static(transport), host, port, params }
    }

    /// The branch as written.
    #[must_use]
    pub fn branch(&self) -> Option<&Text> {
        self.params.value("branch")
    }

    /// Whether the branch identifies the transaction: it begins with the magic cookie and has
    /// something behind it (RFC 4475 §3.2.1).
    #[must_use]
    pub fn is_branch_unique(&self) -> bool {
        let cookie = MAGIC_COOKIE.as_bytes();
        self.branch().map(Text::as_bytes).is_some_and(|branch| {
            let prefix = branch.get(..cookie.len());
            prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(cookie))
                && branch.len() > cookie.len()
        })
    }

    /// The address the request came from, as the next hop saw it. IPv6 is read with brackets and
    /// without (RFC 5118 §4.5).
    #[must_use]
    pub fn received(&self) -> Option<IpAddr> {
        Host::parse(self.params.value("received")?)?.ip()
    }

    /// The `rport` value; `None` inside when the parameter is there without one.
    #[must_use]
    pub fn rport(&self) -> Option<Option<u16>> {
        self.params.lookup("rport").map(|value| value.and_then(Text::decimal))
    }

    /// Whether sent-by is this host and port, with the transport's default when none is written.
    #[must_use]
    pub fn sent_by_is(&self, host: &Host, port: u16, default_port: u16) -> bool {
        self.host.equivalent(host) && self.port.unwrap_or(default_port) == port
    }

    fn read(value: &Text) -> Result<Self, &'static str> {
        let bytes = value.as_bytes();
        let (name, rest) = lex::cut(bytes, b'/').ok_or("SIP/2.0/transport comes first")?;
        let (version, rest) = lex::cut(rest, b'/').ok_or("SIP/2.0/transport comes first")?;
        if !name.eq_ignore_ascii_case(b"SIP") || version != b"2.0" {
            return Err("the protocol is not SIP/2.0");
        }
        let end = rest.iter().position(u8::is_ascii_whitespace).ok_or("sent-by is missing")?;
        let (transport, rest) = rest.split_at(end);
        if !lex::all_token(transport) {
            return Err("the transport is not a token");
        }
        let rest = rest.trim_ascii();
        let (sent_by, params) = match memchr::memchr(b';', rest) {
            Some(at) => rest.split_at(at),
            None => (rest, &[][..]),
        };
        let (host, port) = Host::read_with_port(value, sent_by).map_err(|error| error.0)?;
        let params = Params::read(value, params).ok_or("malformed parameters")?;
        Ok(Self { transport: value.share(transport), host, port, params })
    }
}

impl TypedHeader for Via {
    const NAME: Name = Name::Via;
    const SHAPE: Shape = Shape::List;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        Self::read(value).map_err(Self::error)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"SIP/2.0/");
        out.extend_from_slice(self.transport.as_bytes());
        out.push(b' ');
        self.host.write(out);
        if let Some(port) = self.port {
            out.extend_from_slice(format!(":{port}").as_bytes());
        }
        self.params.write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_anywhere_are_tolerated() {
        let via =
            Via::parse(&Text::from("SIP  / 2.0  / TCP  h.example : 5070  ;  branch = z9hG4bKx"));
        let via = via.unwrap();
        assert_eq!(via.to_text(), "SIP/2.0/TCP h.example:5070;branch=z9hG4bKx");
        assert!(via.is_branch_unique());
    }

    #[test]
    fn a_bare_cookie_identifies_nothing() {
        let via = Via::parse(&Text::from("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK")).unwrap();
        assert!(!via.is_branch_unique());
    }
}
