//! The way of requests of ours: where a URI leads, as whom we go there, and proxies on the way
//! (`outbound_proxy` of endpoints and AORs). Beside step 7 of the INVITE walk.

use std::net::{IpAddr, SocketAddr};

use sidetone_base::{Destination, Flow, FlowId, Transport};
use sidetone_config::Host;
use sidetone_sip::{Text, Uri};
use sidetone_ua::digest::Logins;

use crate::exchange::Exchange;
use crate::registrar::Contact;
use sidetone_party::secrets;

/// Makes requests to the contact go through a proxy: its URI comes before the route of the contact
/// (RFC 3261 §8.1.2), and they are sent there. A name that was not found is a warning, and the
/// request goes to the contact with the proxy as its first route.
pub(crate) fn go_through(exchange: &Exchange, proxy: &str, contact: &mut Contact) {
    let uri = proxy.trim().trim_start_matches('<').trim_end_matches('>');
    contact.path.insert(0, format!("<{uri}>"));
    match destination(exchange, uri, Transport::Udp) {
        Some(destination) => contact.destination = destination,
        None => tracing::warn!("outbound_proxy {uri}: its address is not known"),
    }
}

/// Where requests to a URI go: over its own transport, or over this one.
fn destination(exchange: &Exchange, uri: &str, otherwise: Transport) -> Option<Destination> {
    let uri = Uri::parse(&Text::from(uri.as_bytes().to_vec())).ok()?;
    let sip = uri.as_sip()?;
    let written = sip.transport().and_then(|name| Transport::from_name(&name.to_str()));
    let transport = if uri.is_sips() { Transport::Tls } else { written.unwrap_or(otherwise) };
    let ip = match sip.host.ip() {
        Some(ip) => ip,
        None => exchange.address_of(&Host::Name(sip.host.to_string()))?,
    };
    let remote = (ip, sip.port.unwrap_or(transport.default_port())).into();
    Some(Destination::Address { transport, remote })
}

impl Exchange {
    /// Where a request to a URI goes first. The URI's own transport goes before that of the
    /// transport object, and UDP is the last resort. `None` when its name was not found yet.
    #[must_use]
    pub fn way_to(&self, uri: &str, transport: Option<&str>) -> Option<Destination> {
        let config = self.config();
        let named = transport.and_then(|name| config.transports.get(name));
        let otherwise = named.and_then(|found| found.protocol.transport());
        destination(self, uri, otherwise.unwrap_or(Transport::Udp))
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
