//! WWW-Authenticate, Proxy-Authenticate, Authorization, Proxy-Authorization (RFC 3261 §20.7,
//! §20.27, §20.28, §20.44; RFC 8760). Only the grammar; `ua` does the arithmetic.

use super::{HeaderError, Shape, TypedHeader};
use crate::lex::{self, Angles};
use crate::limits;
use crate::name::Name;
use crate::params::Param;
use crate::text::Text;

/// A scheme and its comma-separated parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthParams {
    /// `Digest`, or a scheme unknown here.
    pub scheme: Text,
    /// Parameters in order, values as written.
    pub params: Vec<Param>,
}

impl AuthParams {
    /// A digest header without parameters yet.
    #[must_use]
    pub fn digest() -> Self {
        Self { scheme: Text::from_static("Digest"), params: Vec::new() }
    }

    /// Whether the scheme is Digest.
    #[must_use]
    pub fn is_digest(&self) -> bool {
        self.scheme.eq_ignore_case("Digest")
    }

    /// A parameter without quotes and escapes.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Text> {
        let param = self.params.iter().find(|param| param.name.eq_ignore_case(name))?;
        param.value.as_ref().map(Text::unquoted)
    }

    /// Adds `name=value` as is.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Text>) -> Self {
        self.params.push(Param { name: Text::from_static(name), value: Some(value.into()) });
        self
    }

    /// Adds `name="value"`.
    #[must_use]
    pub fn with_quoted(self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.with(name, Text::quoted(value))
    }

    fn read(value: &Text) -> Result<Self, &'static str> {
        let bytes = value.as_bytes().trim_ascii();
        let end = bytes.iter().position(u8::is_ascii_whitespace).unwrap_or(bytes.len());
        let (scheme, rest) = bytes.split_at(end);
        if !lex::all_token(scheme) {
            return Err("the scheme is not a token");
        }
        let mut params = Vec::new();
        for piece in lex::split(rest, b',', Angles::Plain).filter(|piece| !piece.is_empty()) {
            if params.len() >= limits::PARAMS {
                return Err("too many parameters");
            }
            let (name, value_part) = match lex::cut(piece, b'=') {
                Some((name, part)) if lex::all_token(name) => (name, Some(value.share(part))),
                // Another scheme's credentials, such as a bare token: kept whole.
                _ => (piece, None),
            };
            params.push(Param { name: value.share(name), value: value_part });
        }
        Ok(Self { scheme: value.share(scheme), params })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.scheme.as_bytes());
        for (index, param) in self.params.iter().enumerate() {
            out.extend_from_slice(if index == 0 { b" " } else { b", " });
            out.extend_from_slice(param.name.as_bytes());
            if let Some(value) = &param.value {
                out.push(b'=');
                out.extend_from_slice(value.as_bytes());
            }
        }
    }
}

macro_rules! auth_header {
    ($(#[$doc:meta])* $type:ident, $name:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $type(pub AuthParams);

        impl TypedHeader for $type {
            const NAME: Name = $name;
            const SHAPE: Shape = Shape::Lines;

            fn parse(value: &Text) -> Result<Self, HeaderError> {
                AuthParams::read(value).map(Self).map_err(Self::error)
            }

            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }
        }
    };
}

auth_header!(
    /// The challenge of a user agent server (401).
    WwwAuthenticate,
    Name::WwwAuthenticate
);
auth_header!(
    /// The challenge of a proxy (407).
    ProxyAuthenticate,
    Name::ProxyAuthenticate
);
auth_header!(
    /// Credentials for a user agent server.
    Authorization,
    Name::Authorization
);
auth_header!(
    /// Credentials for a proxy.
    ProxyAuthorization,
    Name::ProxyAuthorization
);
