//! From the records of a host name to the places a request is sent to, best first (RFC 3263). Pure:
//! what the name server said and the randomness are arguments. Before step 7 of the INVITE walk:
//! `names` keeps the records, `pbx::proxy` asks here, the stack tries one place after the other.

use std::collections::{BTreeMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use sidetone_base::{Random, Transport};
use sidetone_sip::Uri;

mod silent;

pub use silent::Silent;

/// Places a request is sent to. Someone waits for up to 32 seconds at each that is silent, so more
/// are of no use, whatever a name server lists.
pub const MOST_TARGETS: usize = 16;

/// An SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Srv {
    /// Smaller ones are tried first.
    pub priority: u16,
    /// Share of the requests among those of one priority.
    pub weight: u16,
    /// Port.
    pub port: u16,
    /// Host, in lower case without a final dot. Empty when the service is not offered at all.
    pub host: String,
}

/// A NAPTR record (RFC 3403), without its expression, which SIP does not use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Naptr {
    /// Smaller ones are taken first.
    pub order: u16,
    /// As `order`, among those of one order.
    pub preference: u16,
    /// `s` when the replacement has SRV records.
    pub flags: String,
    /// Service, such as `SIP+D2U`.
    pub service: String,
    /// Where to go on, in lower case without a final dot.
    pub replacement: String,
}

impl Naptr {
    /// The transport it stands for, when we speak it and can go on (RFC 3263 §4.1).
    fn transport(&self) -> Option<Transport> {
        let services = [
            ("SIP+D2U", Transport::Udp),
            ("SIP+D2T", Transport::Tcp),
            ("SIPS+D2T", Transport::Tls),
        ];
        let is_it = |(name, _): &(&str, Transport)| self.service.eq_ignore_ascii_case(name);
        let goes_on = self.flags.eq_ignore_ascii_case("s") && !self.replacement.is_empty();
        let found = services.into_iter().find(is_it).filter(|_| goes_on)?;
        Some(found.1)
    }
}

/// What name servers say of a name and of what it leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// NAPTR of the name, sorted.
    pub naptr: Vec<Naptr>,
    /// SRV, sorted, by the name that has them, such as `_sip._udp.example.com`.
    pub srv: BTreeMap<String, Vec<Srv>>,
    /// A and AAAA, IPv4 first, by host: the name itself and those in `srv`.
    pub addresses: BTreeMap<String, Vec<IpAddr>>,
    /// Whether NAPTR and SRV were asked for.
    pub has_services: bool,
    /// Whether a dialplan or a peer brought the name, and not the configuration.
    pub is_learned: bool,
}

impl Records {
    /// The addresses of a host among them.
    #[must_use]
    pub fn addresses_of(&self, host: &str) -> &[IpAddr] {
        self.addresses.get(host).map_or(&[], Vec::as_slice)
    }

    /// The first address of the name itself.
    #[must_use]
    pub fn first_of(&self, name: &str) -> Option<IpAddr> {
        self.addresses_of(&host_name(name)).first().copied()
    }

    /// Whether requests of this name may come from an address: one of the hosts that its SRV
    /// records list, or without such records one of its own.
    #[must_use]
    pub fn is_source(&self, name: &str, srv_lookups: bool, address: IpAddr) -> bool {
        let listed = self.srv.values().flatten().map(|srv| srv.host.as_str());
        let mut hosts: Vec<&str> = listed.filter(|host| srv_lookups && !host.is_empty()).collect();
        let name = host_name(name);
        if hosts.is_empty() {
            hosts.push(&name);
        }
        hosts.into_iter().any(|host| self.addresses_of(host).contains(&address))
    }

    /// Nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.naptr.is_empty()
            && self.srv.values().all(Vec::is_empty)
            && self.addresses.values().all(Vec::is_empty)
    }
}

/// The names whose SRV records say where the SIP services of a domain are (RFC 3263 §4.1), in the
/// order in which we prefer their transports.
#[must_use]
pub fn services(name: &str) -> [(Transport, String); 3] {
    let name = name.to_ascii_lowercase();
    [
        (Transport::Udp, format!("_sip._udp.{name}")),
        (Transport::Tcp, format!("_sip._tcp.{name}")),
        (Transport::Tls, format!("_sips._tcp.{name}")),
    ]
}

/// The names with SRV records that the NAPTR records of a domain lead to, best first.
#[must_use]
pub fn replacements(naptr: &[Naptr]) -> Vec<(Transport, String)> {
    let mut usable: Vec<&Naptr> = naptr.iter().filter(|one| one.transport().is_some()).collect();
    usable.sort_by_key(|one| (one.order, one.preference));
    let leads = |one: &Naptr| Some((one.transport()?, one.replacement.clone()));
    usable.into_iter().filter_map(leads).collect()
}

/// A place to send to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Over which transport.
    pub transport: Transport,
    /// To which address and port.
    pub remote: SocketAddr,
}

/// What of a URI decides where requests to it go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Host: a name in lower case, or an address.
    host: Result<IpAddr, String>,
    port: Option<u16>,
    /// The only transport that will do.
    transport: Option<Transport>,
    /// A `sips` URI: every way is encrypted.
    is_secure: bool,
    /// The transports that we can send over; the choice among services is between them.
    spoken: Vec<Transport>,
}

