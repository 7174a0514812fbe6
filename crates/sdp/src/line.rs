//! The structured lines: `o=`, `c=`, `m=` and the protocol word of `m=` (RFC 8866 §5.2, §5.7,
//! §5.14).

use std::fmt;
use std::net::IpAddr;

/// `o=`: who made this description and which version of it this is (RFC 8866 §5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// User name, `-` when there is none.
    pub username: String,
    /// Session id: digits, sometimes more than 64 bits of them.
    pub session_id: String,
    /// Session version: goes up by one with each changed description (RFC 3264 §8).
    pub version: String,
    /// The address in it identifies the session; nothing is sent there.
    pub address: Address,
}

impl Default for Origin {
    fn default() -> Self {
        let zero = || "0".to_owned();
        let address = Address::Ip(IpAddr::from([0, 0, 0, 0]));
        Self { username: "-".to_owned(), session_id: zero(), version: zero(), address }
    }
}

impl Origin {
    /// Reads what follows `o=`. The user name may contain spaces: the other five fields are taken
    /// from the end.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let [username @ .., session_id, version, network, family, address] = words.as_slice()
        else {
            return None;
        };
        let username = if username.is_empty() { "-".to_owned() } else { username.join(" ") };
        Some(Self {
            username,
            session_id: (*session_id).to_owned(),
            version: (*version).to_owned(),
            address: Address::parse(network, family, address)?,
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { username, session_id, version, address } = self;
        write!(f, "{username} {session_id} {version} {address}")
    }
}

/// An address with its type, as in `IN IP4 192.0.2.1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A literal.
    Ip(IpAddr),
    /// A host name with its family word (`IP4`, `IP6`); Sidetone resolves none.
    Host(String, String),
}

impl Address {
    /// Reads the three words. A multicast TTL or count (`/127`) is dropped. `None` unless the
    /// network is `IN`.
    #[must_use]
    pub fn parse(network: &str, family: &str, address: &str) -> Option<Self> {
        if !network.eq_ignore_ascii_case("IN") {
            return None;
        }
        let bare = address.split('/').next().unwrap_or(address);
        // Some phones put IPv6 into brackets as in a URI.
        let bare = bare.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(bare);
        if bare.is_empty() {
            return None;
        }
        Some(match bare.parse() {
            Ok(ip) => Self::Ip(ip),
            Err(_) => Self::Host(family.to_ascii_uppercase(), bare.to_owned()),
        })
    }

    /// The literal address, if it is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some(*ip),
            Self::Host(..) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V4(ip)) => write!(f, "IN IP4 {ip}"),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "IN IP6 {ip}"),
            Self::Host(family, name) => write!(f, "IN {family} {name}"),
        }
    }
}

/// Reads what follows `c=` (RFC 8866 §5.7).
#[must_use]
pub fn parse_connection(text: &str) -> Option<Address> {
    let mut words = text.split_ascii_whitespace();
    Address::parse(words.next()?, words.next()?, words.next()?)
}

/// `m=` (RFC 8866 §5.14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaLine {
    /// `audio`, `video`, `application`, …
    pub media: String,
    /// RTP port; 0 refuses the stream or marks it bundle-only.
    pub port: u16,
    /// Number of ports after a slash, nearly always absent.
    pub port_count: Option<u16>,
    /// Protocol word as received: `RTP/AVP`, `UDP/TLS/RTP/SAVPF`, …
    pub protocol: String,
    /// Formats; payload types for RTP. Never empty.
    pub formats: Vec<String>,
}

impl MediaLine {
    /// Reads what follows `m=`. A line without formats gets `*`, which no codec matches.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let media = words.next()?.to_owned();
        let port = words.next()?;
        let (port, port_count) = match port.split_once('/') {
            Some((port, count)) => (port, Some(count.parse().ok()?)),
            None => (port, None),
        };
        let port = port.parse().ok()?;
        let protocol = words.next()?.to_owned();
        let mut formats: Vec<String> = words.map(str::to_owned).collect();
        if formats.is_empty() {
            formats.push("*".to_owned());
        }
        Some(Self { media, port, port_count, protocol, formats })
    }
}

