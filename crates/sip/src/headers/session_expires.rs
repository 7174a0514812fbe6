//! Session-Expires and Min-SE (RFC 4028 §4, §5): how long a call may go on unrefreshed.

use super::{HeaderError, Shape, TypedHeader};
use crate::name::Name;
use crate::params::Params;
use crate::text::Text;

/// Which side refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// The side that sent the request.
    Uac,
    /// The side that answered it.
    Uas,
}

/// The session interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// Seconds.
    pub seconds: u32,
    /// Who refreshes, when said.
    pub refresher: Option<Refresher>,
}

fn seconds_and_params(value: &Text) -> Option<(u32, Params)> {
    let bytes = value.as_bytes();
    let end = memchr::memchr(b';', bytes).unwrap_or(bytes.len());
    let (number, params) = bytes.split_at(end);
    let number = number.trim_ascii();
    if number.is_empty() {
        return None;
    }
    Some((super::numbers::saturating(&value.share(number))?, Params::read(value, params)?))
}

impl TypedHeader for SessionExpires {
    const NAME: Name = Name::SessionExpires;
    const SHAPE: Shape = Shape::Single;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        let problem = "seconds, perhaps ;refresher=uac or uas";
        let (seconds, params) = seconds_and_params(value).ok_or(Self::error(problem))?;
        let refresher = match params.value("refresher") {
            None => None,
            Some(word) if word.eq_ignore_case("uac") => Some(Refresher::Uac),
            Some(word) if word.eq_ignore_case("uas") => Some(Refresher::Uas),
            Some(_) => return Err(Self::error(problem)),
        };
        Ok(Self { seconds, refresher })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.seconds.to_string().as_bytes());
        match self.refresher {
            Some(Refresher::Uac) => out.extend_from_slice(b";refresher=uac"),
            Some(Refresher::Uas) => out.extend_from_slice(b";refresher=uas"),
            None => {}
        }
    }
}

/// The shortest session interval somebody on the way accepts, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinSe(pub u32);

impl TypedHeader for MinSe {
    const NAME: Name = Name::MinSe;
    const SHAPE: Shape = Shape::Single;

    fn parse(value: &Text) -> Result<Self, HeaderError> {
        let parsed = seconds_and_params(value).map(|(seconds, _)| Self(seconds));
        parsed.ok_or(Self::error("a number of seconds"))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.to_string().as_bytes());
    }
}
