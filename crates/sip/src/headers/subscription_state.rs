//! Subscription-State (RFC 6665 §8.2.3).

use super::{HeaderError, Shape, TypedHeader};
use crate::lex;
use crate::name::Name;
use crate::params::Params;
use crate::text::Text;

/// The state of a subscription as its notifier tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionState {
    /// `active`, `pending` or `terminated`.
    pub state: Text,
    /// `expires`, `reason`, `retry-after`.
    pub params: Params,
}

impl SubscriptionState {
    /// Whether the subscription is over.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.state.eq_ignore_case("terminated")
    }

    /// Seconds left.
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        self.params.value("expires").and_then(super::numbers::saturating)
    }

    /// Why it ended.
    #[must_use]
    pub fn reason(&self) -> Option<&Text> {
        self.params.value("reason")
    }
}

impl TypedHeader for SubscriptionState {
    const NAME: Name = Name::SubscriptionState;
    const SHAPE: Shape = Shape::Single;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        let bytes = value.as_bytes();
        let end = memchr::memchr(b';', bytes).unwrap_or(bytes.len());
        let (state, params) = bytes.split_at(end);
        let state = state.trim_ascii();
        if !lex::all_token(state) {
            return Err(Self::error("active, pending or terminated comes first"));
        }
        let params = Params::read(value, params).ok_or(Self::error("malformed parameters"))?;
        Ok(Self { state: value.share(state), params })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.state.as_bytes());
        self.params.write(out);
    }
}