impl fmt::Display for MediaLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.media, self.port)?;
        if let Some(count) = self.port_count {
            write!(f, "/{count}")?;
        }
        write!(f, " {}", self.protocol)?;
        self.formats.iter().try_for_each(|format| write!(f, " {format}"))
    }
}

/// What the protocol word of an RTP `m=` line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// How the word says packets are keyed.
    pub keying: Keying,
    /// `AVPF`/`SAVPF` (RFC 4585, RFC 5124) rather than `AVP`/`SAVP`.
    pub feedback: bool,
}

/// Keying as the protocol word announces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keying {
    /// `RTP/AVP(F)`: plain, unless attributes offer more (optimistic encryption).
    Plain,
    /// `RTP/SAVP(F)`: SRTP with keys from SDES or, in old browsers, DTLS.
    Secure,
    /// `UDP/TLS/RTP/SAVP(F)` and its TCP twins: SRTP with keys from DTLS (RFC 5764, RFC 7850).
    Dtls,
}

impl Profile {
    /// Reads a protocol word; `None` if it is not RTP or not over a path we have.
    #[must_use]
    pub fn parse(protocol: &str) -> Option<Self> {
        let upper = protocol.to_ascii_uppercase();
        let (keying, feedback) = match upper.as_str() {
            "RTP/AVP" => (Keying::Plain, false),
            "RTP/AVPF" => (Keying::Plain, true),
            "RTP/SAVP" => (Keying::Secure, false),
            "RTP/SAVPF" => (Keying::Secure, true),
            "UDP/TLS/RTP/SAVP" | "TCP/TLS/RTP/SAVP" | "TCP/DTLS/RTP/SAVP" => (Keying::Dtls, false),
            "UDP/TLS/RTP/SAVPF" | "TCP/TLS/RTP/SAVPF" | "TCP/DTLS/RTP/SAVPF" => {
                (Keying::Dtls, true)
            }
            _ => return None,
        };
        Some(Self { keying, feedback })
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.keying, self.feedback) {
            (Keying::Plain, false) => "RTP/AVP",
            (Keying::Plain, true) => "RTP/AVPF",
            (Keying::Secure, false) => "RTP/SAVP",
            (Keying::Secure, true) => "RTP/SAVPF",
            (Keying::Dtls, false) => "UDP/TLS/RTP/SAVP",
            (Keying::Dtls, true) => "UDP/TLS/RTP/SAVPF",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_may_hold_a_user_name_with_spaces_or_none_at_all() {
        let origin = Origin::parse("Jane Doe 1 2 IN IP4 192.0.2.1").unwrap();
        assert_eq!(origin.username, "Jane Doe");
        assert_eq!(Origin::parse("1 2 IN IP4 192.0.2.1").unwrap().username, "-");
        assert_eq!(Origin::parse("1 2 3"), None);
    }

    #[test]
    fn addresses_lose_ttl_and_brackets_and_keep_host_names() {
        let check = |text: &str, expected: &str| {
            assert_eq!(parse_connection(text).unwrap().to_string(), expected);
        };
        check("IN IP4 224.2.1.1/127/3", "IN IP4 224.2.1.1");
        check("in ip6 [2001:db8::1]", "IN IP6 2001:db8::1");
        check("IN IP4 phone.example.com", "IN IP4 phone.example.com");
        assert_eq!(parse_connection("ATM NSAP 47.00"), None);
    }

    #[test]
    fn media_lines_with_port_counts_and_without_formats_are_read() {
        let line = MediaLine::parse("video 49170/2 RTP/AVP 31").unwrap();
        assert_eq!((line.port, line.port_count), (49_170, Some(2)));
        assert_eq!(MediaLine::parse("audio 0 RTP/AVP").unwrap().to_string(), "audio 0 RTP/AVP *");
        assert_eq!(MediaLine::parse("audio 70000 RTP/AVP 0"), None);
    }

    #[test]
    fn each_rtp_profile_prints_as_it_was_read() {
        for text in [
            "RTP/AVP",
            "RTP/AVPF",
            "RTP/SAVP",
            "RTP/SAVPF",
            "UDP/TLS/RTP/SAVP",
            "UDP/TLS/RTP/SAVPF",
        ] {
            assert_eq!(Profile::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Profile::parse("UDP/DTLS/SCTP"), None);
    }
}
