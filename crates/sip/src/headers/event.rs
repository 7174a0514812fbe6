//! Event (RFC 6665 §8.2.1): the package a subscription or notification is about.

use super::{HeaderError, Shape, TypedHeader};
use crate::lex;
use crate::name::Name;
use crate::params::Params;
use crate::text::Text;

/// An event package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The package, with templates: `presence`, `dialog`, `refer`, `presence.winfo`.
    pub package: Text,
    /// Parameters, `id` among them.
    pub params: Params,
}

impl Event {
    /// The `id` parameter, which tells subscriptions of one dialog apart.
    #[must_use]
    pub fn id(&self) -> Option<&Text> {
        self.params.value("id")
    }
}

impl TypedHeader for Event {
    const NAME: Name = Name::Event;
    const SHAPE: Shape = Shape::Single;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        let bytes = value.as_bytes();
        let end = memchr::memchr(b';', bytes).unwrap_or(bytes.len());
        let (package, params) = bytes.split_at(end);
        let package = package.trim_ascii();
        if !lex::all_token(package) {
            return Err(Self::error("the event package comes first"));
        }
        let params = Params::read(value, params).ok_or(Self::error("malformed parameters"))?;
        Ok(Self { package: value.share(package), params })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.package.as_bytes());
        self.params.write(out);
    }
}
