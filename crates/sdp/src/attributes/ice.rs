//! ICE (RFC 8839) and trickle ICE (RFC 8840): `a=ice-ufrag`, `a=ice-pwd`, `a=ice-options`,
//! `a=ice-lite`, `a=candidate`, `a=end-of-candidates`.

use std::net::IpAddr;

use crate::limits::MAX_CANDIDATES;
use crate::session::{Media, Session};

/// The user fragment and password of one side (RFC 8839 §5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// `a=ice-ufrag`, 4…256 characters.
    pub ufrag: String,
    /// `a=ice-pwd`, 22…256 characters.
    pub pwd: String,
}

impl Credentials {
    /// The credentials of an `m=` section: its own, else the session's.
    #[must_use]
    pub fn of(session: &Session, media: &Media) -> Option<Self> {
        let value = |name| media.attributes.value(name).or(session.attributes.value(name));
        let (ufrag, pwd) = (value("ice-ufrag")?, value("ice-pwd")?);
        let sound = |text: &str, least: usize| {
            (least..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
        };
        (sound(ufrag, 4) && sound(pwd, 22))
            .then(|| Self { ufrag: ufrag.to_owned(), pwd: pwd.to_owned() })
    }
}

/// The candidate lines of a section without the `candidate:` prefix, at most
/// [`MAX_CANDIDATES`] of them.
#[must_use]
pub fn candidates(media: &Media) -> Vec<String> {
    media.attributes.values("candidate").take(MAX_CANDIDATES).map(str::to_owned).collect()
}

/// Whether `a=ice-options` of the section or session names an option, such as `trickle`.
#[must_use]
pub fn has_option(session: &Session, media: &Media, option: &str) -> bool {
    let lines = media.attributes.values("ice-options");
    let mut lines = lines.chain(session.attributes.values("ice-options"));
    lines.any(|line| line.split_ascii_whitespace().any(|word| word == option))
}

/// The fixed fields of a candidate line (RFC 8839 §5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Foundation.
    pub foundation: String,
    /// 1 for RTP, 2 for RTCP.
    pub component: u16,
    /// `udp` or `tcp`, lower case.
    pub transport: String,
    /// Priority.
    pub priority: u32,
    /// The address as written: a literal, or an mDNS name ending in `.local`.
    pub address: String,
    /// Port.
    pub port: u16,
    /// `host`, `srflx`, `prflx` or `relay`.
    pub kind: String,
}

impl Candidate {
    /// Reads what follows `candidate:`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let foundation = words.next()?.to_owned();
        let component = words.next()?.parse().ok()?;
        let transport = words.next()?.to_ascii_lowercase();
        let priority = words.next()?.parse().ok()?;
        let address = words.next()?.to_owned();
        let port = words.next()?.parse().ok()?;
        let kind = words.next().filter(|word| *word == "typ").and(words.next())?.to_owned();
        Some(Self { foundation, component, transport, priority, address, port, kind })
    }

    /// The address, if it is a literal; `None` for the mDNS names of browsers.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.address.parse().ok()
    }
}

/// What sorts of candidates a peer has gathered: the first thing to look at when no media flows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Host candidates with a literal address.
    pub host: usize,
    /// Host candidates hidden behind an mDNS name (`….local`); only checks from the peer itself
    /// reveal their addresses.
    pub mdns: usize,
    /// Server-reflexive candidates: the peer's STUN works.
    pub srflx: usize,
    /// Relayed candidates: the peer's TURN works.
    pub relay: usize,
}

impl Gathered {
    /// Counts candidate lines (without the `candidate:` prefix).
    #[must_use]
    pub fn of<'a>(candidates: impl IntoIterator<Item = &'a str>) -> Self {
        let mut counted = Self::default();
        for candidate in candidates.into_iter().filter_map(Candidate::parse) {
            match candidate.kind.as_str() {
                "host" if candidate.ip().is_some() => counted.host += 1,
                "host" => counted.mdns += 1,
                "srflx" | "prflx" => counted.srflx += 1,
                "relay" => counted.relay += 1,
                _ => {}
            }
        }
        counted
    }

    /// Whether the peer knows no address of its own beyond its network: media then only flows
    /// if its checks reach us, which they do unless we are behind NAT as well.
    #[must_use]
    pub fn is_local_only(&self) -> bool {
        self.srflx == 0 && self.relay == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_of_browsers_are_read_and_mdns_names_have_no_address() {
        let text = "842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 0.0.0.0 rport 0 \
                    generation 0 network-cost 999";
        let candidate = Candidate::parse(text).unwrap();
        assert_eq!((candidate.component, candidate.port), (1, 46_154));
        assert_eq!(candidate.kind, "srflx");
        let mdns = Candidate::parse("1 1 UDP 1 4f2b-9.local 9 typ host").unwrap();
        assert_eq!((mdns.ip(), mdns.transport.as_str()), (None, "udp"));
        assert_eq!(Candidate::parse("1 1 UDP 1 192.0.2.1 9 host"), None);
    }

    #[test]
    fn a_browser_without_stun_shows_only_local_candidates() {
        let mdns = "1 1 udp 1 4f2b-9.local 9 typ host";
        let srflx = "2 1 udp 1 203.0.113.7 46154 typ srflx raddr 0.0.0.0 rport 0";
        assert!(Gathered::of([mdns, "nonsense"]).is_local_only());
        let both = Gathered::of([mdns, srflx]);
        assert_eq!((both.mdns, both.srflx, both.is_local_only()), (1, 1, false));
    }

    #[test]
    fn credentials_shorter_than_the_rfc_demands_are_not_credentials() {
        let text = b"m=audio 9 RTP/AVP 0\na=ice-ufrag:abc\na=ice-pwd:0123456789012345678901\n";
        let session = Session::parse(text).unwrap();
        assert_eq!(Credentials::of(&session, &session.media[0]), None);
    }
}