impl Wanted {
    /// What a SIP URI wants. `otherwise` is the transport when it names none, if the
    /// configuration does. `None` when it is no SIP URI, or names a transport that is none.
    #[must_use]
    pub fn of(uri: &Uri, otherwise: Option<Transport>) -> Option<Self> {
        let sip = uri.as_sip()?;
        let written = match sip.transport() {
            Some(name) => Some(Transport::from_name(&name.to_str())?),
            None => None,
        };
        let is_secure = uri.is_sips();
        let transport = if is_secure { None } else { written.or(otherwise) };
        let host = sip.host.ip().ok_or_else(|| host_name(&sip.host.to_string()));
        let spoken = vec![Transport::Udp, Transport::Tcp, Transport::Tls];
        Some(Self { host, port: sip.port, transport, is_secure, spoken })
    }

    /// The same where only these transports are configured: services over others are passed over
    /// (RFC 3263 §4.1).
    #[must_use]
    pub fn over(mut self, spoken: &[Transport]) -> Self {
        self.spoken.retain(|transport| spoken.contains(transport));
        self
    }

    /// Its host when that is a name that must be looked up.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.host.as_ref().err().map(String::as_str)
    }

    /// Whether NAPTR and SRV records have a say: there is a name, and no port.
    #[must_use]
    pub fn needs_services(&self) -> bool {
        self.host.is_err() && self.port.is_none()
    }

    fn usual_transport(&self) -> Transport {
        let usual = if self.is_secure { Transport::Tls } else { Transport::Udp };
        self.transport.unwrap_or(usual)
    }

    fn allows(&self, transport: Transport) -> bool {
        self.transport.map_or(self.spoken.contains(&transport), |only| only == transport)
            && (!self.is_secure || transport == Transport::Tls)
    }

    /// The SRV records that decide, and over which transport they lead: of the best service that
    /// has some. Further services are not for when it fails: from TLS to a transport in clear is
    /// no way to go on (RFC 3263 §4.1 takes one transport, §4.3 tries its targets).
    fn service<'a>(&self, name: &str, records: &'a Records) -> Option<(Transport, &'a [Srv])> {
        let chosen = match self.transport {
            // RFC 3263 §4.1: the URI chose, so NAPTR is not asked.
            Some(_) => Vec::new(),
            None => replacements(&records.naptr),
        };
        let all = chosen.into_iter().chain(services(name));
        let mut usable = all.filter(|(transport, _)| self.allows(*transport));
        usable.find_map(|(transport, owner)| {
            let found = records.srv.get(&owner).filter(|found| !found.is_empty())?;
            Some((transport, found.as_slice()))
        })
    }
}

/// A host name as records are kept under: lower case, without a final dot.
#[must_use]
pub fn host_name(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Where a request goes, best first and each place once; nothing when no address is known.
pub fn locate(wanted: &Wanted, records: &Records, random: &mut dyn Random) -> Vec<Target> {
    let transport = wanted.usual_transport();
    let port = wanted.port.unwrap_or(transport.default_port());
    let mut found: Vec<Target> = Vec::new();
    match &wanted.host {
        Ok(ip) => found.push(Target { transport, remote: (*ip, port).into() }),
        Err(name) => {
            let service = wanted.service(name, records).filter(|_| wanted.needs_services());
            let to = |transport, port| {
                move |ip: &IpAddr| Target { transport, remote: (*ip, port).into() }
            };
            match service {
                Some((transport, srv)) => {
                    for srv in ordered(srv, random) {
                        let addresses = records.addresses_of(&srv.host).iter();
                        found.extend(addresses.map(to(transport, srv.port)));
                    }
                }
                None => found.extend(records.addresses_of(name).iter().map(to(transport, port))),
            }
        }
    }
    let mut seen = HashSet::new();
    found.retain(|target| seen.insert(*target));
    found.truncate(MOST_TARGETS);
    found
}

/// The records in the order in which they are tried (RFC 2782): by priority, and among those of
/// one priority by chance, each with the share that its weight says.
fn ordered<'a>(records: &'a [Srv], random: &mut dyn Random) -> Vec<&'a Srv> {
    let mut left: Vec<&Srv> = records.iter().collect();
    // Those without a weight stand before the others of their priority, as the RFC wants it.
    left.sort_by_key(|srv| (srv.priority, srv.weight != 0));
    let mut ordered = Vec::with_capacity(left.len());
    while let Some(first) = left.first() {
        let priority = first.priority;
        let group = left.iter().take_while(|srv| srv.priority == priority);
        let sum: u64 = group.clone().map(|srv| u64::from(srv.weight)).sum();
        let drawn = random.below(sum + 1);
        let running = group.scan(0, |sum, srv| {
            *sum += u64::from(srv.weight);
            Some(*sum)
        });
        let place = running.take_while(|reached| *reached < drawn).count();
        ordered.push(left.remove(place));
    }
    ordered
}

#[cfg(test)]
mod tests;
