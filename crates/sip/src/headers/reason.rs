//! Reason (RFC 3326): why a request or response was sent, as a SIP status or Q.850 cause.

use super::{HeaderError, Shape, TypedHeader};
use crate::lex;
use crate::name::Name;
use crate::params::Params;
use crate::text::Text;

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// `SIP`, `Q.850` or another protocol.
    pub protocol: Text,
    /// `cause`, `text` and others.
    pub params: Params,
}

impl Reason {
    /// `Q.850;cause=…` with a text.
    #[must_use]
    pub fn q850(cause: u8, text: &str) -> Self {
        let params = Params::new().with("cause", cause.to_string());
        Self {
            protocol: Text::from_static("Q.850"),
            params: params.with("text", Text::quoted(text)),
        }
    }

    /// `SIP;cause=…` with a text.
    #[must_use]
    pub fn sip(status: u16, text: &str) -> Self {
        let params = Params::new().with("cause", status.to_string());
        Self { protocol: Text::from_static("SIP"), params: params.with("text", Text::quoted(text)) }
    }

    /// The cause number.
    #[must_use]
    pub fn cause(&self) -> Option<u16> {
        self.params.value("cause").and_then(Text::decimal)
    }

    /// The text without quotes.
    #[must_use]
    pub fn text(&self) -> Option<Text> {
        self.params.value("text").map(Text::unquoted)
    }
}

impl TypedHeader for Reason {
    const NAME: Name = Name::Reason;
    const SHAPE: Shape = Shape::List;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        let bytes = value.as_bytes();
        let end = memchr::memchr(b';', bytes).unwrap_or(bytes.len());
        let (protocol, params) = bytes.split_at(end);
        let protocol = protocol.trim_ascii();
        if !lex::all_token(protocol) {
            return Err(Self::error("a protocol such as SIP or Q.850 comes first"));
        }
        let params = Params::read(value, params).ok_or(Self::error("malformed parameters"))?;
        Ok(Self { protocol: value.share(protocol), params })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.protocol.as_bytes());
        self.params.write(out);
    }
}
