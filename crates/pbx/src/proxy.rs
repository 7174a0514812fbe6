//! Proxies that requests of ours go through first: `outbound_proxy` of endpoints and AORs. Beside
//! step 7 of the INVITE walk.

use sidetone_base::{Destination, Transport};
use sidetone_config::Host;
use sidetone_sip::{Text, Uri};

use crate::exchange::Exchange;
use crate::registrar::Contact;

/// Makes requests to the contact go through a proxy: its URI comes before the route of the contact
/// (RFC 3261 §8.1.2), and they are sent there. A name that was not found is a warning, and the
/// request goes to the contact with the proxy as its first route.
pub(crate) fn go_through(exchange: &Exchange, proxy: &str, contact: &mut Contact) {
    let uri = proxy.trim().trim_start_matches('<').trim_end_matches('>');
    contact.path.insert(0, format!("<{uri}>"));
    match destination(exchange, uri) {
        Some(destination) => contact.destination = destination,
        None => tracing::warn!("outbound_proxy {uri}: its address is not known"),
    }
}

fn destination(exchange: &Exchange, uri: &str) -> Option<Destination> {
    let uri = Uri::parse(&Text::from(uri.as_bytes().to_vec())).ok()?;
    let sip = uri.as_sip()?;
    let written = sip.transport().and_then(|name| Transport::from_name(&name.to_str()));
    let transport = if uri.is_sips() { Transport::Tls } else { written.unwrap_or(Transport::Udp) };
    let ip = match sip.host.ip() {
        Some(ip) => ip,
        None => exchange.address_of(&Host::Name(sip.host.to_string()))?,
    };
    let remote = (ip, sip.port.unwrap_or(transport.default_port())).into();
    Some(Destination::Address { transport, remote })
}
