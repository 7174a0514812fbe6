//! Where the next message ends in a stream (RFC 3261 §18.3, RFC 5626 §3.5.1). First step of the
//! walk for TCP and TLS: `net` reads bytes, asks here, and hands whole messages to the parser.
//! WebSocket and UDP frame messages themselves. Nothing is parsed here but Content-Length.

use std::fmt;

use crate::limits::Limits;

/// What the buffer starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framed {
    /// Read more bytes and ask again.
    Incomplete,
    /// A double CRLF keep-alive: drop `length` bytes and answer with one CRLF (RFC 5626 §3.5.1).
    Ping {
        /// Bytes to drop, always 4.
        length: usize,
    },
    /// A single CRLF: the answer to a keep-alive of ours, or stray bytes before a start line.
    /// When the buffer holds just these two bytes they may also be half of a ping: a reader that
    /// sends no keep-alive itself may leave them and wait for more.
    Crlf {
        /// Bytes to drop: 2, or 1 for a bare LF.
        length: usize,
    },
    /// A whole message: the first `length` bytes.
    Message {
        /// Bytes of the message, headers and body.
        length: usize,
    },
}

/// The stream cannot be read on: close the connection. All variants are the peer's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FramingError {
    /// No end of the headers within the limit (a value to compare with the limit: bytes seen).
    HeadTooLarge(usize),
    /// Headers and body together exceed the limit; the announced size.
    MessageTooLarge(usize),
    /// Content-Length is not a number, or appears twice with two values.
    BadContentLength,
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeadTooLarge(bytes) => {
                write!(f, "peer sent {bytes} bytes without an end of headers; shorten the headers")
            }
            Self::MessageTooLarge(bytes) => {
                write!(f, "peer announced a message of {bytes} bytes; send smaller messages")
            }
            Self::BadContentLength => {
                f.write_str("peer sent an unusable Content-Length; streams need one exact number")
            }
        }
    }
}

impl std::error::Error for FramingError {}

/// Finds the end of the next message at the start of `buffer`. A missing Content-Length counts as
/// 0 (RFC 3261 §20.14). Line ends may be CRLF or LF. The cost is linear in the head's size.
///
/// # Errors
/// When the stream is unusable; the connection must then be closed.
pub fn next(buffer: &[u8], limits: &Limits) -> Result<Framed, FramingError> {
    match buffer {
        [] | [b'\r'] | [b'\r', b'\n', b'\r'] => return Ok(Framed::Incomplete),
        [b'\r', b'\n', b'\r', b'\n', ..] => return Ok(Framed::Ping { length: 4 }),
        [b'\r', b'\n', ..] => return Ok(Framed::Crlf { length: 2 }),
        [b'\n', ..] => return Ok(Framed::Crlf { length: 1 }),
        _ => {}
    }
    let window = &buffer[..buffer.len().min(limits.head_bytes.saturating_add(4))];
    let Some(head) = head_length(window) else {
        if buffer.len() > limits.head_bytes {
            return Err(FramingError::HeadTooLarge(buffer.len()));
        }
        return Ok(Framed::Incomplete);
    };
    let body = content_length(&buffer[..head])?.unwrap_or(0);
    let length = head.saturating_add(body);
    if length > limits.message_bytes {
        return Err(FramingError::MessageTooLarge(length));
    }
    if buffer.len() < length {
        return Ok(Framed::Incomplete);
    }
    Ok(Framed::Message { length })
}

/// Bytes up to and including the empty line, or none when there is no empty line.
pub(crate) fn head_length(buffer: &[u8]) -> Option<usize> {
    let mut line_start = 0;
    for end in memchr::memchr_iter(b'\n', buffer) {
        let line = buffer.get(line_start..end).unwrap_or_default();
        if line.is_empty() || line == b"\r" {
            return Some(end + 1);
        }
        line_start = end + 1;
    }
    None
}

