//! `a=sendrecv`, `sendonly`, `recvonly`, `inactive` (RFC 8866 §6.7).

use crate::attribute::Attributes;
use crate::plan::Direction;
use crate::session::{Media, Session};

const NAMES: [(&str, Direction); 4] = [
    ("sendrecv", Direction::SendRecv),
    ("sendonly", Direction::SendOnly),
    ("recvonly", Direction::RecvOnly),
    ("inactive", Direction::Inactive),
];

/// The attribute's name for a direction.
#[must_use]
pub fn name(direction: Direction) -> &'static str {
    match direction {
        Direction::SendRecv => "sendrecv",
        Direction::SendOnly => "sendonly",
        Direction::RecvOnly => "recvonly",
        Direction::Inactive => "inactive",
    }
}

/// Reads a direction word in any case.
#[must_use]
pub fn parse(word: &str) -> Option<Direction> {
    NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, d)| *d)
}

fn written(attributes: &Attributes) -> Option<Direction> {
    attributes.iter().find_map(|a| parse(&a.name))
}

/// The direction of an `m=` section as its author sees it: its own attribute, else the session's,
/// else `sendrecv`.
#[must_use]
pub fn of(session: &Session, media: &Media) -> Direction {
    let own = written(&media.attributes);
    own.or_else(|| written(&session.attributes)).unwrap_or(Direction::SendRecv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_level_wins_over_the_session_level_and_sendrecv_is_assumed() {
        let text =
            b"v=0\r\na=inactive\r\nm=audio 9 RTP/AVP 0\r\nm=audio 9 RTP/AVP 0\r\na=SendOnly\r\n";
        let session = Session::parse(text).unwrap();
        assert_eq!(of(&session, &session.media[0]), Direction::Inactive);
        assert_eq!(of(&session, &session.media[1]), Direction::SendOnly);
        let bare = Session::parse(b"m=audio 9 RTP/AVP 0\n").unwrap();
        assert_eq!(of(&bare, &bare.media[0]), Direction::SendRecv);
        for (name_, direction) in NAMES {
            assert_eq!(name(direction), name_);
        }
    }
}
