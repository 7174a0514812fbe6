//! Step 4 of the INVITE walk, first half: which endpoint a request belongs to (CFG-15).
//!
//! The order of the global section decides what is tried first; an endpoint is found only by what
//! its own `identify_by` allows.

use std::net::IpAddr;
use std::sync::Arc;

use sidetone_base::Flow;
use sidetone_config::objects::endpoint::IdentifyBy;
use sidetone_config::objects::global::Identifier;
use sidetone_config::objects::identify::{Identify, Source};
use sidetone_config::{Config, Endpoint, Transport};
use sidetone_registrar::registrations::Registrations;
use sidetone_sip::headers::Via;
use sidetone_sip::{Name, Request};
use sidetone_ua::ResponsePort;
use sidetone_ua::digest::Credentials;

use crate::message;
use crate::names::{Names, records_of};

/// The endpoint of a request that came to the line of a registration of ours, wherever it comes
/// from. To goes first, because servers rewrite the Request-URI (PRX-13).
pub fn by_line(
    config: &Config,
    registrations: &Registrations,
    request: &Request,
) -> Option<Arc<Endpoint>> {
    if !registrations.has_lines() {
        return None;
    }
    let to = message::to_of(request).map(|to| to.uri);
    let uris = to.iter().chain([&request.uri]);
    let lines = uris.filter_map(|uri| uri.as_sip()?.params.value("line"));
    let mut found = lines.filter_map(|line| registrations.endpoint_of_line(&line.to_str()));
    config.endpoints.get(&found.next()?).cloned()
}

/// Where the answers to a request go: to the port that its Via names when it came over UDP, without
/// `rport`, from an endpoint with `force_rport = no` (RFC 3261 §18.2.2, RFC 3581 §4), and else to
/// the one it came from.
pub fn response_port(
    config: &Config,
    names: &Names,
    flow: &Flow,
    request: &Request,
) -> ResponsePort {
    let Ok(Some(via)) = request.headers.typed::<Via>() else { return ResponsePort::Source };
    let port = via.port.unwrap_or(sidetone_base::Transport::Udp.default_port());
    // Almost no request passes this, so that nobody is looked up twice.
    let elsewhere = flow.transport == sidetone_base::Transport::Udp
        && via.rport().is_none()
        && port != flow.remote.port();
    let endpoint = elsewhere.then(|| identify(config, names, flow, request)).flatten();
    match endpoint {
        Some(endpoint) if !endpoint.force_rport => ResponsePort::Via,
        _ => ResponsePort::Source,
    }
}

/// Finds the endpoint of a request.
pub fn identify(
    config: &Config,
    names: &Names,
    flow: &Flow,
    request: &Request,
) -> Option<Arc<Endpoint>> {
    let by_rule = |by, matches: &dyn Fn(&Identify) -> bool| by_rule(config, flow, by, matches);
    let order = &config.global.endpoint_identifier_order;
    let on = |identifier: &&Identifier| !config.modules.is_off(identifier.module());
    order.iter().filter(on).find_map(|identifier| match identifier {
        Identifier::Username => by_username(config, request),
        Identifier::AuthUsername => by_auth_username(config, request),
        Identifier::Ip => {
            by_rule(IdentifyBy::Ip, &|rule| comes_from(rule, names, flow.remote.ip()))
        }
        Identifier::Header => by_rule(IdentifyBy::Header, &|rule| {
            rule.headers.iter().any(|wanted| {
                let values = message::values_of(request, &wanted.name);
                values.iter().any(|value| wanted.value.matches(value))
            })
        }),
        Identifier::RequestUri => by_rule(IdentifyBy::RequestUri, &|rule| {
            let uri = request.uri.to_text();
            rule.request_uris.iter().any(|pattern| pattern.matches(&uri.to_str()))
        }),
        Identifier::Anonymous => config.endpoints.get("anonymous").cloned(),
    })
}

fn by_username(config: &Config, request: &Request) -> Option<Arc<Endpoint>> {
    let from = message::from_of(request)?;
    let user = message::user_of(&from.uri)?;
    let domain = match &from.uri {
        sidetone_sip::Uri::Sip(uri) => uri.host.to_string(),
        _ => String::new(),
    };
    let qualified = format!("{user}@{domain}");
    let found = config.endpoints.get(&qualified).or_else(|| config.endpoints.get(&user))?;
    found.identify_by.contains(&IdentifyBy::Username).then(|| Arc::clone(found))
}

fn by_auth_username(config: &Config, request: &Request) -> Option<Arc<Endpoint>> {
    let mut all = credentials_of(request);
    let found = all.find_map(|credentials| config.endpoints.get(&credentials.username))?;
    found.identify_by.contains(&IdentifyBy::AuthUsername).then(|| Arc::clone(found))
}

/// The endpoint of the first rule, by name, that fits.
fn by_rule(
    config: &Config,
    flow: &Flow,
    by: IdentifyBy,
    matches: &dyn Fn(&Identify) -> bool,
) -> Option<Arc<Endpoint>> {
    let by_transport = |rule: &Identify| {
        rule.transport.as_ref().is_none_or(|transport| came_by(config, transport, flow))
    };
    let fits = |rule: &&Arc<Identify>| by_transport(rule) && matches(rule);
    let rule = config.identifies.values().filter(fits).min_by(|a, b| a.id.cmp(&b.id))?;
    let found = config.endpoints.get(&rule.endpoint)?;
    found.identify_by.contains(&by).then(|| Arc::clone(found))
}

