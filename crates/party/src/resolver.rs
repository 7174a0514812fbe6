//! Who is asked what a host name stands for: the system, or a table in a simulation. Beside a
//! call's walk; `names` says which names and when, `locate` what follows from the answers.
//!
//! Addresses come from the system's resolver, which knows `/etc/hosts` and whatever else the
//! operator set up. It has no SRV and NAPTR records, so those are asked of the name servers in
//! `/etc/resolv.conf` (decision 66).

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, Record};
use parking_lot::Mutex;
use tokio::time::timeout;

pub use hickory_resolver::proto::rr::RecordType;

use crate::locate::{MOST_TARGETS, Naptr, Records, Srv, host_name, replacements, services};

/// How long one lookup may take. Those of one name are up to three in a row: NAPTR, the SRV
/// records these lead to, the hosts in them.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// A name server that does not answer is asked again after this.
const ASK_AGAIN: Duration = Duration::from_millis(900);

/// Records of one kind and name that are kept, the best of them: more places than this are never
/// tried, and whoever is redirected chooses whose records fill our memory.
const MOST_RECORDS: usize = MOST_TARGETS;

/// Names with SRV records that NAPTR records lead to: a domain has one for each transport.
const MOST_REPLACEMENTS: usize = 8;

/// Hosts in the SRV records of one name that are looked up: two services with all they may have.
const MOST_HOSTS: usize = 2 * MOST_RECORDS;

/// Where host names are looked up.
#[derive(Clone, Debug, Default)]
pub enum Resolver {
    /// As the system is set up.
    #[default]
    System,
    /// As the system is set up, but SRV and NAPTR records at this name server.
    Server(SocketAddr),
    /// In a table, and nowhere else.
    Table(Arc<Table>),
}

/// What names stand for in a simulation. Names are in lower case.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// A and AAAA records.
    pub addresses: BTreeMap<String, Vec<IpAddr>>,
    /// SRV records.
    pub srv: BTreeMap<String, Vec<Srv>>,
    /// NAPTR records.
    pub naptr: BTreeMap<String, Vec<Naptr>>,
    /// Names that nobody answers for.
    pub silent: BTreeSet<String>,
    /// For how long addresses hold; of others nobody tells.
    pub ttl: BTreeMap<String, Duration>,
    /// How often the addresses of each host were asked for.
    pub asked: Arc<Mutex<BTreeMap<String, usize>>>,
}

/// What came of looking up a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What is known of it now.
    pub(crate) records: Records,
    /// What could not be looked up, in words. What was known of it before is in the records.
    pub(crate) problems: Vec<String>,
    /// Whether something in the records is what was known before.
    pub(crate) keeps: bool,
}

impl Answer {
    /// What was found, or what was known.
    fn settle<T>(&mut self, found: Result<T, String>, known: Option<T>) -> Option<T> {
        match found {
            Ok(found) => Some(found),
            Err(problem) => {
                self.problems.push(problem);
                self.keeps |= known.is_some();
                known
            }
        }
    }
}

impl Resolver {
    /// Ready to ask, as the system is set up now.
    pub(crate) fn open(&self) -> Asking {
        match self {
            Self::Table(table) => Asking::Table(Arc::clone(table)),
            Self::System => {
                let resolver = TokioResolver::builder_tokio().and_then(|mut builder| {
                    set(builder.options_mut());
                    builder.build()
                });
                let problem = |error: &NetError| {
                    tracing::warn!(
                        "no SRV and NAPTR records are looked up: /etc/resolv.conf: {error}"
                    );
                };
                Asking::Dns(resolver.inspect_err(problem).ok().map(Box::new))
            }
            Self::Server(server) => {
                let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
                (udp.port, tcp.port) = (server.port(), server.port());
                let server = NameServerConfig::new(server.ip(), true, vec![udp, tcp]);
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
                let provider = TokioRuntimeProvider::default();
                let mut builder = TokioResolver::builder_with_config(config, provider);
                set(builder.options_mut());
                Asking::Dns(builder.build().ok().map(Box::new))
            }
        }
    }
}

impl Resolver {
    /// The addresses of a host, sorted, and for how long they hold; `None` when nobody tells, as
    /// with `/etc/hosts`.
    ///
    /// # Errors
    /// What the resolver says, or that it said nothing in time.
    pub async fn addresses(&self, host: &str) -> Result<(Vec<IpAddr>, Option<Duration>), String> {
        let (asking, host) = (self.open(), host_name(host));
        let addresses = asking.addresses(&host).await?;
        let kind = match addresses.first() {
            Some(IpAddr::V6(_)) => RecordType::AAAA,
            _ => RecordType::A,
        };
        let ttl = asking.time_to_live(&host, kind).await;
        Ok((addresses, ttl))
    }

