//! `a=extmap` (RFC 8285) and the extensions Sidetone knows.

use std::fmt;

use super::direction;
use crate::plan::Direction;
use crate::session::{Media, Session};

/// MID of the `m=` section in each packet (RFC 9143 §15).
pub const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
/// Client-to-mixer audio level (RFC 6464).
pub const AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
/// Absolute send time, 24 bits, for REMB.
pub const ABS_SEND_TIME: &str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
/// Transport-wide sequence numbers for congestion control.
pub const TRANSPORT_CC: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/// `a=extmap:1/recvonly URI attributes`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extmap {
    /// Identifier; 1…14 fits the one-byte header.
    pub id: u16,
    /// Which way it is used; both ways when not written.
    pub direction: Option<Direction>,
    /// What the extension means.
    pub uri: String,
}

impl Extmap {
    /// Reads what follows `a=extmap:`; extension attributes are dropped.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let id = words.next()?;
        let (id, direction) = match id.split_once('/') {
            Some((id, word)) => (id, Some(direction::parse(word)?)),
            None => (id, None),
        };
        let id = id.parse().ok().filter(|id| *id > 0)?;
        Some(Self { id, direction, uri: words.next()?.to_owned() })
    }

    /// The extensions that hold for a section: its own and the session's.
    #[must_use]
    pub fn all(session: &Session, media: &Media) -> Vec<Self> {
        let own = media.attributes.values("extmap");
        own.chain(session.attributes.values("extmap")).filter_map(Self::parse).collect()
    }

    /// Whether the id fits the one-byte header (RFC 8285 §4.2).
    #[must_use]
    pub fn is_one_byte(&self) -> bool {
        (1..=14).contains(&self.id)
    }
}

impl fmt::Display for Extmap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        if let Some(direction) = self.direction {
            write!(f, "/{}", direction::name(direction))?;
        }
        write!(f, " {}", self.uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_kept_and_id_zero_is_refused() {
        let text = "2/recvonly urn:x";
        assert_eq!(Extmap::parse(text).unwrap().to_string(), text);
        assert_eq!(Extmap::parse("0 urn:x"), None);
        assert!(!Extmap::parse("15 urn:x").unwrap().is_one_byte());
    }
}
