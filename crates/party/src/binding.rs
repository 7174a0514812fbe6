//! What a REGISTER asks for and what a success says (RFC 3261 §10.3): which address of record it
//! is about, which contacts it binds, and where requests to them go. The location table itself is
//! `registrar`; who may ask is decided before.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use sidetone_base::{Destination, Flow, Transport};
use sidetone_config::objects::aor::Aor;
use sidetone_config::{Config, Endpoint};
use sidetone_registrar::{AorLimits, Contact, ContactUpdate, Contacts, Register};
use sidetone_sip::headers::{CSeq, Contact as ContactHeader, Expires};
use sidetone_sip::{Host, Name, NameAddr, Request, Text, Uri};
use sidetone_ua::api::Reply;

use crate::message;

/// The `aor` object named by To, if it is one of the endpoint's.
#[must_use]
pub fn aor_of<'c>(config: &'c Config, endpoint: &Endpoint, request: &Request) -> Option<&'c Aor> {
    let to = message::to_of(request)?;
    let user = message::user_of(&to.uri)?;
    let host = match &to.uri {
        Uri::Sip(uri) => uri.host.to_string(),
        _ => String::new(),
    };
    let qualified = format!("{user}@{host}");
    let mut named = endpoint.aors.iter();
    let name = named.find(|name| **name == user || **name == qualified)?;
    config.aors.get(name).map(|aor| &**aor)
}

/// What an AOR allows.
#[must_use]
pub fn limits_of(aor: &Aor) -> AorLimits {
    AorLimits {
        max_contacts: aor.max_contacts,
        remove_existing: aor.remove_existing,
        remove_unavailable: aor.remove_unavailable,
        minimum_s: aor.minimum_expiration_s,
        maximum_s: aor.maximum_expiration_s,
        default_s: aor.default_expiration_s,
        is_asked: aor.qualify_frequency_s > 0,
    }
}

/// What a REGISTER asks for.
///
/// # Errors
/// The words of a 400.
pub fn read(
    flow: &Flow,
    request: &Request,
    endpoint: &Endpoint,
    aor: &Aor,
) -> Result<Register, &'static str> {
    let headers = request.headers.typed_all::<ContactHeader>();
    let headers = headers.map_err(|_| "a Contact header cannot be read")?;
    let browser = matches!(flow.transport, Transport::Ws | Transport::Wss);
    let path: Vec<String> = if aor.support_path {
        request.headers.items(Name::Path).map(|path| path.to_str().into_owned()).collect()
    } else {
        Vec::new()
    };
    // Behind a proxy the contact is as the client wrote it: the source address is the proxy's.
    let rewrites = endpoint.rewrite_contact && path.is_empty();
    let hop = path.first().and_then(|first| next_hop(flow, first));
    let contacts = if headers.is_empty() {
        Contacts::Query
    } else if headers.iter().any(|contact| matches!(contact, ContactHeader::Star)) {
        if headers.len() > 1 {
            return Err("Contact: * stands alone");
        }
        Contacts::RemoveAll
    } else if headers.iter().any(|contact| !matches!(contact.uri(), Some(Uri::Sip(_)))) {
        return Err("a Contact that calls can go to begins with sip: or sips:");
    } else if !rewrites && headers.iter().any(|contact| contact.uri().is_some_and(is_nowhere)) {
        return Err("a Contact names a transport and a host that one client can be at");
    } else {
        let updates = headers.iter().filter_map(|header| update_of(flow, header, rewrites));
        let reached = |update: ContactUpdate| {
            let destination = hop.unwrap_or(update.destination);
            ContactUpdate { destination, ..update }
        };
        Contacts::Update(updates.map(reached).collect())
    };
    let cseq = request.headers.typed::<CSeq>().ok().flatten().map_or(0, |cseq| cseq.number);
    let expires = request.headers.typed::<Expires>().ok().flatten().map(|expires| expires.0);
    Ok(Register {
        aor: aor.id.clone(),
        contacts,
        expires_s: expires,
        call_id: message::text_of(request, Name::CallId),
        cseq,
        user_agent: message::text_of(request, Name::UserAgent),
        path,
        // What is reached by way of a proxy outlives the connection to it.
        bound_to: (hop.is_none() && (browser || flow.transport.is_reliable())).then_some(flow.id),
    })
}

