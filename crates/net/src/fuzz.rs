//! Entry points for the fuzzer: arbitrary bytes in, invariants asserted.

use bytes::BytesMut;
use sidetone_sip::limits::Limits;

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_keep_the_invariants(data in prop::collection::vec(any::<u8>(), 0..200)) {
            super::fuzz_stream(&data);
            super::fuzz_datagram(&data);
            super::fuzz_certificate(&data);
        }

        #[test]
        fn near_misses_keep_the_invariants(data in "[\r\n\0\u{1}ASIP/2.0l:9 ]{0,80}") {
            super::fuzz_stream(data.as_bytes());
            super::fuzz_datagram(data.as_bytes());
        }
    }
}
