//! REGISTER: from the request to the location table and back (RFC 3261 §10.3).

use std::net::SocketAddr;

use sidetone_base::{Destination, Flow, Transport};
use sidetone_config::objects::aor::Aor;
use sidetone_config::{Config, Endpoint};
use sidetone_events::Event;
use sidetone_sip::headers::{CSeq, Contact as ContactHeader, Expires};
use sidetone_sip::{Host, Name, NameAddr, Request, Text, Uri};
use sidetone_ua::api::Reply;

use crate::authenticate::Authenticated;
use crate::channel::Control;
use crate::exchange::Exchange;
use crate::message;
use crate::registrar::{
    AorLimits, Change, Contact, ContactUpdate, Contacts, Register, RegisterError,
};

/// Answers a REGISTER of an authenticated endpoint.
pub(crate) fn register(
    exchange: &Exchange,
    who: &Authenticated,
    flow: &Flow,
    request: &Request,
) -> Reply {
    let config = exchange.config();
    if !message::to_of(request).is_some_and(|to| matches!(to.uri, Uri::Sip(_))) {
        // RFC 3261 §10.3: an address of record is a SIP URI.
        return message::refusal(400, "To: an address of record begins with sip: or sips:");
    }
    let Some(aor) = aor_of(&config, who.endpoint(), request) else {
        return message::refusal(404, "the endpoint has no such address of record");
    };
    let register = match read(flow, request, who.endpoint(), aor) {
        Ok(register) => register,
        Err(words) => return message::refusal(400, words),
    };
    let mut registrar = exchange.registrar();
    let now = exchange.now();
    let outcome = registrar.register(now, &limits_of(aor), &register);
    let changes = registrar.take_changes();
    drop(registrar);
    publish(exchange, changes);
    exchange.registrations_changed();
    match outcome {
        Ok(contacts) => {
            if register.bound_to.is_some() {
                exchange.mark_used(flow.id);
                move_calls(exchange, who.endpoint(), flow, &register);
            }
            accepted(exchange, &contacts, request)
        }
        Err(RegisterError::StarWithExpires) => message::refusal(400, "Contact: * needs Expires: 0"),
        Err(RegisterError::TooMany { max_contacts }) => {
            let words = format!("at most {max_contacts} contacts (max_contacts of the AOR)");
            message::refusal(403, &words)
        }
        Err(RegisterError::TooBrief { minimum_s }) => {
            let mut reply = message::reply(423);
            reply.headers.push(("Min-Expires".to_owned(), minimum_s.to_string()));
            reply
        }
        Err(RegisterError::OutOfOrder) => {
            message::refusal(500, "an older REGISTER of the same registration came late")
        }
    }
}

/// Tells the calls of the endpoint that a client of it has a new connection.
fn move_calls(exchange: &Exchange, endpoint: &Endpoint, flow: &Flow, register: &Register) {
    let Contacts::Update(updates) = &register.contacts else { return };
    for inbox in exchange.live().inboxes_of(&endpoint.id) {
        for update in updates {
            let moved = Control::Moved { flow: *flow, contact: update.uri.clone() };
            // A channel with a full inbox is being ended by its shard.
            let _ = inbox.try_send(moved.into());
        }
    }
}

/// Publishes what changed in the location table.
pub(crate) fn publish(exchange: &Exchange, changes: Vec<Change>) {
    for change in changes {
        exchange.bus().publish(match change {
            Change::Added { aor, uri, expires_s, refreshed } => {
                Event::ContactAdded { aor, uri, expires_s, refreshed }
            }
            Change::Removed { aor, uri, why } => Event::ContactRemoved { aor, uri, why },
        });
    }
}

/// The `aor` object named by To, if it is one of the endpoint's.
fn aor_of<'c>(config: &'c Config, endpoint: &Endpoint, request: &Request) -> Option<&'c Aor> {
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

fn limits_of(aor: &Aor) -> AorLimits {
    AorLimits {
        max_contacts: aor.max_contacts,
        remove_existing: aor.remove_existing,
        remove_unavailable: aor.remove_unavailable,
        minimum_s: aor.minimum_expiration_s,
        maximum_s: aor.maximum_expiration_s,
        default_s: aor.default_expiration_s,
    }
}

