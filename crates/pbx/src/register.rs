//! REGISTER: from the request to the location table and back (RFC 3261 §10.3).

use sidetone_base::Flow;
use sidetone_config::Endpoint;
use sidetone_events::Event;
use sidetone_party::{binding, ice_servers};
use sidetone_sip::{Request, Uri};
use sidetone_ua::api::Reply;

use crate::authenticate::{Authenticated, kept_out};
use crate::channel::Control;
use crate::exchange::Exchange;
use crate::message;
use crate::registrar::{Change, Contacts, Register, RegisterError};

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
    let Some(aor) = binding::aor_of(&config, who.endpoint(), request) else {
        return message::refusal(404, "the endpoint has no such address of record");
    };
    if let Some(reply) = binding::unwanted_path(request, aor) {
        return reply;
    }
    let register = match binding::read(flow, request, who.endpoint(), aor) {
        Ok(register) => register,
        Err(words) => return message::refusal(400, words),
    };
    if let Some(list) = binding::contact_refused(&config, who.endpoint(), flow, &register) {
        return *kept_out(exchange, flow, request, &list);
    }
    let mut registrar = exchange.registrar();
    let now = exchange.now();
    let outcome = registrar.register(now, &binding::limits_of(aor), &register);
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
            let about = (&*config, &**who.endpoint(), aor);
            let mut reply = binding::accepted(now, about, &contacts, request);
            reply.headers.push(("Date".to_owned(), exchange.sip_date()));
            let unix = exchange.wall_clock().timestamp().as_second();
            let now_s = u64::try_from(unix).unwrap_or(0);
            let servers = ice_servers::header(&config.rtp, who.endpoint(), flow, request, now_s);
            reply.headers.extend(servers);
            reply
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
