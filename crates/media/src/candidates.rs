//! Which of our addresses a peer may see: the policy behind `a=candidate` and `c=`.
//!
//! The rule that prevents one-way audio and leaking of private addresses: behind NAT (an external
//! address is configured) a peer outside `local_net` gets the external address and nothing else,
//! as exactly one host candidate. Without one it gets every usable interface address.
//!
//! Pure: the caller lists interfaces, this module decides.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// An address range: `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `2001:db8::/32`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Net {
    address: IpAddr,
    prefix: u8,
}

/// A text that is not an address range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetError(String);

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an address range such as 10.0.0.0/8", self.0)
    }
}

impl std::error::Error for NetError {}

impl Net {
    /// A range; a prefix longer than the address is cut to its length.
    #[must_use]
    pub fn new(address: IpAddr, prefix: u8) -> Self {
        let longest = if address.is_ipv4() { 32 } else { 128 };
        Self { address: unmap(address), prefix: prefix.min(longest) }
    }

    /// Whether the address is in the range. IPv4-mapped IPv6 addresses count as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, unmap(address)) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let shift = 32 - u32::from(self.prefix.min(32));
                let mask = u32::MAX.checked_shl(shift).unwrap_or(0);
                u32::from(net) & mask == u32::from(ip) & mask
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let shift = 128 - u32::from(self.prefix.min(128));
                let mask = u128::MAX.checked_shl(shift).unwrap_or(0);
                u128::from(net) & mask == u128::from(ip) & mask
            }
            _ => false,
        }
    }
}

impl FromStr for Net {
    type Err = NetError;

    fn from_str(text: &str) -> Result<Self, NetError> {
        let error = || NetError(text.to_owned());
        let (address, mask) = match text.trim().split_once('/') {
            Some((address, mask)) => (address, Some(mask)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| error())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let Some(mask) = mask else {
            return Ok(Self::new(address, longest));
        };
        if let Ok(prefix) = mask.trim().parse::<u8>() {
            return if prefix <= longest { Ok(Self::new(address, prefix)) } else { Err(error()) };
        }
        let mask: Ipv4Addr = mask.trim().parse().map_err(|_| error())?;
        let bits = u32::from(mask);
        // A mask with holes (255.0.255.0) has no prefix length.
        if !address.is_ipv4() || bits.leading_ones() + bits.trailing_zeros() < 32 {
            return Err(error());
        }
        Ok(Self::new(address, bits.count_ones() as u8))
    }
}

/// One line of `ice_acl`, `ice_permit` or `ice_deny`. The last line that matches an address
/// decides, as in `acl.conf`; without a match the address is permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AclRule {
    /// Addresses in the range may be used.
    Permit(Net),
    /// Addresses in the range may not be used.
    Deny(Net),
}

/// One line of `[ice_host_candidates]`: `local => advertised[,include_local_address]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostRule {
    /// The interface's address.
    pub local: IpAddr,
    /// The address shown instead.
    pub advertised: IpAddr,
    /// What happens to the interface's own address.
    pub local_address: LocalAddress,
}

/// Whether a replaced interface address is shown too (`include_local_address`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LocalAddress {
    /// Only the advertised address is shown.
    #[default]
    Replaced,
    /// Both are shown, the advertised one first.
    Included,
}

/// Everything that decides which addresses a peer sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CandidatePolicy {
    /// `[ice_host_candidates]`.
    pub host_rules: Vec<HostRule>,
    /// `ice_acl`, `ice_permit`, `ice_deny` in the order of the file, over interface addresses.
    pub acl: Vec<AclRule>,
    /// `external_media_address` of the transport.
    pub external_address: Option<IpAddr>,
    /// `local_net` of the transport.
    pub local_net: Vec<Net>,
    /// Where the peer is, as signalling sees it.
    pub peer: Option<IpAddr>,
    /// Our address towards the peer, as signalling sees it, or the configured media address.
    /// Plain legs bind to it.
    pub local_address: Option<IpAddr>,
    /// Our address as a STUN server sees it: for `c=` where nothing else is known.
    pub seen: Option<IpAddr>,
}

/// The outcome of the policy for one leg.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostAddresses {
    /// Addresses of ours that STUN may arrive on: what ICE calls bases. Never shown.
    pub bases: Vec<IpAddr>,
    /// Addresses the peer is told, best first.
    pub advertised: Vec<IpAddr>,
}

impl CandidatePolicy {
    /// Whether the peer sits on our side of the NAT (or there is none).
    #[must_use]
    pub fn peer_is_local(&self) -> bool {
        let Some(peer) = self.peer else { return false };
        self.local_net.iter().any(|net| net.contains(peer))
    }

