//! From `PJSIP/alice&PJSIP/100@trunk&Local/5@sales` to what can be called.

use std::sync::Arc;

use sidetone_base::{Destination as Target, Transport};
use sidetone_config::Endpoint;
use sidetone_pbx::Exchange;
use sidetone_pbx::registrar::Contact;
use sidetone_sip::{Text, Uri};

/// Calls one Dial may make: more is a mistake in a dialplan, or an attack through one.
pub(super) const MOST_DESTINATIONS: usize = 64;

/// One thing to call.
#[derive(Clone, Debug)]
pub(in crate::applications) struct Destination {
    /// What was written after the technology, for `DIALEDPEERNUMBER`.
    pub number: String,
    /// What it is.
    pub to: To,
}

/// What a destination leads to.
#[derive(Clone, Debug)]
pub(in crate::applications) enum To {
    /// A contact of an endpoint.
    Contact {
        /// Whose it is.
        endpoint: Arc<Endpoint>,
        /// At which address of record.
        aor: String,
        /// The contact.
        contact: Box<Contact>,
    },
    /// An extension.
    Local {
        /// Which.
        exten: String,
        /// Of which context.
        context: String,
        /// Leave the way when both ends talk.
        optimise: bool,
    },
}

/// Finds what can be called; what cannot is named in the log.
pub(in crate::applications) fn resolve(
    exchange: &Exchange,
    wanted: &str,
    channel: &str,
) -> Vec<Destination> {
    let mut found = Vec::new();
    for item in wanted.split('&').map(str::trim).filter(|item| !item.is_empty()) {
        match one(exchange, item) {
            Ok(destinations) => found.extend(destinations),
            Err(words) => tracing::warn!("{channel}: {item} cannot be called: {words}"),
        }
    }
    if found.len() > MOST_DESTINATIONS {
        tracing::warn!("{channel}: only the first {MOST_DESTINATIONS} of the contacts are called");
        found.truncate(MOST_DESTINATIONS);
    }
    found
}

fn one(exchange: &Exchange, item: &str) -> Result<Vec<Destination>, &'static str> {
    let (technology, resource) = item.split_once('/').ok_or("write PJSIP/endpoint")?;
    if technology.eq_ignore_ascii_case("Local") {
        return Ok(vec![local(resource)?]);
    }
    if !technology.eq_ignore_ascii_case("PJSIP") {
        return Err("only PJSIP and Local can be called here");
    }
    let mut found = if let Some((name, uri)) = resource.split_once('/') {
        vec![at_uri(exchange, name, uri)?]
    } else if let Some((number, name)) = resource.rsplit_once('@') {
        through(exchange, number, name)?
    } else {
        contacts(exchange, &endpoint(exchange, resource)?)
    };
    if found.is_empty() {
        return Err("no contact is registered");
    }
    for destination in &mut found {
        resource.clone_into(&mut destination.number);
    }
    Ok(found)
}

/// `exten@context[/options]`; the context is `default` without one.
fn local(resource: &str) -> Result<Destination, &'static str> {
    let (place, options) = resource.split_once('/').unwrap_or((resource, ""));
    let (exten, context) = place.rsplit_once('@').unwrap_or((place, "default"));
    if exten.is_empty() || context.is_empty() {
        return Err("write Local/extension@context");
    }
    if let Some(other) = options.chars().find(|option| !"njmb".contains(*option)) {
        tracing::warn!("Local/{resource}: there is no option '{other}'");
    }
    let to = To::Local {
        exten: exten.to_owned(),
        context: context.to_owned(),
        optimise: !options.contains('n'),
    };
    Ok(Destination { number: place.to_owned(), to })
}

fn endpoint(exchange: &Exchange, name: &str) -> Result<Arc<Endpoint>, &'static str> {
    exchange.config().endpoints.get(name).cloned().ok_or("there is no such endpoint")
}

/// All contacts of an endpoint; unreachable ones only when there are no others.
pub(in crate::applications) fn contacts(
    exchange: &Exchange,
    endpoint: &Arc<Endpoint>,
) -> Vec<Destination> {
    let registrar = exchange.registrar();
    let mut all: Vec<(&String, Contact)> = Vec::new();
    for aor in &endpoint.aors {
        all.extend(registrar.contacts(aor).into_iter().map(|contact| (aor, contact)));
    }
    if all.iter().any(|(_, contact)| contact.reachable) {
        all.retain(|(_, contact)| contact.reachable);
    }
    let destination = |(aor, contact): (&String, Contact)| Destination {
        number: endpoint.id.clone(),
        to: To::Contact {
            endpoint: Arc::clone(endpoint),
            aor: aor.clone(),
            contact: Box::new(contact),
        },
    };
    all.into_iter().map(destination).collect()
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
        let To::Contact { contact, .. } = &mut destination.to else { continue };
        let uri = Uri::parse(&Text::from(contact.uri.clone().into_bytes()));
        let mut uri = uri.map_err(|_| "its contact is no SIP URI")?;
        let sip = uri.as_sip_mut().ok_or("its contact is no SIP URI")?;
        sip.user = Some(sidetone_sip::uri::escape_user(number.as_bytes()));
        contact.uri = uri.to_text().to_str().into_owned();
    }
    Ok(contacts)
}

/// An explicit URI, called with the settings of an endpoint. A URI that is a registered contact
/// of the endpoint goes over that contact's connection (`PJSIP_DIAL_CONTACTS`).
fn at_uri(exchange: &Exchange, name: &str, text: &str) -> Result<Destination, &'static str> {
    let endpoint = endpoint(exchange, name)?;
    let registered = contacts(exchange, &endpoint).into_iter().find(
        |destination| matches!(&destination.to, To::Contact { contact, .. } if contact.uri == text),
    );
    if let Some(registered) = registered {
        return Ok(registered);
    }
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
    let to = To::Contact { endpoint, aor: String::new(), contact: Box::new(contact) };
    Ok(Destination { number: String::new(), to })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_destination_has_a_place_and_options() {
        let read = |text: &str| local(text).map(|destination| destination.to);
        let Ok(To::Local { exten, context, optimise }) = read("5@sales/n") else {
            panic!("it is one");
        };
        assert_eq!((exten.as_str(), context.as_str(), optimise), ("5", "sales", false));
        let Ok(To::Local { context, optimise, .. }) = read("5") else { panic!("it is one") };
        assert_eq!((context.as_str(), optimise), ("default", true));
        assert!(read("@sales").is_err() && read("5@").is_err());
    }
}
