//! Access lists: `permit` and `deny` in the order written, the last rule that matches decides,
//! and an address no rule matches is permitted.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// An address block.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    /// The block's address, host bits cleared.
    pub address: IpAddr,
    /// How many leading bits count.
    pub prefix: u8,
}

impl Network {
    /// The block of one address.
    pub fn host(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { address, prefix: width(address) }
    }

    /// Reads `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `2001:db8::/32`, `[::1]` or one address.
    ///
    /// # Errors
    /// In words, what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (address, mask) = match text.split_once('/') {
            Some((address, mask)) => (address.trim(), Some(mask.trim())),
            None => (text.trim(), None),
        };
        let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let address: IpAddr = bare
            .unwrap_or(address)
            .parse()
            .map_err(|_| format!("'{text}' is no address block; write 192.0.2.0/24"))?;
        let prefix = match mask {
            None => width(address),
            Some(mask) => prefix_length(address, mask)
                .ok_or_else(|| format!("'{mask}' is no mask for {address}; write /24"))?,
        };
        Ok(Self { address: masked(address, prefix), prefix })
    }

    /// Whether the block holds the address. An IPv4 address mapped into IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.prefix) == self.address
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn prefix_length(address: IpAddr, mask: &str) -> Option<u8> {
    if let Ok(bits) = mask.parse::<u8>() {
        return (bits <= width(address)).then_some(bits);
    }
    let mask: IpAddr = mask.parse().ok()?;
    let (bits, ones) = match (address, mask) {
        (IpAddr::V4(_), IpAddr::V4(mask)) => {
            (u128::from(mask.to_bits()) << 96, mask.to_bits().count_ones())
        }
        (IpAddr::V6(_), IpAddr::V6(mask)) => (mask.to_bits(), mask.to_bits().count_ones()),
        _ => return None,
    };
    // Only masks whose ones come first are blocks.
    (bits.leading_ones() == ones).then(|| u8::try_from(ones).ok())?
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::from((v4.to_bits() & mask).to_be_bytes())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::from((v6.to_bits() & mask).to_be_bytes())
        }
    }
}

/// What a rule does with the addresses it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sense {
    /// Let in.
    Permit,
    /// Keep out.
    Deny,
}

impl Sense {
    fn inverted(self) -> Self {
        match self {
            Self::Permit => Self::Deny,
            Self::Deny => Self::Permit,
        }
    }
}

/// An ordered list of rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acl {
    /// The name in `acl.conf`; empty for rules written into an object.
    pub name: String,
    /// The rules, in order.
    pub rules: Vec<(Sense, Network)>,
}

impl Acl {
    /// Adds the blocks of one `permit=` or `deny=` text, separated by commas. `!` before a block
    /// turns the sense round.
    ///
    /// # Errors
    /// In words, which block is wrong; nothing is added then.
    pub fn add(&mut self, sense: Sense, text: &str) -> Result<(), String> {
        let mut rules = Vec::new();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let (sense, item) = match item.strip_prefix('!') {
                Some(item) => (sense.inverted(), item),
                None => (sense, item),
            };
            rules.push((sense, Network::parse(item)?));
        }
        self.rules.append(&mut rules);
        Ok(())
    }

    /// Whether the address may come in.
    pub fn permits(&self, address: IpAddr) -> bool {
        let last = self.rules.iter().rev().find(|(_, network)| network.contains(address));
        last.is_none_or(|(sense, _)| *sense == Sense::Permit)
    }

    /// Whether there is no rule, so that everybody may come in.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

/// Several lists that must all permit: named ones and the object's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AclSet {
    /// The lists.
    pub lists: Vec<Arc<Acl>>,
}

/// The options that say which addresses may be registered.
pub(crate) const CONTACT_LISTS: [&str; 3] = ["contact_acl", "contact_deny", "contact_permit"];

impl AclSet {
    /// Lets nobody in: stands in for rules that cannot be read.
    pub fn nobody() -> Self {
        let mut acl = Acl::default();
        let everywhere = [IpAddr::from([0u8; 4]), IpAddr::from([0u8; 16])];
        acl.rules.extend(everywhere.map(|address| (Sense::Deny, Network { address, prefix: 0 })));
        Self { lists: vec![Arc::new(acl)] }
    }

    /// Whether the address may come in.
    pub fn permits(&self, address: IpAddr) -> bool {
        self.refusing(address).is_none()
    }

    /// The first list that keeps the address out, for the security log.
    pub fn refusing(&self, address: IpAddr) -> Option<&Arc<Acl>> {
        self.lists.iter().find(|acl| !acl.permits(address))
    }

    /// Whether there is no rule at all.
    pub fn is_empty(&self) -> bool {
        self.lists.iter().all(|acl| acl.is_empty())
    }
}

#[cfg(test)]
#[path = "../tests/unit/acl.rs"]
mod tests;
