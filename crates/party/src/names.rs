//! Host names of the configuration and the addresses they stand for.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use sidetone_config::objects::identify::Source;
use sidetone_config::{Config, Host};
use sidetone_sip::{Text, Uri};

/// The addresses of each name, sorted: IPv4 first.
pub type Names = HashMap<String, Vec<IpAddr>>;

/// How long one lookup may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lookups at the same time: a name server that is away must not hold up the start by the sum of
/// all patience. The system's resolver works on threads, of which the runtime has more.
const AT_ONCE: usize = 64;

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
pub async fn resolve(config: &Config, known: &Names) -> Names {
    resolve_all(wanted(config), known, |name| async move { addresses_of(&name).await }).await
}

async fn resolve_all<F>(
    wanted: BTreeSet<String>,
    known: &Names,
    look_up: impl Fn(String) -> F,
) -> Names
where
    F: Future<Output = Result<Vec<IpAddr>, String>>,
{
    let look_up = &look_up;
    let lookups = wanted.into_iter().map(|name| async move {
        let found = look_up(name.clone()).await;
        (name, found)
    });
    let mut lookups = stream::iter(lookups).buffered(AT_ONCE);
    let mut resolved = Names::new();
    while let Some((name, found)) = lookups.next().await {
        let problem = match found {
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

/// The addresses of a name, sorted; or why there are none, in words.
///
/// # Errors
/// What the resolver says, or that it said nothing in time.
pub async fn addresses_of(name: &str) -> Result<Vec<IpAddr>, String> {
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

/// The host of a URI, when it is a name.
#[must_use]
pub fn name_in(uri: &str) -> Option<String> {
    let bare = uri.trim().trim_matches(['<', '>']);
    let uri = Uri::parse(&Text::from(bare.as_bytes().to_vec())).ok()?;
    let sip = uri.as_sip()?;
    sip.host.ip().is_none().then(|| sip.host.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidetone_conf::MemorySource;

    /// Each lookup takes as long as it may, as when the name server is away.
    #[tokio::test(start_paused = true)]
    async fn names_that_nobody_answers_for_are_waited_for_side_by_side() {
        let wanted: BTreeSet<String> = (0..100).map(|number| format!("{number}.invalid")).collect();
        let start = tokio::time::Instant::now();
        let silent = |_| async {
            tokio::time::sleep(PATIENCE).await;
            Err("no answer".to_owned())
        };
        let address: IpAddr = "192.0.2.7".parse().expect("an address");
        let known = Names::from([("7.invalid".to_owned(), vec![address])]);
        assert_eq!(resolve_all(wanted, &known, silent).await, known);
        assert_eq!(start.elapsed(), 2 * PATIENCE, "64 of them and 36");
    }

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