/// Whether nobody, or more than one, can be at a URI: what the exchange sends there would go to a
/// group of hosts in the client's name. The host `x.invalid` of a browser is of no importance.
fn is_nowhere(uri: &Uri) -> bool {
    let Some(uri) = uri.as_sip() else { return false };
    let ip = uri.host.ip().map(|ip| ip.to_canonical());
    let groups = |ip: IpAddr| ip.is_multicast() || ip.is_unspecified();
    let known = |name: &Text| Transport::from_name(&name.to_str()).is_some();
    ip.is_some_and(|ip| groups(ip) || ip == IpAddr::from(Ipv4Addr::BROADCAST))
        || uri.port == Some(0)
        || !uri.transport().is_none_or(known)
}

/// Where requests along a Path go first (RFC 3327 §5.4): its topmost URI, or where the REGISTER
/// came from when that is a name.
fn next_hop(flow: &Flow, first: &str) -> Option<Destination> {
    let parsed = NameAddr::parse(&Text::from(first.as_bytes().to_vec())).ok()?;
    let uri = parsed.uri.as_sip()?;
    let written = uri.transport().and_then(|name| Transport::from_name(&name.to_str()));
    let transport = match written {
        _ if parsed.uri.is_sips() => Transport::Tls,
        Some(transport) => transport,
        None if flow.transport.is_reliable() => Transport::Tcp,
        None => Transport::Udp,
    };
    match uri.host.ip() {
        Some(ip) => {
            let remote = SocketAddr::new(ip, uri.port.unwrap_or(transport.default_port()));
            Some(Destination::Address { transport, remote })
        }
        None if flow.transport == Transport::Udp => {
            Some(Destination::Address { transport: flow.transport, remote: flow.remote })
        }
        None => None,
    }
}

fn update_of(flow: &Flow, header: &ContactHeader, rewrites: bool) -> Option<ContactUpdate> {
    let address = header.address()?;
    let uri = contact_uri(flow, address, rewrites);
    let instance = header.instance().map(|instance| instance.to_str().into_owned());
    let key = match (instance, header.reg_id()) {
        (Some(instance), Some(reg_id)) => format!("{instance};{reg_id}"),
        _ => uri.to_ascii_lowercase(),
    };
    Some(ContactUpdate {
        uri,
        key,
        expires_s: header.expires(),
        q_thousandths: header.q_thousandths().unwrap_or(1_000),
        destination: destination(flow, &address.uri, rewrites),
    })
}

/// The URI to store: the source address instead of the written one with `rewrite_contact`, so
/// that a phone behind NAT is reached where it came from.
fn contact_uri(flow: &Flow, address: &NameAddr, rewrites: bool) -> String {
    let mut uri = address.uri.clone();
    if rewrites && let Some(sip) = uri.as_sip_mut() {
        sip.host = match flow.remote.ip() {
            IpAddr::V4(ip) => Host::V4(ip),
            IpAddr::V6(ip) => Host::V6(ip),
        };
        sip.port = Some(flow.remote.port());
    }
    uri.to_text().to_str().into_owned()
}

/// Where requests to a contact go. Over streams and WebSockets the registration's own flow; by UDP
/// the address in the contact, or the source address when that cannot be reached.
fn destination(flow: &Flow, contact: &Uri, rewrites: bool) -> Destination {
    if flow.transport.is_reliable() {
        return Destination::Flow(flow.id);
    }
    let written = contact.as_sip().and_then(|uri| {
        let port = uri.port.unwrap_or(flow.transport.default_port());
        uri.host.ip().map(|ip| SocketAddr::new(ip, port))
    });
    let remote = match written {
        Some(written) if !rewrites => written,
        _ => flow.remote,
    };
    Destination::Address { transport: flow.transport, remote }
}

