//! Route, Record-Route (RFC 3261 §20.30, §20.34), Path (RFC 3327), Service-Route (RFC 3608).

use super::address::address_header;
use super::{HeaderError, NameAddr, Shape, TypedHeader};
use crate::name::Name;
use crate::text::Text;

address_header!(
    /// A proxy the request still has to visit.
    Route,
    Name::Route,
    Shape::List
);
address_header!(
    /// A proxy that wants to stay on the path of the dialog.
    RecordRoute,
    Name::RecordRoute,
    Shape::List
);
address_header!(
    /// A proxy between the registrar and the registered contact.
    Path,
    Name::Path,
    Shape::List
);
address_header!(
    /// A proxy the registrar wants on the way of the user's own requests.
    ServiceRoute,
    Name::ServiceRoute,
    Shape::List
);
