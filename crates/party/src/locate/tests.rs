//! Names with all kinds of records, and properties of the order.

use proptest::prelude::*;
use sidetone_base::SeededRandom;

use super::*;

const DOMAIN: &str = "example.com";

fn srv(priority: u16, weight: u16, port: u16, host: &str) -> Srv {
    Srv { priority, weight, port, host: host.to_owned() }
}

fn naptr(order: u16, service: &str, replacement: &str) -> Naptr {
    Naptr {
        order,
        preference: 50,
        flags: "s".to_owned(),
        service: service.to_owned(),
        replacement: replacement.to_owned(),
    }
}

/// Hosts `a` and `b`, a domain with an address of its own, and these SRV records.
fn records(owner: &str, srv: Vec<Srv>) -> Records {
    let address = |text: &str| vec![text.parse().expect("an address")];
    Records {
        srv: BTreeMap::from([(owner.to_owned(), srv)]),
        addresses: BTreeMap::from([
            (DOMAIN.to_owned(), address("192.0.2.1")),
            ("a".to_owned(), address("192.0.2.10")),
            ("b".to_owned(), address("192.0.2.20")),
        ]),
        has_services: true,
        ..Records::default()
    }
}

fn wanted(uri: &str) -> Wanted {
    Wanted::of(&uri.parse().expect("a URI"), None).expect("a SIP URI")
}

fn shown(uri: &str, records: &Records) -> Vec<String> {
    let targets = locate(&wanted(uri), records, &mut SeededRandom::new(1));
    targets.iter().map(|target| format!("{} {}", target.transport, target.remote)).collect()
}

#[test]
fn an_address_or_a_port_leaves_no_question_for_srv() {
    let all = records("_sip._udp.example.com", vec![srv(1, 1, 5070, "a")]);
    assert_eq!(shown("sip:192.0.2.9", &all), ["UDP 192.0.2.9:5060"]);
    assert_eq!(shown("sip:[2001:db8::9]:5071", &all), ["UDP [2001:db8::9]:5071"]);
    assert_eq!(shown("sips:192.0.2.9", &all), ["TLS 192.0.2.9:5061"]);
    assert_eq!(shown("sip:192.0.2.9;transport=tcp", &all), ["TCP 192.0.2.9:5060"]);
    assert_eq!(shown("sip:Example.COM:5080", &all), ["UDP 192.0.2.1:5080"]);
    assert!(!wanted("sip:example.com:5080").needs_services());
    assert_eq!(shown("sip:example.com", &all), ["UDP 192.0.2.10:5070"]);
}

#[test]
fn without_records_of_a_service_the_addresses_of_the_name_are_taken() {
    let tcp = records("_sip._tcp.example.com", vec![srv(1, 1, 5070, "a")]);
    assert_eq!(shown("sip:example.com", &tcp), ["TCP 192.0.2.10:5070"]);
    assert_eq!(shown("sip:example.com;transport=udp", &tcp), ["UDP 192.0.2.1:5060"]);
    assert_eq!(shown("sips:example.com", &tcp), ["TLS 192.0.2.1:5061"]);
    assert_eq!(shown("sip:example.com;transport=ws", &tcp), ["WS 192.0.2.1:80"]);
    assert!(shown("sip:other.example", &tcp).is_empty());
}

#[test]
fn the_transport_of_the_configuration_holds_where_the_uri_names_none() {
    let udp = records("_sip._udp.example.com", vec![srv(1, 1, 5070, "a")]);
    let uri = "sip:example.com".parse().expect("a URI");
    let tcp = Wanted::of(&uri, Some(Transport::Tcp)).expect("a SIP URI");
    let found = locate(&tcp, &udp, &mut SeededRandom::new(1));
    let remote = "192.0.2.1:5060".parse().expect("an address");
    assert_eq!(found, [Target { transport: Transport::Tcp, remote }]);
    let bad = "sip:example.com;transport=pigeon".parse().expect("a URI");
    assert_eq!(Wanted::of(&bad, None), None);
    assert_eq!(Wanted::of(&"tel:+49".parse().expect("a URI"), None), None);
}