/// Whether the address is in a block of the rule, or is one that a name of it stands for.
fn comes_from(rule: &Identify, names: &Names, address: IpAddr) -> bool {
    rule.matches_address(address)
        || rule.sources.iter().any(|source| match source {
            Source::Network(_) => false,
            Source::Host(name) => {
                let known = records_of(names, name);
                known.is_some_and(|known| known.is_source(name, rule.srv_lookups, address))
            }
        })
}

/// Whether a flow belongs to a transport object: it speaks its protocol and, where several do, has
/// its address. A connection that was dialled has an address of its own and belongs to all.
fn came_by(config: &Config, transport: &str, flow: &Flow) -> bool {
    let speaks = |one: &Transport| one.protocol.transport() == Some(flow.transport);
    let listens = |one: &Transport| {
        let (bind, local) = (one.bind, flow.local);
        (bind.ip().is_unspecified() || bind.ip() == local.ip()) && bind.port() == local.port()
    };
    let Some(wanted) = config.transports.get(transport).filter(|wanted| speaks(wanted)) else {
        return false;
    };
    let some_listens = config.transports.values().any(|one| speaks(one) && listens(one));
    wanted.protocol.is_websocket() || !some_listens || listens(wanted)
}

/// The digest credentials of a request that can be read: one for each realm it has been asked for
/// (RFC 3261 §22.3).
pub fn credentials_of(request: &Request) -> impl Iterator<Item = Credentials> + '_ {
    let lines = request.headers.lines(Name::Authorization);
    lines.filter_map(|line| Credentials::parse(&line.to_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locate::{Records, Srv};
    use sidetone_base::FlowId;
    use sidetone_conf::MemorySource;
    use sidetone_sip::{Carrier, Limits, Message};

    const PJSIP: &str = "\
        [udp]\ntype=transport\nbind=192.0.2.1:5060\n\
        [second]\ntype=transport\nbind=192.0.2.1:5080\n\
        [tcp]\ntype=transport\nprotocol=tcp\nbind=0.0.0.0:5060\n\
        [trunk](!)\ntype=endpoint\nallow=ulaw\nidentify_by=ip,header,request_uri\n\
        [named](trunk)\n[headed](trunk)\n[dialled](trunk)\n[wired](trunk)\n\
        [by-name]\ntype=identify\nendpoint=named\nmatch=trunk.example\n\
        [by-header]\ntype=identify\nendpoint=headed\nmatch_header=X-Account-Number: /^[+]7/\n\
        [by-uri]\ntype=identify\nendpoint=dialled\nmatch_request_uri=/^sip:8800/\n\
        [by-wire]\ntype=identify\nendpoint=wired\nmatch=198.51.100.9\ntransport=second\n\
        [global]\ntype=global\nendpoint_identifier_order=ip,header,request_uri\n";

    fn flow(transport: sidetone_base::Transport, local: &str, remote: &str) -> Flow {
        let address = |text: &str| text.parse().expect("an address");
        Flow { id: FlowId(1), transport, local: address(local), remote: address(remote) }
    }

    fn whose(flow: &Flow, uri: &str, header: &str) -> Option<String> {
        let source = MemorySource::new().with("/etc/pjsip.conf", PJSIP);
        let loaded = sidetone_config::load(&source, "/etc");
        let config = loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let known: IpAddr = "203.0.113.7".parse().expect("an address");
        let srv = Srv { priority: 1, weight: 1, port: 5060, host: "edge.example".to_owned() };
        let records = Records {
            srv: [("_sip._udp.trunk.example".to_owned(), vec![srv])].into(),
            addresses: [("edge.example".to_owned(), vec![known])].into(),
            ..Records::default()
        };
        let names = Names::from([("trunk.example".to_owned(), records.into())]);
        let text = format!(
            "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\n{header}\
             From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\
             Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        let parsed =
            Message::parse(&bytes::Bytes::from(text), Carrier::Datagram, &Limits::default());
        let Ok(Message::Request(request)) = parsed else { panic!("a request") };
        identify(&config, &names, flow, &request).map(|endpoint| endpoint.id.clone())
    }

    #[test]
    fn names_headers_uris_and_transports_identify() {
        use sidetone_base::Transport::{Tcp, Udp};
        let plain = flow(Udp, "192.0.2.1:5060", "198.51.100.1:5060");
        let by = |flow: &Flow, uri: &str, header: &str| whose(flow, uri, header);
        assert_eq!(by(&plain, "sip:100@x", ""), None);
        let named = flow(Udp, "192.0.2.1:5060", "203.0.113.7:5060");
        assert_eq!(by(&named, "sip:100@x", ""), Some("named".into()));
        let header = "X-Account-Number: +74951234567\r\n";
        assert_eq!(by(&plain, "sip:100@x", header), Some("headed".into()));
        assert_eq!(by(&plain, "sip:100@x", "X-Account-Number: 8495\r\n"), None);
        assert_eq!(by(&plain, "sip:88005553535@x", ""), Some("dialled".into()));
        // The order decides when several fit.
        assert_eq!(by(&named, "sip:88005553535@x", header), Some("named".into()));
        assert_eq!(by(&plain, "sip:88005553535@x", header), Some("headed".into()));
        // Only over its transport.
        let wired = |transport, local| flow(transport, local, "198.51.100.9:5060");
        assert_eq!(by(&wired(Udp, "192.0.2.1:5080"), "sip:1@x", ""), Some("wired".into()));
        assert_eq!(by(&wired(Udp, "192.0.2.1:5060"), "sip:1@x", ""), None);
        assert_eq!(by(&wired(Tcp, "192.0.2.1:5080"), "sip:1@x", ""), None);
    }
}
