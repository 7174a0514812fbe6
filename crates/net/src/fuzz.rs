//! Entry points for the fuzzer: arbitrary bytes in, invariants asserted.

use std::io::{self, Read, Write};

use bytes::BytesMut;
use sidetone_sip::limits::Limits;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};

use crate::splitter::{Piece, next_piece};
use crate::start_line::is_sip;
use crate::stun::binding_answer;

/// A stream of a peer: nothing panics, pieces never overlap or grow, progress is made.
pub fn fuzz_stream(data: &[u8]) {
    let mut buffer = BytesMut::from(data);
    loop {
        let before = buffer.len();
        match next_piece(&mut buffer, &Limits::DEFAULT) {
            Ok(Some(piece)) => {
                let length = match &piece {
                    Piece::Message(bytes) | Piece::Stun(bytes) => bytes.len(),
                    Piece::Ping => 4,
                };
                assert!(length > 0 && buffer.len() + length <= before);
            }
            Ok(None) | Err(_) => break,
        }
    }
}

/// A datagram of a peer: an answer to STUN echoes the transaction and fits the request.
pub fn fuzz_datagram(data: &[u8]) {
    let _ = is_sip(data);
    let peer = std::net::SocketAddr::from(([192, 0, 2, 1], 5060));
    if let Some(answer) = binding_answer(data, peer) {
        assert_eq!(answer.len(), 32);
        assert_eq!(answer.get(8..20), data.get(8..20));
    }
}

/// A PEM certificate: describing it never panics.
pub fn fuzz_certificate(data: &[u8]) {
    let _ = crate::tls::describe_certificate(data);
}

/// Frames of a browser after the upgrade: whatever they are, reading them ends, and no message is
/// larger than allowed.
pub fn fuzz_websocket(data: &[u8]) {
    const MOST: usize = 512;
    let config = Some(crate::websocket::websocket_config(MOST));
    let mut socket = WebSocket::from_raw_socket(Pipe(data), Role::Server, config);
    let mut messages = 0;
    while let Ok(message) = socket.read() {
        assert!(message.len() <= MOST, "{} bytes", message.len());
        messages += 1;
        assert!(messages <= data.len(), "messages out of nothing");
        // What the exchange says meanwhile does not disturb reading.
        let _ = socket.flush();
        fuzz_stream(&message.into_data());
    }
}

/// A connection: what the peer sent, and a place for what we answer.
struct Pipe<'a>(&'a [u8]);

impl Read for Pipe<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Pipe<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_keep_the_invariants(data in prop::collection::vec(any::<u8>(), 0..200)) {
            super::fuzz_stream(&data);
            super::fuzz_datagram(&data);
            super::fuzz_certificate(&data);
            super::fuzz_websocket(&data);
        }

        #[test]
        fn near_misses_keep_the_invariants(data in "[\r\n\0\u{1}ASIP/2.0l:9 ]{0,80}") {
            super::fuzz_stream(data.as_bytes());
            super::fuzz_datagram(data.as_bytes());
        }
    }
}