/// RFC 3327 §5.3: a proxy added Path, we do not keep it, and the client does not know of it: what
/// it registers would never be reached, so it is told. 420 too when Path is required.
#[must_use]
pub fn unwanted_path(request: &Request, aor: &Aor) -> Option<Reply> {
    let required = request.headers.lists(Name::Require, "path");
    let added = request.headers.has(Name::Path) && !request.headers.lists(Name::Supported, "path");
    if aor.support_path || !(required || added) {
        return None;
    }
    let mut reply = message::refusal(420, "Path is not kept here (support_path of the AOR)");
    reply.headers.push(("Unsupported".to_owned(), "path".to_owned()));
    Some(reply)
}

/// The access list that keeps a contact from being registered (`contact_acl` and its kin). A name
/// is judged by where it comes from, since that is where requests to it go.
#[must_use]
pub fn contact_refused(
    config: &Config,
    endpoint: &Endpoint,
    flow: &Flow,
    register: &Register,
) -> Option<String> {
    let Contacts::Update(updates) = &register.contacts else { return None };
    let lists = [&config.contact_acl, &endpoint.contact_acl];
    let addresses = updates.iter().map(|update| {
        let uri = Uri::parse(&Text::from(update.uri.as_bytes().to_vec())).ok();
        let written = uri.as_ref().and_then(Uri::as_sip).and_then(|uri| uri.host.ip());
        written.unwrap_or(flow.remote.ip())
    });
    addresses
        .flat_map(|address| lists.iter().map(move |list| list.refusing(address)))
        .flatten()
        .map(|list| list.name.clone())
        .next()
}

/// The 200 that lists what an AOR has (RFC 3261 §10.3 step 8), without Date.
#[must_use]
pub fn accepted(
    now: Instant,
    (config, endpoint, aor): (&Config, &Endpoint, &Aor),
    contacts: &[Contact],
    request: &Request,
) -> Reply {
    let mut reply = message::reply(200);
    for contact in contacts {
        let left = contact.expires_at.map_or(3_600, |at| {
            // Rounded up, so that a contact that still stands never shows 0.
            at.saturating_duration_since(now).as_millis().div_ceil(1_000)
        });
        let value = format!("<{}>;expires={left}", contact.uri);
        reply.headers.push(("Contact".to_owned(), value));
    }
    if aor.support_path {
        let paths = request.headers.items(Name::Path);
        let echo = |path: Text| ("Path".to_owned(), path.to_str().into_owned());
        reply.headers.extend(paths.map(echo));
    }
    let outbound = request.headers.lists(Name::Supported, "outbound");
    let trickle = endpoint.ice_support && config.rtp.ice_support;
    let supported = [("outbound", outbound), ("path", aor.support_path), ("trickle-ice", trickle)];
    let supported: Vec<&str> =
        supported.iter().filter(|(_, does)| *does).map(|(name, _)| *name).collect();
    if !supported.is_empty() {
        reply.headers.push(("Supported".to_owned(), supported.join(", ")));
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidetone_base::FlowId;

    #[test]
    fn each_contact_over_udp_has_an_address_of_its_own() {
        let flow = Flow {
            id: FlowId(1),
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().expect("an address"),
            remote: "192.0.2.9:5060".parse().expect("an address"),
        };
        let text = "[t]\ntype = transport\nprotocol = udp\nbind = 192.0.2.1\n\
                    [a]\ntype = endpoint\ncontext = x\nrewrite_contact = no\nallow = ulaw\n";
        let source = sidetone_conf::MemorySource::new().with("/e/pjsip.conf", text);
        let config = sidetone_config::load(&source, "/e").config.expect("a configuration");
        let reached = |uri: &str| {
            let uri = Uri::parse(&Text::from(uri.as_bytes().to_vec())).expect("a URI");
            destination(&flow, &uri, config.endpoints["a"].rewrite_contact)
        };
        let at = |remote: &str| Destination::Address {
            transport: Transport::Udp,
            remote: remote.parse().expect("an address"),
        };
        assert_eq!(reached("sip:a@192.0.2.7:5070"), at("192.0.2.7:5070"));
        assert_eq!(reached("sip:a@192.0.2.8"), at("192.0.2.8:5060"));
        assert_eq!(reached("sip:a@phone.example.com"), at("192.0.2.9:5060"));
    }
}
