//! Headers that are one number: Max-Forwards (RFC 3261 §20.22), Expires (§20.19), Min-Expires
//! (§20.23), RSeq (RFC 3262 §7.1).

use super::{HeaderError, Shape, TypedHeader};
use crate::name::Name;
use crate::text::Text;

/// A decimal; beyond 32 bits it counts as the largest. None when not digits.
pub(super) fn saturating(text: &Text) -> Option<u32> {
    let digits = text.as_bytes();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.decimal().unwrap_or(u32::MAX))
}

macro_rules! number_header {
    ($(#[$doc:meta])* $type:ident, $name:expr, $number:ty, $parse:expr, $problem:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $type(pub $number);

        impl TypedHeader for $type {
            const NAME: Name = $name;
            const SHAPE: Shape = Shape::Single;

            fn parse(value: &Text) -> Result<Self, HeaderError> {
                $parse(&value.trimmed()).map(Self).ok_or(Self::error($problem))
            }

            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(self.0.to_string().as_bytes());
            }
        }
    };
}

number_header!(
    /// Hops a request may still take.
    MaxForwards,
    Name::MaxForwards,
    u8,
    |text: &Text| text.decimal(),
    "a number from 0 to 255"
);
number_header!(
    /// Seconds a registration, subscription or publication lasts.
    Expires,
    Name::Expires,
    u32,
    saturating,
    "a number of seconds"
);
number_header!(
    /// The shortest registration a registrar accepts, in seconds.
    MinExpires,
    Name::MinExpires,
    u32,
    saturating,
    "a number of seconds"
);
number_header!(
    /// The number of a reliable provisional response, from 1.
    RSeq,
    Name::RSeq,
    u32,
    |text: &Text| text.decimal(),
    "a number below 2^32"
);
