//! Host names of the configuration and the addresses they stand for. They are looked up in the
//! background, at start, after a reload and every few minutes: a name server never delays a call.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use sidetone_config::objects::identify::Source;
use sidetone_config::{Config, Host};

use super::Exchange;
use crate::proxy::name_in;

/// The addresses of each name, sorted: IPv4 first.
pub(crate) type Names = HashMap<String, Vec<IpAddr>>;

/// How long one lookup may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Names that are known at once: those of a large configuration, and as many of dialplans.
const MOST_NAMES: usize = 10_000;

/// Time between two lookups of all names. The system's resolver does not tell how long an answer
/// holds; five minutes is the usual time to live of names that are meant to move.
const AGAIN: Duration = Duration::from_secs(300);

/// The names of a configuration: external addresses, fixed contacts, proxies, servers we register
/// with, sources of identify objects.
fn wanted(config: &Config) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for transport in config.transports.values() {
        let hosts = [&transport.external_media_address, &transport.external_signaling_address];
        names.extend(hosts.into_iter().flatten().filter_map(|host| match host {
            Host::Name(name) => Some(name.clone()),
            Host::Address(_) => None,
        }));
    }
    let fixed = config.aors.values().flat_map(|aor| aor.contacts.iter().chain(&aor.outbound_proxy));
    let proxies = config.endpoints.values().filter_map(|endpoint| endpoint.outbound_proxy.as_ref());
    let registrars = config.registrations.values().map(|registration| {
        registration.outbound_proxy.first().unwrap_or(&registration.server_uri)
    });
    names.extend(fixed.chain(proxies).chain(registrars).filter_map(|uri| name_in(uri)));
    for source in config.identifies.values().flat_map(|identify| &identify.sources) {
        if let Source::Host(name) = source {
            names.insert(name.clone());
        }
    }
    names
}

/// Looks up all names of a configuration. One that cannot be looked up keeps its `known`
/// addresses: a name server that is away must not take a trunk along.
pub(crate) async fn resolve(config: &Config, known: &Names) -> Names {
    let mut resolved = Names::new();
    for name in wanted(config) {
        let problem = match addresses_of(&name).await {
            Ok(addresses) => {
                resolved.insert(name, addresses);
                continue;
            }
            Err(problem) => problem,
        };
        match known.get(&name) {
            Some(before) => {
                tracing::warn!("cannot look up '{name}': {problem}; its known addresses stay");
                resolved.insert(name, before.clone());
            }
            None => tracing::warn!("cannot look up '{name}': {problem}"),
        }
    }
    resolved
}

async fn addresses_of(name: &str) -> Result<Vec<IpAddr>, String> {
    let lookup = tokio::net::lookup_host((name, 0));
    match tokio::time::timeout(PATIENCE, lookup).await {
        Ok(Ok(found)) => {
            let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
            // In one order, so that a resolver that turns its list changes nothing.
            addresses.sort();
            addresses.dedup();
            Ok(addresses)
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
    }
}

impl Exchange {
    /// Looks up the host of a URI that a dialplan writes, unless it is known; those of the
    /// configuration are. It is forgotten when the names of the configuration are looked up again.
    pub async fn learn(&self, uri: &str) {
        let Some(name) = name_in(uri) else { return };
        let known = self.inner.resolved.load_full();
        if known.contains_key(&name) || known.len() >= MOST_NAMES {
            return;
        }
        match addresses_of(&name).await {
            Ok(found) => {
                self.inner.resolved.rcu(|known| {
                    let mut more = Names::clone(known);
                    more.insert(name.clone(), found.clone());
                    more
                });
            }
            Err(problem) => tracing::warn!("cannot look up '{name}': {problem}"),
        }
    }
}

/// Follows the names until the exchange is gone.
pub(super) async fn follow(exchange: Exchange) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = exchange.inner.names_changed.notified() => {}
        }
        let config = exchange.config();
        let known = exchange.inner.resolved.load_full();
        let fresh = resolve(&config, &known).await;
        if fresh != *known {
            for (name, addresses) in &fresh {
                if known.get(name) != Some(addresses) {
                    tracing::info!("'{name}' stands for {addresses:?} now");
                }
            }
            exchange.inner.resolved.store(fresh.into());
            exchange.static_contacts();
        }
    }
}

#[cfg(test)]
#[path = "../../tests/unit/names.rs"]
mod tests;