/// The Content-Length of a head, in any spelling (`Content-Length : n`, compact `l`, folded).
pub(crate) fn content_length(head: &[u8]) -> Result<Option<usize>, FramingError> {
    let mut found = None;
    let mut line_start = 0;
    for end in memchr::memchr_iter(b'\n', head) {
        let line = head.get(line_start..end).unwrap_or_default();
        line_start = end + 1;
        // Only lines that begin with `l` or `c` can be it; most lines stop here.
        if !matches!(line.first(), Some(b'l' | b'L' | b'c' | b'C')) {
            continue;
        }
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let name = line.get(..colon).unwrap_or_default().trim_ascii();
        if !name.eq_ignore_ascii_case(b"l") && !name.eq_ignore_ascii_case(b"content-length") {
            continue;
        }
        let mut value = line.get(colon + 1..).unwrap_or_default().trim_ascii();
        if value.is_empty() {
            value = folded_value(head.get(line_start..).unwrap_or_default());
        }
        let length = decimal(value).ok_or(FramingError::BadContentLength)?;
        if found.is_some_and(|other| other != length) {
            return Err(FramingError::BadContentLength);
        }
        found = Some(length);
    }
    Ok(found)
}

/// The number on a continuation line, for the tortuous `Content-Length:\r\n 150`.
fn folded_value(rest: &[u8]) -> &[u8] {
    if !matches!(rest.first(), Some(b' ' | b'\t')) {
        return &[];
    }
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default().trim_ascii()
}

fn decimal(digits: &[u8]) -> Option<usize> {
    // Ten digits exceed every limit already.
    if digits.is_empty() || digits.len() > 10 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    digits
        .iter()
        .try_fold(0_usize, |sum, digit| sum.checked_mul(10)?.checked_add(usize::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(bytes: &[u8]) -> Result<Framed, FramingError> {
        next(bytes, &Limits::DEFAULT)
    }

    #[test]
    fn keep_alives_are_told_apart_from_messages() {
        assert_eq!(framed(b"\r\n\r\nINVITE"), Ok(Framed::Ping { length: 4 }));
        assert_eq!(framed(b"\r\n"), Ok(Framed::Crlf { length: 2 }));
        assert_eq!(framed(b"\r\nINVITE"), Ok(Framed::Crlf { length: 2 }));
        assert_eq!(framed(b"\r\n\r"), Ok(Framed::Incomplete));
    }

    #[test]
    fn every_spelling_of_content_length_counts() {
        for spelling in ["Content-Length: 4", "Content-Length : 4", "l:4", "L :  4 ", "l:\r\n  4"] {
            let text = format!("A b SIP/2.0\r\n{spelling}\r\n\r\nabcdNEXT");
            assert_eq!(framed(text.as_bytes()), Ok(Framed::Message { length: text.len() - 4 }));
            let whole = text.len() - 4;
            for cut in 0..whole {
                assert_eq!(framed(&text.as_bytes()[..cut]), Ok(Framed::Incomplete));
            }
        }
    }

    #[test]
    fn a_missing_content_length_is_zero() {
        assert_eq!(framed(b"A\nB: c\n\nxx"), Ok(Framed::Message { length: 8 }));
    }

    #[test]
    fn hostile_lengths_close_the_connection() {
        for value in ["-1", "99999999999999999999", "x", ""] {
            let text = format!("A\r\nl: {value}\r\n\r\n");
            assert_eq!(framed(text.as_bytes()), Err(FramingError::BadContentLength), "{value}");
        }
        assert_eq!(framed(b"A\r\nl: 1\r\nl: 2\r\n\r\n"), Err(FramingError::BadContentLength));
        assert!(matches!(framed(b"A\r\nl: 70000\r\n\r\n"), Err(FramingError::MessageTooLarge(_))));
        assert!(matches!(framed(&[b'a'; 40_000]), Err(FramingError::HeadTooLarge(40_000))));
    }
}
