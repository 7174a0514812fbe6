//! What a SIP stream consists of: messages, and between them CRLF pings and STUN (RFC 5626 §4.4).
//! Pure; where a message ends is decided by [`sidetone_sip::framing`].

use bytes::{Bytes, BytesMut};
use sidetone_sip::framing::{self, Framed};
use sidetone_sip::limits::Limits;

use crate::start_line::is_sip;
use crate::stun::{self, StunLength};

/// One complete thing at the start of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A SIP message, to judge by its start line.
    Message(Bytes),
    /// A double CRLF, to be answered with a single one.
    Ping,
    /// A STUN message.
    Stun(Bytes),
}

/// Takes the next piece from the start of `buffer`; `None`: read more and ask again.
///
/// # Errors
/// In words, why the stream is no SIP and has to be closed.
pub(crate) fn next_piece(buffer: &mut BytesMut, limits: &Limits) -> Result<Option<Piece>, String> {
    loop {
        if stun::looks_like_stun(buffer) {
            return match stun::stun_length(buffer) {
                StunLength::Incomplete => Ok(None),
                StunLength::Known(length) => {
                    Ok(Some(Piece::Stun(buffer.split_to(length).freeze())))
                }
                StunLength::NotStun => Err("binary bytes, no SIP".into()),
            };
        }
        // Two bytes may be half of a ping whose rest is under way.
        if buffer.as_ref() == b"\r\n" {
            return Ok(None);
        }
        match framing::next(buffer, limits).map_err(|error| error.to_string())? {
            Framed::Incomplete if is_foreign(buffer) => {
                return Err("the first line is no SIP".into());
            }
            Framed::Incomplete => return Ok(None),
            Framed::Crlf { length } => drop(buffer.split_to(length)),
            Framed::Ping { length } => {
                drop(buffer.split_to(length));
                return Ok(Some(Piece::Ping));
            }
            Framed::Message { length } => {
                let message = buffer.split_to(length).freeze();
                return Ok(Some(Piece::Message(message)));
            }
        }
    }
}

/// Whether the first line is complete and no SIP: such a stream is closed at once, not when the
/// deadline for a request has passed.
fn is_foreign(buffer: &[u8]) -> bool {
    !matches!(buffer.first(), Some(b'\r' | b'\n') | None)
        && buffer.contains(&b'\n')
        && !is_sip(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STUN: &[u8] = b"\x00\x01\x00\x00\x21\x12\xa4\x42transaction!";

    /// All pieces of a stream that arrives torn at the given lengths.
    fn split(stream: &[u8], mut tears: impl Iterator<Item = usize>) -> Vec<Piece> {
        let (mut buffer, mut pieces, mut rest) = (BytesMut::new(), Vec::new(), stream);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(tears.next().unwrap_or(1).clamp(1, rest.len()));
            buffer.extend_from_slice(now);
            while let Some(piece) = next_piece(&mut buffer, &Limits::DEFAULT).unwrap() {
                pieces.push(piece);
            }
            rest = later;
        }
        pieces
    }

    proptest! {
        #[test]
        fn tearing_changes_nothing(
            kinds in prop::collection::vec(0_usize..4, 1..8),
            tears in prop::collection::vec(1_usize..40, 200),
        ) {
            let parts: [&[u8]; 4] = [
                b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n",
                b"MESSAGE sip:a@b SIP/2.0\r\nl: 4\r\n\r\n\r\n\r\n",
                b"\r\n\r\n",
                STUN,
            ];
            let stream: Vec<u8> = kinds.iter().flat_map(|kind| parts[*kind]).copied().collect();
            let expected: Vec<Piece> = kinds.iter().map(|kind| match kind {
                2 => Piece::Ping,
                3 => Piece::Stun(Bytes::from_static(STUN)),
                _ => Piece::Message(Bytes::from_static(parts[*kind])),
            }).collect();
            prop_assert_eq!(split(&stream, tears.into_iter()), expected);
        }
    }

    #[test]
    fn other_protocols_are_told_at_their_first_line() {
        for bytes in
            [&b"GET / HTTP/1.1\r\nHost"[..], b"\x16\x03\x01\n", b"\x00\x01\x00\x00........x8901234"]
        {
            let mut buffer = BytesMut::from(bytes);
            assert!(next_piece(&mut buffer, &Limits::DEFAULT).is_err());
        }
        let mut buffer = BytesMut::from(&b"OPTIONS sip:a"[..]);
        assert_eq!(next_piece(&mut buffer, &Limits::DEFAULT), Ok(None));
    }
}
