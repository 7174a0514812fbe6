//! RAck (RFC 3262 §7.2): which reliable provisional response a PRACK acknowledges.

use super::{CSeq, HeaderError, Shape, TypedHeader};
use crate::method::Method;
use crate::name::Name;
use crate::text::Text;

/// What is acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RAck {
    /// The RSeq of the response.
    pub response: u32,
    /// The CSeq number of the request it answered.
    pub cseq: u32,
    /// The method of that request.
    pub method: Method,
}

impl TypedHeader for RAck {
    const NAME: Name = Name::RAck;
    const SHAPE: Shape = Shape::Single;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        let bytes = value.as_bytes().trim_ascii();
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let (response, rest) = bytes.split_at(digits);
        let problem = "response number, CSeq number and method";
        let response = value.share(response).decimal().ok_or(Self::error(problem))?;
        let cseq = CSeq::parse(&value.share(rest)).map_err(|_| Self::error(problem))?;
        Ok(Self { response, cseq: cseq.number, method: cseq.method })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{} {} ", self.response, self.cseq).as_bytes());
        out.extend_from_slice(self.method.as_bytes());
    }
}
