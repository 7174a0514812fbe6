//! What a caller demands of those it calls: `CHANNEL(secure_bridge_signaling)` and
//! `CHANNEL(secure_bridge_media)`. The demand is handed down to Local channels, whose own `Dial`
//! keeps it.

use sidetone_base::Destination as Way;
use sidetone_config::MediaEncryption;
use sidetone_pbx::Channel;

use super::destinations::{Destination, To};

/// What may be demanded, as the function calls it, and the variable that keeps it.
const DEMANDS: [(&str, &str); 2] =
    [("secure_bridge_signaling", "~SECURE_SIGNALING"), ("secure_bridge_media", "~SECURE_MEDIA")];

fn variable(demand: &str) -> Option<&'static str> {
    DEMANDS.iter().find(|(name, _)| *name == demand).map(|(_, variable)| *variable)
}

/// Whether the channel demands it; `None` for what cannot be demanded.
pub(crate) fn demands(channel: &Channel, demand: &str) -> Option<bool> {
    variable(demand).map(|variable| channel.variables().value(variable) == Some("1"))
}

/// Demands it, or no more. `false` for what cannot be demanded.
pub(crate) fn demand(channel: &mut Channel, demand: &str, wanted: bool) -> bool {
    let Some(variable) = variable(demand) else { return false };
    channel.set(&format!("__{variable}"), if wanted { "1" } else { "" });
    true
}

/// Why a destination is not as secure as the channel demands.
pub(super) fn objection(channel: &Channel, destination: &Destination) -> Option<&'static str> {
    let To::Contact { endpoint, contact, .. } = &destination.to else { return None };
    let demands = |demand| demands(channel, demand) == Some(true);
    if demands("secure_bridge_signaling") {
        let transport = match contact.destination {
            Way::Address { transport, .. } => Some(transport),
            Way::Flow(id) => channel.exchange().net().flow(id).map(|flow| flow.transport),
        };
        if !transport.is_some_and(|transport| transport.is_secure()) {
            return Some("its signalling is in clear and secure_bridge_signaling is set");
        }
    }
    let may_be_clear =
        endpoint.media_encryption == MediaEncryption::None || endpoint.media_encryption_optimistic;
    (may_be_clear && demands("secure_bridge_media"))
        .then_some("its media may be in clear and secure_bridge_media is set")
}
