//! Content-Type, Content-Disposition, Content-Length, Accept (RFC 3261 §20.1, §20.11–§20.15).

use super::{HeaderError, Shape, TypedHeader};
use crate::lex;
use crate::name::Name;
use crate::params::Params;
use crate::text::Text;

/// The type of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType {
    /// `application`, as written.
    pub kind: Text,
    /// `sdp`, as written.
    pub subtype: Text,
    /// Parameters such as `boundary`.
    pub params: Params,
}

impl ContentType {
    /// Whether it is `kind/subtype`, given as one text, in any case.
    #[must_use]
    pub fn is(&self, media_type: &str) -> bool {
        lex::cut(media_type.as_bytes(), b'/').is_some_and(|(kind, subtype)| {
            self.kind.eq_ignore_case(kind) && self.subtype.eq_ignore_case(subtype)
        })
    }

    fn read(value: &Text) -> Result<Self, &'static str> {
        let bytes = value.as_bytes();
        let end = memchr::memchr(b';', bytes).unwrap_or(bytes.len());
        let (media_type, params) = bytes.split_at(end);
        let (kind, subtype) = lex::cut(media_type, b'/').ok_or("type/subtype comes first")?;
        if !lex::all_token(kind) || !lex::all_token(subtype) {
            return Err("type/subtype comes first");
        }
        let params = Params::read(value, params).ok_or("malformed parameters")?;
        Ok(Self { kind: value.share(kind), subtype: value.share(subtype), params })
    }

    fn write_value(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.kind.as_bytes());
        out.push(b'/');
        out.extend_from_slice(self.subtype.as_bytes());
        self.params.write(out);
    }
}

impl TypedHeader for ContentType {
    const NAME: Name = Name::ContentType;
    const SHAPE: Shape = Shape::Single;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        Self::read(value).map_err(Self::error)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.write_value(out);
    }
}

/// One body type the sender accepts; `*` stands for any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept(pub ContentType);

impl Accept {
    /// Whether this entry covers `kind/subtype`.
    #[must_use]
    pub fn covers(&self, media_type: &str) -> bool {
        let Some((kind, subtype)) = lex::cut(media_type.as_bytes(), b'/') else {
            return false;
        };
        let fits = |own: &Text, other: &[u8]| *own == "*" || own.eq_ignore_case(other);
        fits(&self.0.kind, kind) && fits(&self.0.subtype, subtype)
    }
}

impl TypedHeader for Accept {
    const NAME: Name = Name::Accept;
    const SHAPE: Shape = Shape::List;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        ContentType::read(value).map(Self).map_err(Self::error)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write_value(out);
    }
}

/// What a body is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentDisposition {
    /// `session`, `render`, `early-session`…
    pub kind: Text,
    /// Parameters such as `handling`.
    pub params: Params,
}

impl TypedHeader for ContentDisposition {
    const NAME: Name = Name::ContentDisposition;
    const SHAPE: Shape = Shape::Single;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        let bytes = value.as_bytes();
        let end = memchr::memchr(b';', bytes).unwrap_or(bytes.len());
        let (kind, params) = bytes.split_at(end);
        let kind = kind.trim_ascii();
        if !lex::all_token(kind) {
            return Err(Self::error("a disposition word comes first"));
        }
        let params = Params::read(value, params).ok_or(Self::error("malformed parameters"))?;
        Ok(Self { kind: value.share(kind), params })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.kind.as_bytes());
        self.params.write(out);
    }
}

/// Bytes of the body. Printed from the body itself, whatever the headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentLength(pub u32);

impl TypedHeader for ContentLength {
    const NAME: Name = Name::ContentLength;
    const SHAPE: Shape = Shape::Single;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        value.trimmed().decimal().map(Self).ok_or(Self::error("a number of bytes"))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.to_string().as_bytes());
    }
}
