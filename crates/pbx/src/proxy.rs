//! The way of requests of ours: where a URI leads, as whom we go there, and proxies on the way
//! (`outbound_proxy` of endpoints and AORs). Beside step 7 of the INVITE walk.

use std::net::{IpAddr, SocketAddr};

use sidetone_base::{Destination, Flow, FlowId, Transport};
use sidetone_config::Endpoint;
use sidetone_party::locate::{Records, Target, Wanted, locate};
use sidetone_party::names::records_of;
use sidetone_party::secrets;
use sidetone_sip::{Text, Uri};
use sidetone_ua::api::Way;
use sidetone_ua::digest::Logins;

use crate::exchange::Exchange;
use crate::incoming;
use crate::outgoing::flow_to;
use crate::registrar::Contact;

/// Chooses where requests to a contact go, and returns the further places (RFC 3263 §4.3). Through
/// a proxy its URI comes before the route of the contact (RFC 3261 §8.1.2) and decides; one that
/// was not found is a warning, and the request goes to the contact with the proxy as its first
/// route. A contact that nobody registered is where its URI leads now.
pub fn aim(exchange: &Exchange, proxy: Option<&String>, contact: &mut Contact) -> Vec<Destination> {
    let mut ways = match proxy {
        Some(proxy) => {
            let uri = proxy.trim().trim_start_matches('<').trim_end_matches('>');
            contact.path.insert(0, format!("<{uri}>"));
            let ways = exchange.ways_to(uri, None);
            if ways.is_empty() {
                tracing::warn!("outbound_proxy {uri}: its address is not known");
            }
            ways
        }
        None if contact.expires_at.is_none() && contact.path.is_empty() => {
            exchange.ways_to(&contact.uri, None)
        }
        None => Vec::new(),
    };
    if ways.is_empty() {
        return ways;
    }
    contact.destination = ways.remove(0);
    ways
}

/// `Max-Forwards` of what is passed on: what comes back to where it was ends some time (RFC 7332).
/// The stack refuses what has no hop left, and writes the header of what begins here.
pub fn max_forwards(exchange: &Exchange, hops: Option<u8>) -> Option<(String, String)> {
    let hops = hops?.min(exchange.config().global.max_forwards);
    Some(("Max-Forwards".to_owned(), hops.to_string()))
}

/// Further places as requests of an endpoint are written for them.
pub fn written(
    exchange: &Exchange,
    endpoint: &Endpoint,
    places: Vec<Destination>,
    uri: &str,
) -> Vec<Way> {
    let is_secure = incoming::is_sips(uri);
    let write = |destination| {
        let flow = flow_to(exchange, destination);
        let (ip, port) = exchange.public_address(endpoint, &flow);
        Way {
            destination,
            sent_by: SocketAddr::new(ip, port).to_string(),
            contact: Some(incoming::contact(exchange, endpoint, &flow, None, is_secure)),
        }
    };
    places.into_iter().map(write).collect()
}

fn target(destination: Destination) -> Option<Target> {
    match destination {
        Destination::Address { transport, remote } => Some(Target { transport, remote }),
        Destination::Flow(_) => None,
    }
}

impl Exchange {
    /// Where a request to a URI goes first; `None` when its name was not found yet.
    #[must_use]
    pub fn way_to(&self, uri: &str, transport: Option<&str>) -> Option<Destination> {
        self.ways_to(uri, transport).first().copied()
    }

    /// Where a request to a URI goes, best first, by the records of its name (RFC 3263): those of
    /// one rank in an order drawn anew, and those that gave no answer lately last. The URI's own
    /// transport goes before that of the transport object. Empty when its name was not found yet.
    #[must_use]
    pub fn ways_to(&self, uri: &str, transport: Option<&str>) -> Vec<Destination> {
        let Ok(uri) = Uri::parse(&Text::from(uri.as_bytes().to_vec())) else { return Vec::new() };
        let config = self.config();
        let named = transport.and_then(|name| config.transports.get(name));
        let otherwise = named.and_then(|found| found.protocol.transport());
        let Some(wanted) = Wanted::of(&uri, otherwise) else { return Vec::new() };
        let spoken = config.transports.values().filter_map(|one| one.protocol.transport());
        let wanted = wanted.over(&spoken.collect::<Vec<_>>());
        let (names, unknown) = (self.names(), Records::default());
        let records = wanted.name().and_then(|name| records_of(&names, name));
        let mut found = locate(&wanted, records.unwrap_or(&unknown), &mut self.draws());
        self.silent().put_last(&mut found, self.now());
        let to = |Target { transport, remote }| Destination::Address { transport, remote };
        found.into_iter().map(to).collect()
    }

    /// A place gave no answer or wants to be left alone: it is tried last for a while.
    pub fn note_silent(&self, place: Destination) {
        if let Some(target) = target(place) {
            self.silent().note(target, self.now());
        }
    }

    /// Whether one of these places answered, as far as is known.
    pub fn may_answer(&self, places: &[Destination]) -> bool {
        let (silent, now) = (self.silent(), self.now());
        places.iter().filter_map(|place| target(*place)).any(|target| !silent.has(&target, now))
    }

    /// Our address and port as a peer sees them, by a transport object or the usual one.
    #[must_use]
    pub fn address_towards(
        &self,
        transport: Option<&str>,
        protocol: Transport,
        remote: SocketAddr,
    ) -> (IpAddr, u16) {
        let local = self.local_address(protocol, remote);
        let flow = Flow { id: FlowId(0), transport: protocol, local, remote };
        let config = self.config();
        self.address_by(self.transport_named(&config, transport, Some(&flow)), &flow)
    }

    /// Who we are by these auths; `None` without any.
    #[must_use]
    pub fn logins(&self, auths: &[String]) -> Option<Logins> {
        secrets::logins_of(&self.config(), auths)
    }
}
