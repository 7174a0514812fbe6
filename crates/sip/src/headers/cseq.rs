//! CSeq (RFC 3261 §20.16): a number below 2^31 and the method.

use super::{HeaderError, Shape, TypedHeader};
use crate::method::Method;
use crate::name::Name;
use crate::text::Text;

/// Numbers are less than this (RFC 3261 §8.1.1.5).
const LIMIT: u32 = 1 << 31;

/// The order of a request in its dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// The sequence number, below 2^31.
    pub number: u32,
    /// The method of the request.
    pub method: Method,
}

impl TypedHeader for CSeq {
    const NAME: Name = Name::CSeq;
    const SHAPE: Shape = Shape::Single;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        let bytes = value.as_bytes().trim_ascii();
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let (number, method) = bytes.split_at(digits);
        let number = value.share(number).decimal().filter(|number| *number < LIMIT);
        let number = number.ok_or(Self::error("a number below 2^31 comes first"))?;
        if !method.first().is_some_and(u8::is_ascii_whitespace) {
            return Err(Self::error("a blank and the method follow the number"));
        }
        let method = Method::parse(&value.share(method.trim_ascii()));
        let method = method.ok_or(Self::error("the method is not a token"))?;
        Ok(Self { number, method })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.number.to_string().as_bytes());
        out.push(b' ');
        out.extend_from_slice(self.method.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_less_than_2_31() {
        let read = |text: &'static str| CSeq::parse(&Text::from(text)).map(|cseq| cseq.number);
        assert_eq!(read("2147483647 INVITE"), Ok(0x7FFF_FFFF));
        assert!(read("2147483648 INVITE").is_err());
        assert!(read("4294967296 INVITE").is_err());
    }
}
