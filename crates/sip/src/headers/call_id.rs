//! Call-ID (RFC 3261 §20.8): opaque, compared byte for byte.

use super::{HeaderError, Shape, TypedHeader};
use crate::name::Name;
use crate::text::Text;

/// The identifier of a call leg.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallId(pub Text);

impl TypedHeader for CallId {
    const NAME: Name = Name::CallId;
    const SHAPE: Shape = Shape::Single;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        let value = value.trimmed();
        let blank = |b: &u8| b.is_ascii_whitespace() || b.is_ascii_control();
        if value.is_empty() || value.as_bytes().iter().any(blank) {
            return Err(Self::error("one word without blanks"));
        }
        Ok(Self(value))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }
}