    /// Applies the policy to the interface addresses. `interfaces` may hold any address in any
    /// order; the order is kept among equals.
    #[must_use]
    pub fn host_addresses(&self, interfaces: &[IpAddr]) -> HostAddresses {
        self.host_addresses_behind(interfaces, &[])
    }

    /// The same, when a STUN server has seen some of the interfaces under another address
    /// (`translated`): then they sit behind NAT, and their private addresses are told only to
    /// peers on our side of it (NAT-09).
    #[must_use]
    pub fn host_addresses_behind(
        &self,
        interfaces: &[IpAddr],
        translated: &[IpAddr],
    ) -> HostAddresses {
        let bases = self.usable(interfaces);
        let mut advertised = Vec::new();
        let mut add = |address: IpAddr| {
            if !advertised.contains(&address) {
                advertised.push(address);
            }
        };
        let external = self.external_address.filter(|_| !self.peer_is_local());
        let rule_for = |base| self.host_rules.iter().find(move |rule| unmap(rule.local) == base);
        // A rule for one interface says that the host is behind NAT: its other inner addresses,
        // such as one that keepalived moves about, are none of a stranger's business (NAT-09).
        let by_rule = bases.iter().any(|base| rule_for(*base).is_some());
        let by_stun = self.takes_reflexive()
            && self.peer.is_some_and(|peer| !is_private(unmap(peer)))
            && bases.iter().any(|base| translated.contains(base));
        let hides_inner = (by_rule || by_stun) && !self.peer_is_local();
        for &base in &bases {
            let rule = rule_for(base);
            match (rule, external) {
                (Some(rule), _) => {
                    add(rule.advertised);
                    if rule.local_address == LocalAddress::Included {
                        add(base);
                    }
                }
                // An external address stands for the interfaces of its own family only: a public
                // IPv6 address beside a NATed IPv4 one is still reachable as it is.
                (None, Some(external)) if external.is_ipv4() == base.is_ipv4() => add(external),
                (None, Some(_)) if is_private(base) => {}
                (None, None) if hides_inner && is_private(base) => {}
                (None, _) => add(base),
            }
        }
        HostAddresses { bases, advertised }
    }

    /// Whether what a STUN server sees is told: not beside a configured mapping, which is better
    /// known (NAT-08, NAT-10).
    #[must_use]
    pub fn takes_reflexive(&self) -> bool {
        self.host_rules.is_empty() && (self.external_address.is_none() || self.peer_is_local())
    }

    /// Whether the ACL lets an interface address be used for candidates of any kind (NAT-07).
    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        permitted(&self.acl, address)
    }

    /// The address for `c=` of a leg bound to `bound`.
    #[must_use]
    pub fn connection_address(&self, bound: IpAddr) -> IpAddr {
        let rule = self.host_rules.iter().find(|rule| unmap(rule.local) == unmap(bound));
        match (rule, self.external_address) {
            (_, Some(external))
                if !self.peer_is_local() && external.is_ipv4() == bound.is_ipv4() =>
            {
                external
            }
            (Some(rule), _) if !self.peer_is_local() => rule.advertised,
            _ => self.seen.filter(|ip| ip.is_ipv4() == bound.is_ipv4()).unwrap_or(bound),
        }
    }

    fn usable(&self, interfaces: &[IpAddr]) -> Vec<IpAddr> {
        let usable = |ip: &IpAddr| {
            let link_local = match ip {
                IpAddr::V4(v4) => v4.is_link_local(),
                IpAddr::V6(v6) => v6.is_unicast_link_local(),
            };
            !ip.is_unspecified() && !ip.is_multicast() && !link_local && self.permits(*ip)
        };
        let all: Vec<IpAddr> = interfaces.iter().map(|ip| unmap(*ip)).filter(usable).collect();
        let peer_is_loopback = self.peer.is_some_and(|peer| peer.is_loopback());
        let (loopback, mut real): (Vec<IpAddr>, Vec<IpAddr>) =
            all.into_iter().partition(IpAddr::is_loopback);
        if real.is_empty() || peer_is_loopback {
            real.extend(loopback);
        }
        // Our address towards the peer is the likeliest to work: it goes first.
        if let Some(preferred) = self.local_address
            && let Some(at) = real.iter().position(|ip| *ip == unmap(preferred))
        {
            real[..=at].rotate_right(1);
        }
        real
    }
}

/// Whether a list of rules lets an address through: the last line that matches decides.
#[must_use]
pub fn permitted(acl: &[AclRule], address: IpAddr) -> bool {
    let decides = acl.iter().rev().find(|rule| match rule {
        AclRule::Permit(net) | AclRule::Deny(net) => net.contains(address),
    });
    !matches!(decides, Some(AclRule::Deny(_)))
}

