//! From `PJSIP/alice&PJSIP/100@trunk` to contacts that can be called.

use std::sync::Arc;

use sidetone_base::{Destination as Target, Transport};
use sidetone_config::Endpoint;
use sidetone_pbx::Exchange;
use sidetone_pbx::registrar::Contact;
use sidetone_sip::{Text, Uri};

/// Calls one Dial may make: more is a mistake in a dialplan, or an attack through one.
const MOST_DESTINATIONS: usize = 64;

/// One contact to call.
#[derive(Clone, Debug)]
pub(super) struct Destination {
    /// Whose it is.
    pub endpoint: Arc<Endpoint>,
    /// At which address of record.
    pub aor: String,
    /// The contact.
    pub contact: Contact,
}

/// Finds the contacts; what cannot be called is named in the log.
pub(super) fn resolve(exchange: &Exchange, wanted: &str, channel: &str) -> Vec<Destination> {
    let mut found = Vec::new();
    for item in wanted.split('&').map(str::trim).filter(|item| !item.is_empty()) {
        match one(exchange, item) {
            Ok(destinations) => found.extend(destinations),
            Err(words) => tracing::warn!("{channel}: Dial: {item}: {words}"),
        }
    }
    if found.len() > MOST_DESTINATIONS {
        tracing::warn!("{channel}: Dial: only the first {MOST_DESTINATIONS} contacts are called");
        found.truncate(MOST_DESTINATIONS);
    }
    found
}

fn one(exchange: &Exchange, item: &str) -> Result<Vec<Destination>, &'static str> {
    let (technology, resource) = item.split_once('/').ok_or("write PJSIP/endpoint")?;
    if !technology.eq_ignore_ascii_case("PJSIP") {
        return Err("only PJSIP can be dialled here");
    }
    if let Some((name, uri)) = resource.split_once('/') {
        return Ok(vec![at_uri(exchange, name, uri)?]);
    }
    if let Some((number, name)) = resource.rsplit_once('@') {
        return through(exchange, number, name);
    }
    let endpoint = endpoint(exchange, resource)?;
    let contacts = contacts(exchange, &endpoint);
    if contacts.is_empty() {
        return Err("no contact is registered");
    }
    Ok(contacts)
}

fn endpoint(exchange: &Exchange, name: &str) -> Result<Arc<Endpoint>, &'static str> {
    exchange.config().endpoints.get(name).cloned().ok_or("there is no such endpoint")
}

/// All contacts of an endpoint; unreachable ones only when there are no others.
fn contacts(exchange: &Exchange, endpoint: &Arc<Endpoint>) -> Vec<Destination> {
    let registrar = exchange.registrar();
    let mut all: Vec<Destination> = Vec::new();
    for aor in &endpoint.aors {
        all.extend(registrar.contacts(aor).into_iter().map(|contact| Destination {
            endpoint: Arc::clone(endpoint),
            aor: aor.clone(),
            contact,
        }));
    }
    if all.iter().any(|destination| destination.contact.reachable) {
        all.retain(|destination| destination.contact.reachable);
    }
    all
}

/// A number at the contacts of an endpoint: the user part is replaced.
fn through(
    exchange: &Exchange,
    number: &str,
    name: &str,
) -> Result<Vec<Destination>, &'static str> {
    let endpoint = endpoint(exchange, name)?;
    let mut contacts = contacts(exchange, &endpoint);
    // A trunk is called at one of its contacts; the others are for when it fails.
    contacts.truncate(1);
    for destination in &mut contacts {
        let uri = Uri::parse(&Text::from(destination.contact.uri.clone().into_bytes()));
        let mut uri = uri.map_err(|_| "its contact is no SIP URI")?;
        let sip = uri.as_sip_mut().ok_or("its contact is no SIP URI")?;
        sip.user = Some(sidetone_sip::uri::escape_user(number.as_bytes()));
        destination.contact.uri = uri.to_text().to_str().into_owned();
    }
    if contacts.is_empty() { Err("no contact is registered") } else { Ok(contacts) }
}

/// An explicit URI, called with the settings of an endpoint.
fn at_uri(exchange: &Exchange, name: &str, text: &str) -> Result<Destination, &'static str> {
    let endpoint = endpoint(exchange, name)?;
    let uri = Uri::parse(&Text::from(text.as_bytes().to_vec())).map_err(|_| "no SIP URI")?;
    let sip = uri.as_sip().ok_or("no SIP URI")?;
    let ip = sip.host.ip().ok_or("write an IP address: names are not resolved here yet")?;
    let transport = match sip.transport() {
        Some(name) => Transport::from_name(&name.to_str()).ok_or("no such transport")?,
        None if uri.is_sips() => Transport::Tls,
        None => Transport::Udp,
    };
    let remote = (ip, sip.port.unwrap_or(transport.default_port())).into();
    let contact = Contact {
        uri: text.to_owned(),
        key: text.to_owned(),
        destination: Target::Address { transport, remote },
        bound_to: None,
        expires_at: None,
        expires_s: 0,
        q_thousandths: 1_000,
        user_agent: String::new(),
        call_id: String::new(),
        cseq: 0,
        path: Vec::new(),
        reachable: true,
    };
    Ok(Destination { endpoint, aor: String::new(), contact })
}
