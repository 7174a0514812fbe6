//! Host names of the configuration and the addresses they stand for. They are looked up in the
//! background, at start, after a reload and every few minutes: a name server never delays a call.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use sidetone_config::objects::identify::Source;
use sidetone_config::{Config, Host};
use sidetone_sip::{Text, Uri};

use super::Exchange;

/// The addresses of each name, sorted: IPv4 first.
pub(crate) type Names = HashMap<String, Vec<IpAddr>>;

/// How long one lookup may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Time between two lookups of all names. The system's resolver does not tell how long an answer
/// holds; five minutes is the usual time to live of names that are meant to move.
const AGAIN: Duration = Duration::from_secs(300);

/// The names of a configuration: external addresses, fixed contacts, proxies, sources of identify
/// objects.
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
    for text in fixed.chain(proxies) {
        let uri = text.trim().trim_start_matches('<').trim_end_matches('>');
        if let Ok(uri) = Uri::parse(&Text::from(uri.as_bytes().to_vec()))
            && let Some(sip) = uri.as_sip()
            && sip.host.ip().is_none()
        {
            names.insert(sip.host.to_string());
        }
    }
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
mod tests {
    use super::*;
    use sidetone_conf::MemorySource;

    #[tokio::test]
    async fn names_are_looked_up_and_kept_when_that_fails() {
        let text = "[u]\ntype=transport\nbind=127.0.0.1\nexternal_media_address=localhost\n\
            local_net=10.0.0.0/8\n\
            [a]\ntype=aor\ncontact=sip:gone.invalid\n[e]\ntype=endpoint\naors=a\nallow=ulaw\n\
            [i]\ntype=identify\nendpoint=e\nmatch=peer.invalid,192.0.2.1\n";
        let source = MemorySource::new().with("/etc/pjsip.conf", text);
        let config = sidetone_config::load(&source, "/etc").config.expect("a configuration");
        let names: Vec<String> = wanted(&config).into_iter().collect();
        assert_eq!(names, ["gone.invalid", "localhost", "peer.invalid"]);
        let before: IpAddr = "192.0.2.7".parse().expect("an address");
        let known = Names::from([("peer.invalid".to_owned(), vec![before])]);
        let found = resolve(&config, &known).await;
        assert!(found["localhost"].iter().all(IpAddr::is_loopback), "{found:?}");
        assert_eq!(found["peer.invalid"], [before]);
        assert!(!found.contains_key("gone.invalid"));
    }
}
