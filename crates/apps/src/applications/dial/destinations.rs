//! From `PJSIP/alice&PJSIP/100@trunk&Local/5@sales` to what can be called.

use std::sync::Arc;

use sidetone_base::{LegId, Transport};
use sidetone_config::Endpoint;
use sidetone_dialplan::Host as _;
use sidetone_pbx::channel::{ChannelEvent, Errand, Inherited, PartyId, StreamFact, Variables};
use sidetone_pbx::local::{self, LocalCall};
use sidetone_pbx::outgoing::{self, Branch, Call};
use sidetone_pbx::registrar::Contact;
use sidetone_pbx::{Channel, Exchange};
use sidetone_sip::{Text, Uri};
use tokio::sync::mpsc;

use super::callee::Callee;

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

/// Who calls, and what the called channels get of it.
#[derive(Clone, Debug)]
pub(in crate::applications) struct Calling {
    /// Whose language and account code Local channels have.
    pub endpoint: Arc<Endpoint>,
    /// Who calls.
    pub caller: PartyId,
    /// What was dialled first.
    pub dialled: String,
    /// Variables handed down.
    pub variables: Variables,
    /// Headers and forwarding handed down.
    pub inherited: Inherited,
    /// The unique id of the channel that began the call, or nothing.
    pub linked_id: String,
    /// `exten@context` of the caller.
    pub dialled_at: String,
    /// The caller's leg.
    pub beside: Option<LegId>,
    /// The caller's streams.
    pub streams: Vec<StreamFact>,
    /// Who hears of it.
    pub owner: mpsc::Sender<ChannelEvent>,
}

impl Calling {
    /// A channel that calls.
    pub(in crate::applications) fn of(channel: &Channel) -> Self {
        let position = channel.position();
        Self {
            endpoint: Arc::clone(channel.endpoint()),
            caller: channel.caller().clone(),
            dialled: channel.dialled().to_owned(),
            variables: channel.variables().inherited(),
            inherited: channel.inheritance(),
            linked_id: channel.linked_id().to_owned(),
            dialled_at: format!("{}@{}", position.extension, position.context),
            beside: channel.leg_id(),
            streams: channel.streams(),
            owner: channel.inbox(),
        }
    }
}

impl Destination {
    /// Whether it has as many calls as it may (`device_state_busy_at`).
    pub(in crate::applications) fn is_busy(&self, exchange: &Exchange) -> bool {
        let To::Contact { endpoint, .. } = &self.to else { return false };
        let limit = usize::try_from(endpoint.device_state_busy_at).unwrap_or(usize::MAX);
        limit > 0 && exchange.live().of_endpoint(&endpoint.id) >= limit
    }

    /// Calls it; `first` is done on the called channel before anything else.
    pub(in crate::applications) fn call(
        &self,
        exchange: &Exchange,
        calling: Calling,
        first: Option<Errand>,
    ) -> Branch {
        let Calling { caller, variables, inherited, linked_id, .. } = calling;
        let Calling { endpoint, dialled, dialled_at, beside, streams, owner, .. } = calling;
        match &self.to {
            To::Contact { endpoint, aor, contact } => {
                let call = Call {
                    endpoint: endpoint.clone(),
                    aor: aor.clone(),
                    contact: (**contact).clone(),
                    caller,
                    dialled,
                    variables,
                    linked_id,
                    dialled_at,
                    beside,
                    streams,
                    inherited,
                    owner,
                    first,
                };
                outgoing::call(exchange, call)
            }
            To::Local { exten, context, optimise } => {
                let call = LocalCall {
                    exten: exten.clone(),
                    context: context.clone(),
                    optimise: *optimise,
                    endpoint,
                    caller,
                    variables,
                    linked_id,
                    dialled_at,
                    beside,
                    streams,
                    inherited,
                    owner,
                    first,
                };
                local::call(exchange, call)
            }
        }
    }
}

/// Looks up the hosts of URIs among what is to be called.
pub(in crate::applications) async fn learn(exchange: &Exchange, wanted: &str) {
    for (_, callee) in Callee::all(wanted) {
        if let Ok(Callee::At(_, uri)) = callee {
            exchange.learn(uri).await;
        }
    }
}

