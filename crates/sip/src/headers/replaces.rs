//! Replaces (RFC 3891 §6.1): the dialog a new INVITE takes over.

use super::{HeaderError, Shape, TypedHeader};
use crate::name::Name;
use crate::params::Params;
use crate::text::Text;

/// A dialog named by a third party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaces {
    /// The Call-ID of the dialog.
    pub call_id: Text,
    /// The tag of the receiver's side.
    pub to_tag: Text,
    /// The tag of the other side.
    pub from_tag: Text,
    /// Whether the dialog may be replaced only while early.
    pub early_only: bool,
}

impl TypedHeader for Replaces {
    const NAME: Name = Name::Replaces;
    const SHAPE: Shape = Shape::Single;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        let bytes = value.as_bytes();
        let end = memchr::memchr(b';', bytes).unwrap_or(bytes.len());
        let (call_id, params) = bytes.split_at(end);
        let call_id = value.share(call_id.trim_ascii());
        let params = Params::read(value, params).ok_or(Self::error("malformed parameters"))?;
        let tags = params.value("to-tag").cloned().zip(params.value("from-tag").cloned());
        match tags {
            Some((to_tag, from_tag)) if !call_id.is_empty() => {
                let early_only = params.has("early-only");
                Ok(Self { call_id, to_tag, from_tag, early_only })
            }
            _ => Err(Self::error("call-id;to-tag=…;from-tag=…")),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.call_id.as_bytes());
        out.extend_from_slice(b";to-tag=");
        out.extend_from_slice(self.to_tag.as_bytes());
        out.extend_from_slice(b";from-tag=");
        out.extend_from_slice(self.from_tag.as_bytes());
        if self.early_only {
            out.extend_from_slice(b";early-only");
        }
    }
}
