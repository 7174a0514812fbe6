//! From, To (RFC 3261 §20.20, §20.39) and the headers of the same form that name a person:
//! P-Asserted-Identity, P-Preferred-Identity (RFC 3325), Referred-By (RFC 3892).

use super::address::address_header;
use super::{HeaderError, NameAddr, Shape, TypedHeader};
use crate::name::Name;
use crate::text::Text;

address_header!(
    /// Who asks: the caller's address and the tag of its side.
    From,
    Name::From,
    Shape::Single
);
address_header!(
    /// Who is asked, and the tag of that side once there is a dialog.
    To,
    Name::To,
    Shape::Single
);
address_header!(
    /// The caller's identity as a trusted network vouches for it.
    PAssertedIdentity,
    Name::PAssertedIdentity,
    Shape::List
);
address_header!(
    /// The identity a user would like to be asserted.
    PPreferredIdentity,
    Name::PPreferredIdentity,
    Shape::List
);
address_header!(
    /// Who asked for the transfer.
    ReferredBy,
    Name::ReferredBy,
    Shape::Single
);