/// What an address is to us; the value is the type preference of RFC 8445 §5.1.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CandidateType {
    /// An interface's, or what stands for it.
    Host = 126,
    /// What a STUN server sees.
    Reflexive = 100,
    /// On a TURN server.
    Relayed = 0,
}

/// An `a=candidate` value, without the `candidate:` prefix (RFC 8839 §5.1). `index` is its place
/// among those of its type: earlier ones get higher priority (RFC 8445 §5.1.2).
#[must_use]
pub fn candidate_line(kind: CandidateType, address: SocketAddr, index: usize) -> String {
    const COMPONENT: u32 = 1;
    let local_preference = 65_535 - u32::try_from(index.min(65_534)).unwrap_or(65_534);
    let priority = ((kind as u32) << 24) | (local_preference << 8) | (256 - COMPONENT);
    let (ip, port) = (address.ip(), address.port());
    // Foundations differ by type, so that no check of one freezes those of another.
    let (first, name) = match kind {
        CandidateType::Host => (1, "host"),
        CandidateType::Reflexive => (101, "srflx"),
        CandidateType::Relayed => (201, "relay"),
    };
    // The related address is for diagnosis only and would tell an inner address (NAT-12).
    let nowhere = if ip.is_ipv4() { "0.0.0.0" } else { "::" };
    let related = match kind {
        CandidateType::Host => String::new(),
        _ => format!(" raddr {nowhere} rport 0"),
    };
    format!("{} {COMPONENT} udp {priority} {ip} {port} typ {name}{related}", first + index)
}