fn read(
    flow: &Flow,
    request: &Request,
    endpoint: &Endpoint,
    aor: &Aor,
) -> Result<Register, &'static str> {
    let headers = request.headers.typed_all::<ContactHeader>();
    let headers = headers.map_err(|_| "a Contact header cannot be read")?;
    let browser = matches!(flow.transport, Transport::Ws | Transport::Wss);
    let contacts = if headers.is_empty() {
        Contacts::Query
    } else if headers.iter().any(|contact| matches!(contact, ContactHeader::Star)) {
        if headers.len() > 1 {
            return Err("Contact: * stands alone");
        }
        Contacts::RemoveAll
    } else if headers.iter().any(|contact| !matches!(contact.uri(), Some(Uri::Sip(_)))) {
        return Err("a Contact that calls can go to begins with sip: or sips:");
    } else {
        let updates = headers.iter().filter_map(|header| update_of(flow, header, endpoint));
        Contacts::Update(updates.collect())
    };
    let cseq = request.headers.typed::<CSeq>().ok().flatten().map_or(0, |cseq| cseq.number);
    let expires = request.headers.typed::<Expires>().ok().flatten().map(|expires| expires.0);
    let path = if aor.support_path {
        request.headers.items(Name::Path).map(|path| path.to_str().into_owned()).collect()
    } else {
        Vec::new()
    };
    Ok(Register {
        aor: aor.id.clone(),
        contacts,
        expires_s: expires,
        call_id: message::text_of(request, Name::CallId),
        cseq,
        user_agent: message::text_of(request, Name::UserAgent),
        path,
        bound_to: (browser || flow.transport.is_reliable()).then_some(flow.id),
    })
}

fn update_of(flow: &Flow, header: &ContactHeader, endpoint: &Endpoint) -> Option<ContactUpdate> {
    let address = header.address()?;
    let uri = contact_uri(flow, address, endpoint);
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
        destination: destination(flow, &address.uri, endpoint),
    })
}

/// The URI to store: the source address instead of the written one with `rewrite_contact`, so
/// that a phone behind NAT is reached where it came from.
fn contact_uri(flow: &Flow, address: &NameAddr, endpoint: &Endpoint) -> String {
    let mut uri = address.uri.clone();
    if endpoint.rewrite_contact
        && let Some(sip) = uri.as_sip_mut()
    {
        sip.host = match flow.remote.ip() {
            std::net::IpAddr::V4(ip) => Host::V4(ip),
            std::net::IpAddr::V6(ip) => Host::V6(ip),
        };
        sip.port = Some(flow.remote.port());
    }
    uri.to_text().to_str().into_owned()
}

/// Where requests to a contact go. Over streams and WebSockets the registration's own flow; by UDP
/// the address in the contact, or the source address when that cannot be reached.
fn destination(flow: &Flow, contact: &Uri, endpoint: &Endpoint) -> Destination {
    if flow.transport.is_reliable() {
        return Destination::Flow(flow.id);
    }
    let written = contact.as_sip().and_then(|uri| {
        let port = uri.port.unwrap_or(flow.transport.default_port());
        uri.host.ip().map(|ip| SocketAddr::new(ip, port))
    });
    let remote = match written {
        Some(written) if !endpoint.rewrite_contact => written,
        _ => flow.remote,
    };
    Destination::Address { transport: flow.transport, remote }
}

fn accepted(exchange: &Exchange, contacts: &[Contact], request: &Request) -> Reply {
    let mut reply = message::reply(200);
    let now = exchange.now();
    for contact in contacts {
        let left = contact.expires_at.map_or(3_600, |at| {
            // Rounded up, so that a contact that still stands never shows 0.
            at.saturating_duration_since(now).as_millis().div_ceil(1_000)
        });
        let value = format!("<{}>;expires={left}", contact.uri);
        reply.headers.push(("Contact".to_owned(), value));
    }
    reply.headers.push(("Date".to_owned(), exchange.sip_date()));
    let paths = request.headers.items(Name::Path);
    reply.headers.extend(paths.map(|path: Text| ("Path".to_owned(), path.to_str().into_owned())));
    if request.headers.lists(Name::Supported, "outbound") {
        reply.headers.push(("Supported".to_owned(), "outbound, path".to_owned()));
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
            destination(&flow, &uri, &config.endpoints["a"])
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