/// Finds what can be called; what cannot is named in the log.
pub(in crate::applications) fn resolve(
    exchange: &Exchange,
    wanted: &str,
    channel: &str,
) -> Vec<Destination> {
    let mut found = Vec::new();
    for (item, callee) in Callee::all(wanted) {
        match callee.and_then(|callee| one(exchange, callee)) {
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

fn one(exchange: &Exchange, callee: Callee<'_>) -> Result<Vec<Destination>, &'static str> {
    let (mut found, number) = match callee {
        Callee::Local { place, exten, context, options } => {
            warn_about(place, options);
            let (exten, context) = (exten.to_owned(), context.to_owned());
            let to = To::Local { exten, context, optimise: !options.contains('n') };
            return Ok(vec![Destination { number: place.to_owned(), to }]);
        }
        Callee::At(name, uri) => (vec![at_uri(exchange, name, uri)?], format!("{name}/{uri}")),
        Callee::Through(number, name) => {
            (through(exchange, number, name)?, format!("{number}@{name}"))
        }
        Callee::Endpoint(name) => (contacts(exchange, &endpoint(exchange, name)?), name.to_owned()),
    };
    if found.is_empty() {
        return Err("no contact is registered");
    }
    for destination in &mut found {
        destination.number.clone_from(&number);
    }
    Ok(found)
}

fn warn_about(place: &str, options: &str) {
    for option in options.chars().filter(|option| *option != 'n') {
        if "jmb".contains(option) {
            tracing::info!("Local/{place}: {option} has no effect: a pipe changes no media");
        } else {
            tracing::warn!("Local/{place}: there is no option '{option}'");
        }
    }
}

fn endpoint(exchange: &Exchange, name: &str) -> Result<Arc<Endpoint>, &'static str> {
    exchange.config().endpoints.get(name).cloned().ok_or("there is no such endpoint")
}

/// All contacts of an endpoint; unreachable ones only when there are no others.
fn contacts(exchange: &Exchange, endpoint: &Arc<Endpoint>) -> Vec<Destination> {
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

/// The contacts of an endpoint as Dial takes them, for `PJSIP_DIAL_CONTACTS`.
pub(crate) fn contacts_of(
    exchange: &Exchange,
    endpoint: &Arc<Endpoint>,
    aor: Option<&str>,
    user: Option<&str>,
) -> Vec<String> {
    let written = |destination: Destination| match destination.to {
        To::Contact { aor: own, contact, .. } if aor.is_none_or(|aor| aor == own) => {
            let uri = match user {
                Some(user) => with_user(&contact.uri, user).ok()?,
                None => contact.uri,
            };
            Some(format!("PJSIP/{}/{uri}", endpoint.id))
        }
        _ => None,
    };
    contacts(exchange, endpoint).into_iter().filter_map(written).collect()
}

fn with_user(uri: &str, user: &str) -> Result<String, &'static str> {
    let uri = Uri::parse(&Text::from(uri.as_bytes().to_vec()));
    let mut uri = uri.map_err(|_| "its contact is no SIP URI")?;
    let sip = uri.as_sip_mut().ok_or("its contact is no SIP URI")?;
    sip.user = Some(sidetone_sip::uri::escape_user(user.as_bytes()));
    Ok(uri.to_text().to_str().into_owned())
}

/// A number at the contacts of an endpoint: the user part is replaced.
fn through(
    exchange: &Exchange,
    number: &str,
    name: &str,
) -> Result<Vec<Destination>, &'static str> {
    let endpoint = endpoint(exchange, name)?;
    let mut contacts = contacts(exchange, &endpoint);
    // A trunk is called at one of its contacts: the first that qualify has not found dead.
    contacts.truncate(1);
    for destination in &mut contacts {
        let To::Contact { contact, .. } = &mut destination.to else { continue };
        contact.uri = with_user(&contact.uri, number)?;
    }
    Ok(contacts)
}

/// An explicit URI, called with the settings of an endpoint. A URI that is a registered contact
/// of the endpoint goes over that contact's connection (`PJSIP_DIAL_CONTACTS`).
pub(super) fn at_uri(
    exchange: &Exchange,
    name: &str,
    text: &str,
) -> Result<Destination, &'static str> {
    let endpoint = endpoint(exchange, name)?;
    let registered = contacts(exchange, &endpoint).into_iter().find(
        |destination| matches!(&destination.to, To::Contact { contact, .. } if contact.uri == text),
    );
    if let Some(registered) = registered {
        return Ok(registered);
    }
    let uri = Uri::parse(&Text::from(text.as_bytes().to_vec())).map_err(|_| "no SIP URI")?;
    let sip = uri.as_sip().ok_or("no SIP URI")?;
    let known = |name: &Text| Transport::from_name(&name.to_str()).is_some();
    if !sip.transport().is_none_or(known) {
        return Err("no such transport");
    }
    let destination = exchange.way_to(text, None).ok_or("its host has no address")?;
    let contact = Contact::fixed(text, text.to_owned(), destination);
    let to = To::Contact { endpoint, aor: String::new(), contact: Box::new(contact) };
    Ok(Destination { number: String::new(), to })
}
