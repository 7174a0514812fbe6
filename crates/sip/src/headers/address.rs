//! `name-addr` and `addr-spec` with header parameters (RFC 3261 §25.1), the shape of From, To,
//! Contact, Route, Refer-To and the identity headers.

use crate::lex::{self, Angles};
use crate::params::Params;
use crate::text::Text;
use crate::uri::Uri;

/// A display name, a URI and header parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAddr {
    /// The display name as written, quotes included. See [`NameAddr::display_name`].
    pub display: Option<Text>,
    /// The URI.
    pub uri: Uri,
    /// The parameters after the URI.
    pub params: Params,
}

impl NameAddr {
    /// An address without display name and parameters.
    #[must_use]
    pub fn new(uri: Uri) -> Self {
        Self { display: None, uri, params: Params::new() }
    }

    /// With a display name, quoted.
    #[must_use]
    pub fn with_display(mut self, name: &str) -> Self {
        self.display = (!name.is_empty()).then(|| Text::quoted(name));
        self
    }

    /// With a header parameter.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: impl Into<Text>) -> Self {
        self.params.set(name, Some(value.into()));
        self
    }

    /// The display name without quotes and escapes.
    #[must_use]
    pub fn display_name(&self) -> Option<Text> {
        self.display.as_ref().map(Text::unquoted)
    }

    /// The `tag` parameter.
    #[must_use]
    pub fn tag(&self) -> Option<&Text> {
        self.params.value("tag")
    }

    /// Reads one address.
    ///
    /// # Errors
    /// In words, when the value is outside the grammar.
    pub fn parse(value: &Text) -> Result<Self, &'static str> {
        let bytes = value.as_bytes().trim_ascii();
        match lex::find_outside(bytes, b'<', Angles::Plain) {
            Some(open) => Self::bracketed(value, bytes, open),
            None if memchr::memchr(b'"', bytes).is_some() => {
                Err("a quoted string is not closed, or a URI in <> is missing")
            }
            None => Self::bare(value, bytes),
        }
    }

    fn bracketed(value: &Text, bytes: &[u8], open: usize) -> Result<Self, &'static str> {
        let (display, rest) = bytes.split_at(open);
        let display = display.trim_ascii();
        let rest = rest.get(1..).unwrap_or_default();
        let close = memchr::memchr(b'>', rest).ok_or("a URI opened by < is not closed by >")?;
        let (uri, tail) = rest.split_at(close);
        let uri = value.share(uri.trim_ascii());
        let uri = Uri::parse(&uri).map_err(|error| error.0)?;
        let tail = tail.get(1..).unwrap_or_default().trim_ascii();
        if !tail.is_empty() && tail.first() != Some(&b';') {
            return Err("only ;parameters may follow >");
        }
        let params = Params::read(value, tail).ok_or("malformed parameters")?;
        let display = if display.is_empty() { None } else { Some(read_display(value, display)?) };
        Ok(Self { display, uri, params })
    }

    /// Without `<>` everything after `;` belongs to the header, and `,` `?` are not allowed
    /// (RFC 3261 §20).
    fn bare(value: &Text, bytes: &[u8]) -> Result<Self, &'static str> {
        let end = memchr::memchr(b';', bytes).unwrap_or(bytes.len());
        let (uri, tail) = bytes.split_at(end);
        let uri = uri.trim_ascii();
        if memchr::memchr2(b'?', b',', uri).is_some() {
            return Err("a URI with ? or , must stand in <>");
        }
        let uri = Uri::parse(&value.share(uri)).map_err(|error| error.0)?;
        let params = Params::read(value, tail).ok_or("malformed parameters")?;
        Ok(Self { display: None, uri, params })
    }

    /// Appends the address, always with `<>`.
    pub fn write(&self, out: &mut Vec<u8>) {
        if let Some(display) = &self.display {
            out.extend_from_slice(display.as_bytes());
            out.push(b' ');
        }
        out.push(b'<');
        self.uri.write(out);
        out.push(b'>');
        self.params.write(out);
    }
}

/// A quoted string stays as written; anything else that is not plain words is quoted, because
/// phones send unquoted commas and dots (RFC 4475 §3.1.2.15).
fn read_display(value: &Text, display: &[u8]) -> Result<Text, &'static str> {
    if display.first() == Some(&b'"') {
        let closed = lex::closing_quote(display, 0) == Some(display.len() - 1);
        return if closed { Ok(value.share(display)) } else { Err("malformed display name") };
    }
    if memchr::memchr2(b';', b'>', display).is_some() {
        return Err("malformed display name");
    }
    let plain = |b: &u8| lex::is_token(*b) || matches!(b, b' ' | b'\t');
    if display.iter().all(plain) { Ok(value.share(display)) } else { Ok(Text::quoted(display)) }
}

/// Makes a header type out of [`NameAddr`].
macro_rules! address_header {
    ($(#[$doc:meta])* $type:ident, $name:expr, $shape:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $type(pub NameAddr);

        impl std::ops::Deref for $type {
            type Target = NameAddr;

            fn deref(&self) -> &NameAddr {
                &self.0
            }
        }

        impl TypedHeader for $type {
            const NAME: Name = $name;
            const SHAPE: Shape = $shape;

            fn parse(value: &Text) -> Result<Self, HeaderError> {
                NameAddr::parse(value).map(Self).map_err(Self::error)
            }

            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }
        }
    };
}
pub(crate) use address_header;