    /// For how long the records of a kind of a host hold, if there are some.
    pub async fn time_to_live(&self, host: &str, kind: RecordType) -> Option<Duration> {
        self.open().time_to_live(&host_name(host), kind).await
    }
}

fn set(options: &mut ResolverOpts) {
    options.timeout = ASK_AGAIN;
    options.attempts = 2;
    // `names` keeps the answers, and a reload asks anew.
    options.cache_size = 0;
}

/// A resolver at work.
#[derive(Clone)]
pub(crate) enum Asking {
    /// `None` when the system has no name server: then there are no SRV and NAPTR records.
    Dns(Option<Box<TokioResolver>>),
    Table(Arc<Table>),
}

impl Asking {
    /// Looks up a name, and with `wants_services` what its NAPTR and SRV records lead to. What
    /// cannot be looked up stays as it is `known`.
    pub(crate) async fn look_up(
        &self,
        name: &str,
        wants_services: bool,
        known: Option<&Records>,
    ) -> Answer {
        let name = host_name(name);
        let asks = wants_services && is_public(&name);
        let naptr = async { if asks { self.naptr(&name).await } else { Ok(Vec::new()) } };
        let usual = services(&name).map(|(_, owner)| owner);
        let usual = self.all_srv(usual.into_iter().filter(|_| asks));
        let (own, (naptr, srv)) = join(self.addresses(&name), join(naptr, usual)).await;
        let mut answer = Answer::default();
        answer.records.has_services = wants_services;
        let before = known.map(|known| known.naptr.clone()).filter(|naptr| !naptr.is_empty());
        answer.records.naptr = answer.settle(naptr, before).unwrap_or_default();
        take_srv(&mut answer, srv, known);
        let more = replacements(&answer.records.naptr).into_iter().map(|(_, owner)| owner);
        let more = more.filter(|owner| !services(&name).iter().any(|(_, usual)| usual == owner));
        let more: BTreeSet<String> = more.take(MOST_REPLACEMENTS).collect();
        let srv = self.all_srv(more.into_iter()).await;
        take_srv(&mut answer, srv, known);
        let listed = answer.records.srv.values().flatten().map(|srv| srv.host.clone());
        let hosts = listed.filter(|host| !host.is_empty() && *host != name);
        let hosts: BTreeSet<String> = hosts.take(MOST_HOSTS).collect();
        let has_services = !hosts.is_empty();
        let others = hosts.into_iter().map(|host| async move {
            let found = self.addresses(&host).await;
            (host, found)
        });
        for (host, found) in join_all(others).await {
            take_addresses(&mut answer, host, found, known);
        }
        // A domain with SRV records need not be a host.
        let is_host =
            own.is_ok() || !has_services || known.is_some_and(|k| k.first_of(&name).is_some());
        if is_host {
            take_addresses(&mut answer, name, own, known);
        }
        answer
    }

    async fn all_srv(
        &self,
        owners: impl Iterator<Item = String>,
    ) -> Vec<(String, Result<Vec<Srv>, String>)> {
        let asked = owners.map(|owner| async move {
            let found = self.srv(&owner).await;
            (owner, found)
        });
        join_all(asked).await
    }

    /// The least time to live of the records of that kind.
    async fn time_to_live(&self, host: &str, kind: RecordType) -> Option<Duration> {
        let dns = match self {
            Self::Dns(dns) => dns.as_ref()?,
            Self::Table(table) => return table.ttl.get(host).copied(),
        };
        if !is_public(host) {
            return None;
        }
        let found = ask(dns.lookup(absolute(host).ok()?, kind)).await.ok()?;
        let least = found.iter().map(|record| record.ttl).min()?;
        Some(Duration::from_secs(least.into()))
    }

    async fn hear(&self, name: &str) -> Result<(), String> {
        match self {
            Self::Table(table) if table.silent.contains(name) => {
                tokio::time::sleep(PATIENCE).await;
                Err(silence())
            }
            _ => Ok(()),
        }
    }

