//! `MessageSend`: send a text outside calls.

use std::sync::Arc;

use sidetone_base::Transport;
use sidetone_config::{CallerId, Endpoint};
use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::party::PartyId;
use sidetone_pbx::registrar::Contact;
use sidetone_pbx::text::{self, Sending};
use sidetone_pbx::{Channel, Exchange};
use sidetone_sip::{NameAddr, Text, Uri};

pub(super) const DOC: Doc = Doc {
    name: "MessageSend",
    synopsis: "Send a text outside calls",
    syntax: "destination[,from[,to]]",
    description: "Sends MESSAGE(body), with the headers of MESSAGE_DATA, as a SIP MESSAGE. A \
        text that was received goes on as it is.",
    arguments: &[
        ("destination", "pjsip:endpoint, pjsip:endpoint/sip:uri or pjsip:sip:uri"),
        ("from", "Who writes, as \"name\" <sip:user@host>; MESSAGE(from) without"),
        ("to", "The To header, when it is not the destination"),
    ],
    variables: &[("MESSAGE_SEND_STATUS", "INVALID_PROTOCOL, INVALID_URI, SUCCESS or FAILURE")],
    see_also: &["MESSAGE", "MESSAGE_DATA", "SendText"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let mut parts = args.splitn(3, ',').map(str::trim);
    let destination = parts.next().unwrap_or_default().to_owned();
    let from = parts.next().unwrap_or_default().to_owned();
    let to = parts.next().unwrap_or_default().to_owned();
    let uri = destination.split_once('/').map_or(destination.as_str(), |(_, uri)| uri);
    channel.exchange().learn(uri.strip_prefix("pjsip:").unwrap_or(uri)).await;
    let status = match sending(channel, &destination, &from, &to) {
        Ok(sending) => {
            text::send(channel.exchange(), sending).await;
            "SUCCESS"
        }
        Err(Wrong { status, words }) => {
            tracing::warn!("{}: MessageSend: {destination}: {words}", channel.name());
            status
        }
    };
    channel.set("MESSAGE_SEND_STATUS", status);
    Ok(Flow::Next)
}

/// Why a text is not sent.
struct Wrong {
    status: &'static str,
    words: &'static str,
}

const fn wrong(status: &'static str, words: &'static str) -> Wrong {
    Wrong { status, words }
}

fn sending(
    channel: &mut Channel,
    destination: &str,
    from: &str,
    to: &str,
) -> Result<Sending, Wrong> {
    let message = channel.sip().message.as_deref().cloned().unwrap_or_default();
    let whose = if from.is_empty() { message.from.as_str() } else { from };
    let from = if whose.is_empty() { channel.caller().clone() } else { party(whose) };
    let target = match destination.split_once(':') {
        Some((protocol, rest)) if protocol.eq_ignore_ascii_case("pjsip") => rest,
        Some((protocol, _)) if protocol.eq_ignore_ascii_case("sip") => destination,
        _ => return Err(wrong("INVALID_PROTOCOL", "a destination begins with pjsip:")),
    };
    let (endpoint, contact) = resolve(channel.exchange(), target.trim())?;
    let to = (!to.is_empty()).then(|| to.strip_prefix("pjsip:").unwrap_or(to));
    let to = match to.map(|to| NameAddr::parse(&Text::from(to))) {
        None => None,
        Some(Err(_)) => return Err(wrong("INVALID_URI", "the To header cannot be read")),
        Some(Ok(address)) => {
            let mut out = Vec::with_capacity(64);
            address.write(&mut out);
            Some(String::from_utf8_lossy(&out).into_owned())
        }
    };
    Ok(Sending { endpoint, contact, from, to, message, hops: channel.sip().hops_left() })
}

/// Who writes, of `"name" <sip:user@host>`, `sip:user@host` or a name alone.
fn party(text: &str) -> PartyId {
    if let Ok(address) = NameAddr::parse(&Text::from(text)) {
        let name = address.display_name();
        let name = name.map(|name| name.to_str().into_owned()).unwrap_or_default();
        let user = address.uri.user();
        return PartyId::new(name, user.map(|user| user.to_str().into_owned()).unwrap_or_default());
    }
    let CallerId { name, number } = CallerId::parse(text);
    let number = if number.is_empty() { name.clone() } else { number };
    PartyId::new(name, number)
}

/// `endpoint`, `endpoint/sip:uri`, `user@endpoint` or `sip:uri`.
fn resolve(exchange: &Exchange, target: &str) -> Result<(Arc<Endpoint>, Contact), Wrong> {
    let config = exchange.config();
    let endpoint = |name: &str| {
        let found = config.endpoints.get(name).cloned();
        found.ok_or(wrong("INVALID_URI", "there is no such endpoint"))
    };
    let bare = target.trim_start_matches('<').trim_end_matches('>');
    let is_uri = |text: &str| {
        text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sip:"))
            || text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("sips:"))
    };
    if let Some((name, uri)) = bare.split_once('/').filter(|(_, uri)| is_uri(uri)) {
        return Ok((endpoint(name)?, at(exchange, uri)?));
    }
    if is_uri(bare) {
        return Ok((endpoint(&config.global.default_outbound_endpoint)?, at(exchange, bare)?));
    }
    // A text that is passed on names the user of its Request-URI.
    let name = if config.endpoints.contains_key(bare) {
        bare
    } else {
        bare.split('@').next().unwrap_or_default()
    };
    let endpoint = endpoint(name)?;
    let registrar = exchange.registrar();
    let all = endpoint.aors.iter().flat_map(|aor| registrar.contacts(aor));
    let contact = all.max_by_key(|contact| (contact.reachable, contact.q_thousandths));
    drop(config);
    Ok((Arc::clone(&endpoint), contact.ok_or(wrong("FAILURE", "no contact is registered"))?))
}

/// A contact that is written down.
fn at(exchange: &Exchange, text: &str) -> Result<Contact, Wrong> {
    let unreadable = || wrong("INVALID_URI", "that is no SIP URI");
    let uri = text.parse::<Uri>().map_err(|_| unreadable())?;
    let sip = uri.as_sip().ok_or_else(unreadable)?;
    let known = |name: &Text| Transport::from_name(&name.to_str()).is_some();
    if !sip.transport().is_none_or(known) {
        return Err(unreadable());
    }
    let destination = exchange.way_to(text, None);
    let destination = destination.ok_or(wrong("FAILURE", "its host has no address"))?;
    Ok(Contact::fixed(text, text.to_owned(), destination))
}
