//! Host names of the configuration and what they stand for.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use sidetone_config::objects::identify::Source;
use sidetone_config::{Config, Host};
use sidetone_sip::{Text, Uri};

use crate::locate::{Records, Wanted, host_name};
use crate::resolver::{Answer, Resolver};

/// What each name stands for; the keys are as [`host_name`] writes them.
pub type Names = HashMap<String, Arc<Records>>;

/// Lookups at the same time: a name server that is away must not hold up the start by the sum of
/// all patience. The system's resolver works on threads, of which the runtime has more.
const AT_ONCE: usize = 64;

/// What is known of a name.
#[must_use]
pub fn records_of<'a>(names: &'a Names, name: &str) -> Option<&'a Records> {
    names.get(&host_name(name)).map(AsRef::as_ref)
}

/// The names of a configuration, and which of them have services to look up: external addresses,
/// fixed contacts, proxies, servers we register with, sources of identify objects.
fn wanted(config: &Config) -> BTreeMap<String, bool> {
    let mut names = BTreeMap::new();
    let mut want = |name: &str, services| {
        *names.entry(host_name(name)).or_insert(false) |= services;
    };
    for transport in config.transports.values() {
        let hosts = [&transport.external_media_address, &transport.external_signaling_address];
        for host in hosts.into_iter().flatten() {
            if let Host::Name(name) = host {
                want(name, false);
            }
        }
    }
    let fixed = config.aors.values().flat_map(|aor| aor.contacts.iter().chain(&aor.outbound_proxy));
    let proxies = config.endpoints.values().filter_map(|endpoint| endpoint.outbound_proxy.as_ref());
    let registrars = config.registrations.values().map(|registration| {
        registration.outbound_proxy.first().unwrap_or(&registration.server_uri)
    });
    for (name, services) in fixed.chain(proxies).chain(registrars).filter_map(|uri| name_in(uri)) {
        want(&name, services);
    }
    for identify in config.identifies.values() {
        for source in &identify.sources {
            if let Source::Host(name) = source {
                want(name, identify.srv_lookups);
            }
        }
    }
    names
}

/// The name that leads to an address, for a server that must prove it over TLS (RFC 5922 §4): the
/// domain that was asked for and not a host of its records. The first of several, and one of the
/// configuration before any other: what a peer names must not change what a trunk has to prove.
#[must_use]
pub fn leading_to(names: &Names, address: IpAddr) -> Option<&str> {
    let leads =
        |records: &Arc<Records>| records.addresses.values().flatten().any(|ip| *ip == address);
    let found = names.iter().filter(|(_, records)| leads(records));
    let (_, name) = found.map(|(name, records)| (records.is_learned, name)).min()?;
    Some(name)
}

/// Looks up all names of a configuration. What cannot be looked up stays as it is `known`: a name
/// server that is away must not take a trunk along.
pub async fn resolve(config: &Config, known: &Names, resolver: &Resolver) -> Names {
    let asking = &resolver.open();
    resolve_all(wanted(config), |name, services| async move {
        asking.look_up(&name, services, known.get(&name).map(AsRef::as_ref)).await
    })
    .await
}

async fn resolve_all<F>(
    wanted: BTreeMap<String, bool>,
    look_up: impl Fn(String, bool) -> F,
) -> Names
where
    F: Future<Output = Answer>,
{
    let look_up = &look_up;
    let lookups = wanted.into_iter().map(|(name, services)| async move {
        let answer = look_up(name.clone(), services).await;
        (name, answer)
    });
    let mut lookups = stream::iter(lookups).buffered(AT_ONCE);
    let mut resolved = Names::new();
    while let Some((name, answer)) = lookups.next().await {
        report(&name, &answer);
        if !answer.records.is_empty() {
            resolved.insert(name, Arc::new(answer.records));
        }
    }
    resolved
}

/// Says what could not be looked up. That only SRV and NAPTR cannot is no trouble to who has none.
fn report(name: &str, answer: &Answer) {
    let Some(problem) = answer.problems.first() else { return };
    if answer.keeps {
        tracing::warn!("cannot look up '{name}': {problem}; what was known of it stays");
    } else if answer.records.is_empty() {
        tracing::warn!("cannot look up '{name}': {problem}");
    } else {
        tracing::info!("cannot look up all records of '{name}': {problem}");
    }
}

/// The name in a URI that is called, and whether its services have a say, when there is something
/// to be learned of it: it is no address, and not known.
#[must_use]
pub fn unknown_in(uri: &str, names: &Names) -> Option<(String, bool)> {
    let (name, services) = name_in(uri)?;
    let known = names.get(&name);
    known.is_none_or(|known| services && !known.has_services).then_some((name, services))
}

