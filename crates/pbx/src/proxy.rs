//! The way of requests of ours: where a URI leads, as whom we go there, and proxies on the way
//! (`outbound_proxy` of endpoints and AORs). Beside step 7 of the INVITE walk.

use std::net::{IpAddr, SocketAddr};

use sidetone_base::{Destination, Flow, FlowId, Transport};
use sidetone_party::locate::{Records, Target, Wanted, locate};
use sidetone_party::names::records_of;
use sidetone_party::secrets;
use sidetone_sip::{Text, Uri};
use sidetone_ua::digest::Logins;

use crate::exchange::Exchange;
use crate::registrar::Contact;

/// Makes requests to the contact go through a proxy: its URI comes before the route of the contact
/// (RFC 3261 §8.1.2), and they are sent there. A name that was not found is a warning, and the
/// request goes to the contact with the proxy as its first route.
pub(crate) fn go_through(exchange: &Exchange, proxy: &str, contact: &mut Contact) {
    let uri = proxy.trim().trim_start_matches('<').trim_end_matches('>');
    contact.path.insert(0, format!("<{uri}>"));
    match exchange.way_to(uri, None) {
        Some(destination) => contact.destination = destination,
        None => tracing::warn!("outbound_proxy {uri}: its address is not known"),
    }
}

impl Exchange {
    /// Where a request to a URI goes first; `None` when its name was not found yet.
    #[must_use]
    pub fn way_to(&self, uri: &str, transport: Option<&str>) -> Option<Destination> {
        self.ways_to(uri, transport).first().copied()
    }

    /// Where a request to a URI goes, best first, by the records of its name (RFC 3263); those of
    /// one rank in an order drawn anew. The URI's own transport goes before that of the transport
    /// object. Empty when its name was not found yet.
    #[must_use]
    pub fn ways_to(&self, uri: &str, transport: Option<&str>) -> Vec<Destination> {
        let Ok(uri) = Uri::parse(&Text::from(uri.as_bytes().to_vec())) else { return Vec::new() };
        let config = self.config();
        let named = transport.and_then(|name| config.transports.get(name));
        let otherwise = named.and_then(|found| found.protocol.transport());
        let Some(wanted) = Wanted::of(&uri, otherwise) else { return Vec::new() };
        let (names, unknown) = (self.names(), Records::default());
        let records = wanted.name().and_then(|name| records_of(&names, name));
        let found = locate(&wanted, records.unwrap_or(&unknown), &mut self.draws());
        let to = |Target { transport, remote }| Destination::Address { transport, remote };
        found.into_iter().map(to).collect()
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
