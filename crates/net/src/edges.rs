//! Where in a message the bytes of a WebSocket's client stand (RFC 6455 §5.2), so that a
//! connection that ends there can be told from one that ends between messages. It reads lengths
//! and last-fragment bits only: what is wrong with a frame is found by who reads frames.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The mask of a client's frame, behind its length.
const MASK_BYTES: u64 = 4;

/// What the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// The first of a frame.
    First,
    /// Mask bit and short length.
    Second,
    /// This many more bytes of the long length, with what they come to so far.
    Length { left: u8, length: u64, mask: u64 },
    /// Mask and payload, this many more.
    Rest(u64),
}

/// A place among frames.
#[derive(Clone, Copy, Debug)]
struct Place {
    next: Next,
    /// A message was begun whose last fragment is yet to come.
    fragmented: bool,
}

impl Place {
    const BEGIN: Self = Self { next: Next::First, fragmented: false };

    fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, after)) = bytes.split_first() {
            self.next = match self.next {
                Next::First => {
                    // Control frames come between fragments.
                    if byte & 0x08 == 0 {
                        self.fragmented = byte & 0x80 == 0;
                    }
                    Next::Second
                }
                Next::Second => {
                    let mask = if byte & 0x80 == 0 { 0 } else { MASK_BYTES };
                    match byte & 0x7f {
                        126 => Next::Length { left: 2, length: 0, mask },
                        127 => Next::Length { left: 8, length: 0, mask },
                        short => rest(u64::from(short) + mask),
                    }
                }
                Next::Length { left, length, mask } => {
                    let length = length << 8 | u64::from(byte);
                    match left - 1 {
                        0 => rest(length.saturating_add(mask)),
                        left => Next::Length { left, length, mask },
                    }
                }
                Next::Rest(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = bytes.get(here..).unwrap_or_default();
                    self.next = rest(left - here as u64);
                    continue;
                }
            };
            bytes = after;
        }
    }

    fn is_inside(&self) -> bool {
        self.next != Next::First || self.fragmented
    }
}

fn rest(left: u64) -> Next {
    if left == 0 { Next::First } else { Next::Rest(left) }
}

/// A stream that knows whether its client is in the middle of a message.
#[derive(Debug)]
pub struct Edges<S> {
    io: S,
    place: Place,
}

impl<S> Edges<S> {
    /// Watches `io`, of which `early` was read before.
    pub fn new(io: S, early: &[u8]) -> Self {
        let mut place = Place::BEGIN;
        place.pass(early);
        Self { io, place }
    }

    /// Whether what was read so far ends in the middle of a frame or before the last fragment.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.place.is_inside()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Edges<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buffer);
        self.place.pass(buffer.filled().get(before..).unwrap_or_default());
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Edges<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After which of these bytes a connection may end.
    fn edges(bytes: &[u8]) -> Vec<usize> {
        let mut place = Place::BEGIN;
        let mut found = Vec::new();
        for (index, byte) in bytes.iter().enumerate() {
            place.pass(&[*byte]);
            if !place.is_inside() {
                found.push(index + 1);
            }
        }
        let mut whole = Place::BEGIN;
        whole.pass(bytes);
        assert_eq!(whole.is_inside(), place.is_inside(), "at once as byte by byte");
        found
    }

    #[test]
    fn a_message_ends_with_the_last_byte_of_its_last_fragment() {
        let text = [0x81, 0x82, 1, 2, 3, 4, b'h', b'i'];
        assert_eq!(edges(&text), [8]);
        let empty_ping = [0x89, 0x80, 1, 2, 3, 4];
        assert_eq!(edges(&empty_ping), [6]);
        let mut fragments = text.to_vec();
        fragments[0] = 0x01;
        fragments.extend(empty_ping);
        assert_eq!(edges(&fragments), [0; 0], "a control frame between fragments ends nothing");
        fragments.extend([0x80, 0x80, 0, 0, 0, 0]);
        assert_eq!(edges(&fragments), [20]);
        let mut long = vec![0x82, 0x80 | 126, 0, 200, 0, 0, 0, 0];
        long.extend([7; 200]);
        long.extend([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 9]);
        assert_eq!(edges(&long), [208, 219]);
    }

    #[test]
    fn a_length_beyond_all_bounds_is_never_reached() {
        let mut bytes = vec![0x82, 0xff];
        bytes.extend([0xff; 8 + 100]);
        assert_eq!(edges(&bytes), [0; 0]);
    }
}
