//! Fax of an endpoint. A part of [`super::endpoint::Endpoint`].

use super::endpoint::MediaEncryption;
use crate::fields::Fields;

/// How a fax (T.38) passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaxSettings {
    /// A fax may take the place of the voice.
    pub udptl: bool,
    /// The largest datagram that others are told it takes, in bytes; 0 for what it says itself.
    pub max_datagram: u32,
    /// Datagrams go to where the endpoint's come from.
    pub symmetric: bool,
}

impl FaxSettings {
    /// A fax travels in clear: an endpoint that encrypts has none.
    pub(crate) fn build(fields: &mut Fields<'_>) -> Self {
        let encryption = fields.choice("media_encryption").unwrap_or(MediaEncryption::None);
        let encrypts = encryption != MediaEncryption::None || fields.flag("webrtc");
        let udptl = fields.flag("t38_udptl");
        if udptl && encrypts {
            fields.warn(
                "t38_udptl",
                String::from("t38_udptl = yes has no effect: a fax would travel in clear"),
                "it needs media_encryption = no and webrtc = no",
            );
        }
        Self {
            udptl: udptl && !encrypts,
            max_datagram: fields.number("t38_udptl_maxdatagram"),
            symmetric: fields.flag("t38_udptl_nat"),
        }
    }
}
