//! Contact (RFC 3261 §20.10), with the parameters of RFC 5626 and RFC 3840.

use super::{HeaderError, NameAddr, Shape, TypedHeader};
use crate::name::Name;
use crate::text::Text;
use crate::uri::Uri;

/// A contact.
#[expect(clippy::large_enum_variant, reason = "`*` is rare; boxing would cost every contact")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contact {
    /// `*`: all bindings, only to remove them.
    Star,
    /// An address.
    Address(NameAddr),
}

impl Contact {
    /// A contact without display name and parameters.
    #[must_use]
    pub fn new(uri: Uri) -> Self {
        Self::Address(NameAddr::new(uri))
    }

    /// The address, unless it is `*`.
    #[must_use]
    pub fn address(&self) -> Option<&NameAddr> {
        match self {
            Self::Star => None,
            Self::Address(address) => Some(address),
        }
    }

    /// The URI, unless it is `*`.
    #[must_use]
    pub fn uri(&self) -> Option<&Uri> {
        self.address().map(|address| &address.uri)
    }

    fn param(&self, name: &str) -> Option<&Text> {
        self.address()?.params.value(name)
    }

    /// `expires` in seconds. Values beyond 32 bits count as the largest (RFC 4475 §3.1.2.4);
    /// a malformed one is ignored, so that the default applies (RFC 3261 §10.2.1.1).
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        self.param("expires").and_then(super::numbers::saturating)
    }

    /// `q` in thousandths, 0 to 1000.
    #[must_use]
    pub fn q_thousandths(&self) -> Option<u16> {
        q_thousandths(self.param("q")?.as_bytes())
    }

    /// `+sip.instance` without quotes (RFC 5626 §4.1), usually `<urn:uuid:…>`.
    #[must_use]
    pub fn instance(&self) -> Option<Text> {
        self.param("+sip.instance").map(Text::unquoted)
    }

    /// `reg-id` (RFC 5626 §4.2).
    #[must_use]
    pub fn reg_id(&self) -> Option<u32> {
        self.param("reg-id").and_then(Text::decimal)
    }
}

fn q_thousandths(q: &[u8]) -> Option<u16> {
    let (whole, fraction) = crate::lex::cut(q, b'.').unwrap_or((q, &[]));
    if fraction.len() > 3 || !matches!(whole, b"0" | b"1" | b"") {
        return None;
    }
    let mut thousandths = if whole == b"1" { 1000 } else { 0 };
    for (digit, weight) in fraction.iter().zip([100, 10, 1]) {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        thousandths += u16::from(digit) * weight;
    }
    (thousandths <= 1000).then_some(thousandths)
}

impl TypedHeader for Contact {
    const NAME: Name = Name::Contact;
    const SHAPE: Shape = Shape::List;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        if value.as_bytes().trim_ascii() == b"*" {
            return Ok(Self::Star);
        }
        NameAddr::parse(value).map(Self::Address).map_err(Self::error)
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Star => out.push(b'*'),
            Self::Address(address) => address.write(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_contact_reads_in_full() {
        let text = "<sip:k2@df7.invalid;transport=ws>;+sip.instance=\"<urn:uuid:0a>\";reg-id=1;\
                    q=0.75;expires=99999999999";
        let contact = Contact::parse(&Text::from(text)).unwrap();
        assert_eq!(contact.instance().unwrap(), "<urn:uuid:0a>");
        assert_eq!(contact.reg_id(), Some(1));
        assert_eq!(contact.q_thousandths(), Some(750));
        assert_eq!(contact.expires(), Some(u32::MAX));
        assert_eq!(q_thousandths(b"1.5"), None);
    }
}