fn unmap(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// Whether an address is of a private network or this host's own (RFC 1918, RFC 4193).
#[must_use]
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6 == Ipv6Addr::LOCALHOST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(list: &[&str]) -> Vec<IpAddr> {
        list.iter().map(|ip| ip.parse().unwrap()).collect()
    }

    fn check(policy: &CandidatePolicy, interfaces: &[&str], advertised: &[&str]) {
        assert_eq!(policy.host_addresses(&ips(interfaces)).advertised, ips(advertised));
    }

    fn behind_nat(peer: &str) -> CandidatePolicy {
        CandidatePolicy {
            external_address: Some("203.0.113.7".parse().unwrap()),
            local_net: vec!["10.0.0.0/8".parse().unwrap()],
            peer: Some(peer.parse().unwrap()),
            ..CandidatePolicy::default()
        }
    }

    #[test]
    fn behind_nat_only_the_public_address_leaves_the_box() {
        // Two internal addresses (one managed by keepalived) still make one candidate (NAT-10).
        let interfaces = ["127.0.0.1", "10.0.0.5", "10.0.0.6", "fe80::1", "fd00::5"];
        check(&behind_nat("198.51.100.1"), &interfaces, &["203.0.113.7"]);
    }

    #[test]
    fn a_translated_interface_hides_the_other_inner_ones_from_strangers() {
        let rule = HostRule {
            local: "10.0.0.5".parse().unwrap(),
            advertised: "203.0.113.7".parse().unwrap(),
            local_address: LocalAddress::Replaced,
        };
        let mut policy = CandidatePolicy {
            host_rules: vec![rule],
            peer: Some("198.51.100.1".parse().unwrap()),
            ..CandidatePolicy::default()
        };
        let interfaces = ["10.0.0.5", "10.0.0.6", "198.51.100.9"];
        check(&policy, &interfaces, &["203.0.113.7", "198.51.100.9"]);
        policy.local_net = vec!["198.51.100.0/24".parse().unwrap()];
        check(&policy, &interfaces, &["203.0.113.7", "10.0.0.6", "198.51.100.9"]);
    }

    #[test]
    fn a_peer_on_this_machine_is_a_stranger_unless_local_net_names_it() {
        check(&behind_nat("127.0.0.1"), &["127.0.0.1", "10.0.0.5", "::1"], &["203.0.113.7"]);
    }

    #[test]
    fn a_peer_in_local_net_gets_private_addresses() {
        let policy = behind_nat("10.1.2.3");
        check(&policy, &["127.0.0.1", "10.0.0.5", "10.0.0.6"], &["10.0.0.5", "10.0.0.6"]);
        let bound = "10.0.0.5".parse().unwrap();
        assert_eq!(policy.connection_address(bound), bound);
        let external: IpAddr = "203.0.113.7".parse().unwrap();
        assert_eq!(behind_nat("8.8.8.8").connection_address(bound), external);
    }

    #[test]
    fn without_external_address_all_usable_interfaces_are_told() {
        let policy = CandidatePolicy::default();
        let interfaces = ["127.0.0.1", "192.0.2.1", "fe80::1", "2001:db8::1", "169.254.3.4"];
        check(&policy, &interfaces, &["192.0.2.1", "2001:db8::1"]);
        check(&policy, &["127.0.0.1"], &["127.0.0.1"]);
        let local = CandidatePolicy { peer: Some("127.0.0.1".parse().unwrap()), ..policy };
        check(&local, &["127.0.0.1", "192.0.2.1"], &["192.0.2.1", "127.0.0.1"]);
    }

    #[test]
    fn host_rules_replace_or_add() {
        let rule = |local_address| CandidatePolicy {
            host_rules: vec![HostRule {
                local: "10.0.0.5".parse().unwrap(),
                advertised: "203.0.113.9".parse().unwrap(),
                local_address,
            }],
            ..CandidatePolicy::default()
        };
        let interfaces = ["10.0.0.5", "192.0.2.1"];
        let replaced = rule(LocalAddress::Replaced);
        check(&replaced, &interfaces, &["203.0.113.9", "192.0.2.1"]);
        let included = rule(LocalAddress::Included);
        check(&included, &interfaces, &["203.0.113.9", "10.0.0.5", "192.0.2.1"]);
    }

    #[test]
    fn what_stun_finds_translated_is_kept_from_strangers_and_told_to_neighbours() {
        let told = |peer: &str, policy: &CandidatePolicy| {
            let policy = CandidatePolicy { peer: Some(peer.parse().unwrap()), ..policy.clone() };
            let interfaces = ips(&["10.0.0.5", "2001:db8::5"]);
            policy.host_addresses_behind(&interfaces, &ips(&["10.0.0.5"])).advertised
        };
        let policy = CandidatePolicy::default();
        assert_eq!(told("198.51.100.1", &policy), ips(&["2001:db8::5"]));
        assert_eq!(told("10.0.0.77", &policy), ips(&["10.0.0.5", "2001:db8::5"]));
        assert_eq!(told("127.0.0.1", &policy), ips(&["10.0.0.5", "2001:db8::5"]));
        // A configured mapping is better known than a found one.
        assert!(policy.takes_reflexive());
        assert!(!behind_nat("198.51.100.1").takes_reflexive());
    }

    #[test]
    fn the_last_matching_acl_line_decides() {
        let policy = CandidatePolicy {
            acl: vec![
                AclRule::Deny("0.0.0.0/0".parse().unwrap()),
                AclRule::Permit("192.0.2.0/255.255.255.0".parse().unwrap()),
            ],
            ..CandidatePolicy::default()
        };
        check(&policy, &["10.0.0.5", "192.0.2.1"], &["192.0.2.1"]);
    }

    #[test]
    fn a_public_ipv6_address_stays_beside_an_external_ipv4_one() {
        let policy = behind_nat("198.51.100.1");
        check(&policy, &["10.0.0.5", "2001:db8::5"], &["203.0.113.7", "2001:db8::5"]);
    }

    #[test]
    fn address_ranges_parse_or_say_why() {
        for bad in ["", "x", "10.0.0.0/33", "10.0.0.0/255.0.255.0", "::/129", "::/255.0.0.0"] {
            assert!(bad.parse::<Net>().is_err(), "{bad}");
        }
        let net: Net = "2001:db8::/32".parse().unwrap();
        assert!(net.contains("2001:db8:ffff::1".parse().unwrap()));
        assert!(!net.contains("10.0.0.1".parse().unwrap()));
        assert!("0.0.0.0/0".parse::<Net>().unwrap().contains("::ffff:8.8.8.8".parse().unwrap()));
    }

    #[test]
    fn candidates_are_ordered_by_priority() {
        let line = candidate_line(CandidateType::Host, "203.0.113.7:10000".parse().unwrap(), 0);
        assert_eq!(line, "1 1 udp 2130706431 203.0.113.7 10000 typ host");
        let second = "[2001:db8::1]:10000".parse().unwrap();
        let line = candidate_line(CandidateType::Host, second, 1);
        assert_eq!(line, "2 1 udp 2130706175 2001:db8::1 10000 typ host");
        let line = candidate_line(CandidateType::Reflexive, second, 0);
        assert_eq!(line, "101 1 udp 1694498815 2001:db8::1 10000 typ srflx raddr :: rport 0");
        let relayed = "198.51.100.7:50000".parse().unwrap();
        let line = candidate_line(CandidateType::Relayed, relayed, 0);
        assert_eq!(line, "201 1 udp 16777215 198.51.100.7 50000 typ relay raddr 0.0.0.0 rport 0");
    }
}