#[test]
fn naptr_decides_between_transports_and_may_lead_elsewhere() {
    let mut all = records("_sip._udp.example.com", vec![srv(1, 1, 5070, "a")]);
    all.srv.insert("_sips._tcp.elsewhere.example".to_owned(), vec![srv(1, 1, 5443, "b")]);
    all.naptr = vec![
        naptr(90, "SIP+D2U", "_sip._udp.example.com"),
        naptr(50, "SIPS+D2T", "_sips._tcp.elsewhere.example"),
        naptr(10, "SIP+D2S", "_sip._sctp.example.com"),
        Naptr { flags: "u".to_owned(), ..naptr(1, "SIP+D2U", "_sip._udp.nowhere.example") },
    ];
    // The first that we speak; what it leads to is all there is, not clear text when TLS fails.
    assert_eq!(shown("sip:example.com", &all), ["TLS 192.0.2.20:5443"]);
    assert_eq!(shown("sips:example.com", &all), ["TLS 192.0.2.20:5443"]);
    assert_eq!(shown("sip:example.com;transport=udp", &all), ["UDP 192.0.2.10:5070"]);
    // Without a TLS transport the next service is taken, and not for a `sips` URI.
    let shown_over = |uri: &str, spoken: &[Transport]| {
        let wanted = wanted(uri).over(spoken);
        let targets = locate(&wanted, &all, &mut SeededRandom::new(1));
        targets.iter().map(|target| target.remote.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(shown_over("sip:example.com", &[Transport::Udp]), ["192.0.2.10:5070"]);
    assert_eq!(shown_over("sips:example.com", &[Transport::Udp]), ["192.0.2.1:5061"]);
    all.srv.remove("_sips._tcp.elsewhere.example");
    assert_eq!(shown("sip:example.com", &all), ["UDP 192.0.2.10:5070"]);
}

#[test]
fn a_service_that_is_not_offered_is_not_asked_at_the_address_of_its_name() {
    let none = records("_sip._udp.example.com", vec![srv(0, 0, 0, "")]);
    assert!(shown("sip:example.com;transport=udp", &none).is_empty());
}

#[test]
fn requests_come_from_the_hosts_of_srv_records_or_else_from_the_name() {
    let of = |text: &str| text.parse().expect("an address");
    let all = records("_sip._udp.example.com", vec![srv(1, 1, 5070, "a")]);
    assert!(all.is_source("Example.com", true, of("192.0.2.10")));
    assert!(!all.is_source(DOMAIN, true, of("192.0.2.1")));
    assert!(all.is_source(DOMAIN, false, of("192.0.2.1")));
    assert!(!all.is_source(DOMAIN, false, of("192.0.2.10")));
    let none = records("_sip._udp.example.com", Vec::new());
    assert!(none.is_source(DOMAIN, true, of("192.0.2.1")));
    // However the configuration writes it.
    assert!(none.is_source("Example.com.", true, of("192.0.2.1")));
    assert_eq!(none.first_of("Example.com."), none.first_of(DOMAIN));
}

#[test]
fn weights_are_shares_of_the_requests() {
    let all = [srv(1, 30, 1, "a"), srv(1, 10, 2, "b"), srv(1, 0, 3, "c"), srv(0, 0, 4, "d")];
    let mut random = SeededRandom::new(7);
    let mut first = [0_u32; 5];
    for _ in 0..4_000 {
        let order = ordered(&all, &mut random);
        assert_eq!(order[0].port, 4, "the best priority, whatever its weight");
        first[usize::from(order[1].port)] += 1;
    }
    // Three quarters and one quarter; whoever has no weight is chosen once in 41 times.
    assert!((2_800..3_050).contains(&first[1]), "{first:?}");
    assert!((890..1_100).contains(&first[2]), "{first:?}");
    assert!((40..170).contains(&first[3]), "{first:?}");
}

proptest! {
    #[test]
    fn each_place_comes_once_and_priorities_only_rise(
        parts in proptest::collection::vec((0_u16..4, 0_u16..5, 1_u16..5, 0_u8..4), 0..12),
        seed in any::<u64>(),
    ) {
        let one = |(priority, weight, port, host): &(u16, u16, u16, u8)| {
            srv(*priority, *weight, *port, &format!("h{host}"))
        };
        let all: Vec<Srv> = parts.iter().map(one).collect();
        let mut known = records("_sip._udp.example.com", all.clone());
        for host in 0..4_u8 {
            known.addresses.insert(format!("h{host}"), vec![[192, 0, 2, 100 + host].into()]);
        }
        let random = &mut SeededRandom::new(seed);
        let order = ordered(&all, random);
        prop_assert!(order.is_sorted_by_key(|srv| srv.priority));
        let mut same: Vec<&Srv> = order.clone();
        same.sort();
        let mut written: Vec<&Srv> = all.iter().collect();
        written.sort();
        prop_assert_eq!(same, written);
        let targets = locate(&wanted("sip:example.com;transport=udp"), &known, random);
        let once: HashSet<Target> = targets.iter().copied().collect();
        prop_assert_eq!(once.len(), targets.len());
        if !all.is_empty() {
            let places: HashSet<(u16, String)> =
                all.iter().map(|srv| (srv.port, srv.host.clone())).collect();
            prop_assert_eq!(targets.len(), places.len().min(MOST_TARGETS));
        }
    }
}