    /// The addresses of a host, sorted.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        self.hear(host).await?;
        if let Self::Table(table) = self {
            *table.asked.lock().entry(host.to_owned()).or_default() += 1;
            let found = table.addresses.get(host).cloned();
            return found.ok_or_else(|| "there is no such name".to_owned());
        }
        let lookup = tokio::net::lookup_host((host, 0));
        match timeout(PATIENCE, lookup).await {
            Ok(Ok(found)) => {
                let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
                // In one order, so that a resolver that turns its list changes nothing.
                addresses.sort();
                addresses.dedup();
                addresses.truncate(MOST_RECORDS);
                Ok(addresses)
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(silence()),
        }
    }

    /// The SRV records of a name, sorted; none when there are none.
    async fn srv(&self, owner: &str) -> Result<Vec<Srv>, String> {
        self.hear(owner).await?;
        let mut found = match self {
            Self::Table(table) => table.srv.get(owner).cloned().unwrap_or_default(),
            Self::Dns(None) => Vec::new(),
            Self::Dns(Some(dns)) => {
                let found = ask(dns.srv_lookup(absolute(owner)?)).await?;
                let records = found.iter().filter_map(|record| match &record.data {
                    RData::SRV(srv) => Some(srv),
                    _ => None,
                });
                records
                    .map(|srv| Srv {
                        priority: srv.priority,
                        weight: srv.weight,
                        port: srv.port,
                        host: host_name(&srv.target.to_ascii()),
                    })
                    .collect()
            }
        };
        found.sort();
        found.truncate(MOST_RECORDS);
        Ok(found)
    }

    /// The NAPTR records of a name, sorted; none when there are none.
    async fn naptr(&self, name: &str) -> Result<Vec<Naptr>, String> {
        self.hear(name).await?;
        let mut found = match self {
            Self::Table(table) => table.naptr.get(name).cloned().unwrap_or_default(),
            Self::Dns(None) => Vec::new(),
            Self::Dns(Some(dns)) => {
                let found = ask(dns.lookup(absolute(name)?, RecordType::NAPTR)).await?;
                let records = found.iter().filter_map(|record| match &record.data {
                    RData::NAPTR(naptr) => Some(naptr),
                    _ => None,
                });
                let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                records
                    .map(|naptr| Naptr {
                        order: naptr.order,
                        preference: naptr.preference,
                        flags: words(&naptr.flags),
                        service: words(&naptr.services),
                        replacement: host_name(&naptr.replacement.to_ascii()),
                    })
                    .collect()
            }
        };
        found.sort();
        found.truncate(MOST_RECORDS);
        Ok(found)
    }
}

fn take_srv(
    answer: &mut Answer,
    found: Vec<(String, Result<Vec<Srv>, String>)>,
    known: Option<&Records>,
) {
    for (owner, found) in found {
        let before = known.and_then(|known| known.srv.get(&owner).cloned());
        let settled = answer.settle(found, before).filter(|srv| !srv.is_empty());
        if let Some(srv) = settled {
            answer.records.srv.insert(owner, srv);
        }
    }
}

fn take_addresses(
    answer: &mut Answer,
    host: String,
    found: Result<Vec<IpAddr>, String>,
    known: Option<&Records>,
) {
    let before = known.and_then(|known| known.addresses.get(&host).cloned());
    let found = found.map_err(|problem| format!("{host}: {problem}"));
    let settled = answer.settle(found, before).filter(|addresses| !addresses.is_empty());
    if let Some(addresses) = settled {
        answer.records.addresses.insert(host, addresses);
    }
}

/// `localhost` and its like have no records, and nobody outside is to hear of them.
fn is_public(name: &str) -> bool {
    name.contains('.')
}

fn silence() -> String {
    format!("no answer within {} seconds", PATIENCE.as_secs())
}

/// A name that no search domain is put behind.
fn absolute(name: &str) -> Result<Name, String> {
    let parsed = Name::from_ascii(name).map_err(|error| format!("{name}: {error}"))?;
    parsed.append_domain(&Name::root()).map_err(|error| format!("{name}: {error}"))
}

/// The records of the answer; nothing when there are no such records.
async fn ask(
    lookup: impl Future<Output = Result<hickory_resolver::lookup::Lookup, NetError>>,
) -> Result<Vec<Record>, String> {
    match timeout(PATIENCE, lookup).await {
        Ok(Ok(found)) => Ok(found.answers().to_vec()),
        Ok(Err(error)) if error.is_no_records_found() || error.is_nx_domain() => Ok(Vec::new()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(silence()),
    }
}