/// Looks up a name that [`unknown_in`] found; `None` when nothing is known of it afterwards.
pub async fn look_up(
    (name, services): (String, bool),
    names: &Names,
    resolver: &Resolver,
) -> Option<(String, Arc<Records>)> {
    let known = names.get(&name).map(AsRef::as_ref);
    let is_learned = known.is_none_or(|known| known.is_learned);
    let answer = resolver.open().look_up(&name, services, known).await;
    report(&name, &answer);
    let records = Records { is_learned, ..answer.records };
    (!records.is_empty()).then(|| (name, Arc::new(records)))
}

/// Puts fresh answers in the place of those known when they were asked for. A name that was learned
/// meanwhile stays.
#[must_use]
pub fn renewed(now: &Names, before: &Names, fresh: &Names) -> Names {
    let mut next = fresh.clone();
    for (name, records) in now.iter().filter(|(name, _)| !before.contains_key(*name)) {
        next.entry(name.clone()).or_insert_with(|| records.clone());
    }
    next
}

/// The host of a URI when it is a name, and whether its services have a say.
fn name_in(uri: &str) -> Option<(String, bool)> {
    let bare = uri.trim().trim_matches(['<', '>']);
    let uri = Uri::parse(&Text::from(bare.as_bytes().to_vec())).ok()?;
    let wanted = Wanted::of(&uri, None)?;
    Some((wanted.name()?.to_owned(), wanted.needs_services()))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use super::*;
    use crate::locate::{Naptr, Srv};
    use crate::resolver::Table;
    use sidetone_conf::MemorySource;

    async fn learn(
        uri: &str,
        names: &Names,
        resolver: &Resolver,
    ) -> Option<(String, Arc<Records>)> {
        look_up(unknown_in(uri, names)?, names, resolver).await
    }

    fn at(name: &str, address: &str) -> (String, Arc<Records>) {
        let address = address.parse().expect("an address");
        let addresses = BTreeMap::from([(name.to_owned(), vec![address])]);
        (name.to_owned(), Records { addresses, ..Records::default() }.into())
    }

    /// Each lookup takes as long as it may, as when the name server is away.
    #[tokio::test(start_paused = true)]
    async fn names_that_nobody_answers_for_are_waited_for_side_by_side() {
        let wanted = (0..100).map(|number| (format!("{number}.invalid"), true)).collect();
        let start = tokio::time::Instant::now();
        let known = Names::from([at("7.invalid", "192.0.2.7")]);
        let patience = Duration::from_secs(2);
        let silent = |name: String, _| {
            let records = known.get(&name).map(|known| Records::clone(known)).unwrap_or_default();
            async move {
                tokio::time::sleep(patience).await;
                Answer { records, problems: vec!["no answer".to_owned()], keeps: false }
            }
        };
        assert_eq!(resolve_all(wanted, silent).await, known);
        assert_eq!(start.elapsed(), 2 * patience, "64 of them and 36");
    }

    fn config(text: &str) -> Arc<Config> {
        let source = MemorySource::new().with("/etc/pjsip.conf", text);
        sidetone_config::load(&source, "/etc").config.expect("a configuration")
    }

    #[tokio::test]
    async fn names_are_looked_up_and_kept_when_that_fails() {
        let text = "[u]\ntype=transport\nbind=127.0.0.1\nexternal_media_address=localhost\n\
            local_net=10.0.0.0/8\n\
            [a]\ntype=aor\ncontact=sip:Gone.invalid\ncontact=sip:there.invalid:5070\n\
            [e]\ntype=endpoint\naors=a\nallow=ulaw\n\
            [i]\ntype=identify\nendpoint=e\nmatch=peer.invalid,192.0.2.1\n\
            [j]\ntype=identify\nendpoint=e\nmatch=plain.invalid\nsrv_lookups=no\n";
        let config = config(text);
        let names: Vec<(String, bool)> = wanted(&config).into_iter().collect();
        let names: Vec<(&str, bool)> = names.iter().map(|(name, all)| (&**name, *all)).collect();
        let services = [("gone.invalid", true), ("peer.invalid", true)];
        let hosts = [("localhost", false), ("plain.invalid", false), ("there.invalid", false)];
        assert_eq!(names, [services[0], hosts[0], services[1], hosts[1], hosts[2]]);
        let known = Names::from([at("peer.invalid", "192.0.2.7")]);
        let resolver = Resolver::Table(Arc::new(Table {
            addresses: BTreeMap::from([("localhost".to_owned(), vec![[127, 0, 0, 1].into()])]),
            ..Table::default()
        }));
        let found = resolve(&config, &known, &resolver).await;
        assert_eq!(found["localhost"].first_of("localhost"), Some([127, 0, 0, 1].into()));
        let kept: IpAddr = [192, 0, 2, 7].into();
        assert_eq!(found["peer.invalid"].first_of("peer.invalid"), Some(kept));
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[tokio::test]
    async fn a_domain_is_followed_through_naptr_and_srv_to_its_hosts() {
        let srv = |port, host: &str| Srv { priority: 1, weight: 1, port, host: host.to_owned() };
        let naptr = Naptr {
            order: 1,
            preference: 1,
            flags: "S".to_owned(),
            service: "sip+d2t".to_owned(),
            replacement: "_sip._tcp.carrier.example".to_owned(),
        };
        let mut table = Table::default();
        table.naptr.insert("trunk.example".to_owned(), vec![naptr]);
        table.srv.insert("_sip._tcp.carrier.example".to_owned(), vec![srv(5070, "a.example")]);
        table.srv.insert("_sip._udp.trunk.example".to_owned(), vec![srv(5080, "b.example")]);
        for (host, last) in [("a.example", 1), ("b.example", 2), ("c.example", 3)] {
            table.addresses.insert(host.to_owned(), vec![[192, 0, 2, last].into()]);
        }
        let resolver = Resolver::Table(Arc::new(table));
        let (name, records) =
            learn("sip:1@Trunk.example", &Names::new(), &resolver).await.expect("it is known");
        assert_eq!(name, "trunk.example");
        assert_eq!(records.addresses.keys().collect::<Vec<_>>(), ["a.example", "b.example"]);
        assert_eq!(records.srv.len(), 2, "{records:?}");
        let known = Names::from([(name, records)]);
        assert_eq!(unknown_in("sip:2@trunk.example", &known), None);
        // A port needs no services, and what is known without them is not enough for who does.
        let known = Names::from([at("c.example", "192.0.2.3")]);
        assert_eq!(unknown_in("sip:c.example:5070", &known), None);
        let (_, more) = learn("sip:c.example", &known, &resolver).await.expect("more of it");
        assert!(more.has_services);
    }

    #[tokio::test]
    async fn the_services_of_a_trunk_stay_when_the_name_server_is_away() {
        let config = config(
            "[u]\ntype=transport\nbind=127.0.0.1\n[a]\ntype=aor\ncontact=sip:trunk.example\n\
             [e]\ntype=endpoint\naors=a\nallow=ulaw\n",
        );
        let owner = "_sip._udp.trunk.example".to_owned();
        let edge = "edge.example".to_owned();
        let srv = vec![Srv { priority: 1, weight: 1, port: 5070, host: edge.clone() }];
        let mut table = Table::default();
        table.srv.insert(owner.clone(), srv);
        table.addresses.insert(edge.clone(), vec![[192, 0, 2, 1].into()]);
        let resolver = |table: &Table| Resolver::Table(Arc::new(table.clone()));
        let found = resolve(&config, &Names::new(), &resolver(&table)).await;
        assert_eq!(found["trunk.example"].addresses_of(&edge).len(), 1);
        table.silent.extend(["trunk.example".to_owned(), owner.clone(), edge]);
        assert_eq!(resolve(&config, &found, &resolver(&table)).await, found);
        // An answer that there is none is believed.
        table.silent.clear();
        table.srv.clear();
        assert_eq!(resolve(&config, &found, &resolver(&table)).await, Names::new());
    }

    #[test]
    fn what_was_learned_while_others_were_asked_for_stays() {
        let before = Names::from([at("old.example", "192.0.2.1"), at("kept.example", "192.0.2.2")]);
        let mut now = before.clone();
        now.extend([at("learned.example", "192.0.2.3")]);
        let fresh = Names::from([at("kept.example", "192.0.2.9")]);
        let next = renewed(&now, &before, &fresh);
        let expected =
            Names::from([at("kept.example", "192.0.2.9"), at("learned.example", "192.0.2.3")]);
        assert_eq!(next, expected);
    }

    #[test]
    fn what_a_server_must_prove_is_the_name_of_the_configuration() {
        let address: IpAddr = "192.0.2.7".parse().expect("an address");
        let records = |is_learned| Records {
            addresses: [("host.example.net".to_owned(), vec![address])].into(),
            is_learned,
            ..Records::default()
        };
        let mut names = Names::new();
        assert_eq!(leading_to(&names, address), None);
        names.insert("an.attacker.example".to_owned(), records(true).into());
        assert_eq!(leading_to(&names, address), Some("an.attacker.example"));
        names.insert("trunk.example.net".to_owned(), records(false).into());
        names.insert("zebra.example.net".to_owned(), records(false).into());
        assert_eq!(leading_to(&names, address), Some("trunk.example.net"));
        assert_eq!(leading_to(&names, "192.0.2.8".parse().expect("an address")), None);
    }
}
