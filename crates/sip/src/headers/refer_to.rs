//! Refer-To (RFC 3515 §2.1): where to send the request; a Replaces header may hide in the URI.

use super::address::address_header;
use super::{HeaderError, NameAddr, Replaces, Shape, TypedHeader};
use crate::name::Name;
use crate::text::Text;

address_header!(
    /// The target of a transfer.
    ReferTo,
    Name::ReferTo,
    Shape::Single
);

impl ReferTo {
    /// The Replaces header inside the URI, which makes the transfer an attended one
    /// (RFC 3891 §2). None when absent or malformed.
    #[must_use]
    pub fn replaces(&self) -> Option<Replaces> {
        let uri = self.0.uri.as_sip()?;
        let (_, value) = uri.headers_decoded().find(|(name, _)| name.eq_ignore_case("Replaces"))?;
        Replaces::parse(&value).ok()
    }
}
