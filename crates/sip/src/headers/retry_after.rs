//! Retry-After (RFC 3261 §20.33): seconds, perhaps a comment, perhaps parameters.

use super::{HeaderError, Shape, TypedHeader};
use crate::name::Name;
use crate::text::Text;

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter {
    /// Seconds from now; beyond 32 bits it counts as the largest.
    pub seconds: u32,
}

impl TypedHeader for RetryAfter {
    const NAME: Name = Name::RetryAfter;
    const SHAPE: Shape = Shape::Single;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        let bytes = value.as_bytes().trim_ascii();
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let (number, rest) = bytes.split_at(digits);
        let rest_fine = matches!(rest.trim_ascii().first(), None | Some(b'(' | b';'));
        match super::numbers::saturating(&value.share(number)) {
            Some(seconds) if rest_fine && !number.is_empty() => Ok(Self { seconds }),
            _ => Err(Self::error("a number of seconds")),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.seconds.to_string().as_bytes());
    }
}
