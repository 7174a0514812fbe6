//! STUN binding requests as keep-alives of SIP flows (RFC 5626 §4.4.2): recognise one, answer it
//! with the peer's mapped address (RFC 8489). Pure; no attribute of the request is needed.
//!
//! Deliberately absent: authentication and every other STUN method. ICE lives in `media`.

use std::net::{IpAddr, SocketAddr};

const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const HEADER_BYTES: usize = 20;
/// A keep-alive has no more than SOFTWARE and FINGERPRINT.
const MAX_BYTES: usize = 548;

/// Whether bytes begin like STUN and not like SIP: the two top bits are zero and the first byte
/// is no printable character nor a line end.
pub(crate) fn looks_like_stun(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| *first < 4)
}

/// The length of the STUN message at the start of a stream.
pub(crate) enum StunLength {
    /// Read more and ask again.
    Incomplete,
    /// This many bytes.
    Known(usize),
    /// This is no STUN message.
    NotStun,
}

/// How long the STUN message at the start of `bytes` is.
pub(crate) fn stun_length(bytes: &[u8]) -> StunLength {
    let Some(header) = bytes.get(..HEADER_BYTES) else {
        return StunLength::Incomplete;
    };
    let announced = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let length = HEADER_BYTES + announced;
    if header[4..8] != MAGIC_COOKIE || !announced.is_multiple_of(4) || length > MAX_BYTES {
        return StunLength::NotStun;
    }
    if bytes.len() < length { StunLength::Incomplete } else { StunLength::Known(length) }
}

/// The success answer to a binding request; `None` for anything else.
pub(crate) fn binding_answer(request: &[u8], mapped: SocketAddr) -> Option<Vec<u8>> {
    let StunLength::Known(length) = stun_length(request) else {
        return None;
    };
    let transaction = request.get(8..HEADER_BYTES)?;
    if length != request.len() || request.get(..2)? != [0, 1] {
        return None;
    }
    let mut value = vec![0, if mapped.is_ipv4() { 1 } else { 2 }];
    let port = mapped.port() ^ u16::from_be_bytes([MAGIC_COOKIE[0], MAGIC_COOKIE[1]]);
    value.extend(port.to_be_bytes());
    let mask = MAGIC_COOKIE.iter().chain(transaction);
    match mapped.ip() {
        IpAddr::V4(ip) => value.extend(ip.octets().iter().zip(mask).map(|(a, b)| a ^ b)),
        IpAddr::V6(ip) => value.extend(ip.octets().iter().zip(mask).map(|(a, b)| a ^ b)),
    }
    let value_bytes = u16::try_from(value.len()).ok()?;
    let mut answer = vec![1, 1];
    answer.extend((value_bytes + 4).to_be_bytes());
    answer.extend(MAGIC_COOKIE);
    answer.extend(transaction);
    answer.extend([0, 0x20]); // XOR-MAPPED-ADDRESS
    answer.extend(value_bytes.to_be_bytes());
    answer.extend(value);
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Vec<u8> {
        let mut bytes = vec![0, 1, 0, 0];
        bytes.extend(MAGIC_COOKIE);
        bytes.extend([7; 12]);
        bytes
    }

    #[test]
    fn a_binding_request_is_answered_with_the_mapped_address() {
        let answer = binding_answer(&request(), "192.0.2.1:32853".parse().unwrap()).unwrap();
        // RFC 5769 §2.2 has this address and port: value 00 01 a1 47 e1 12 a6 43.
        assert_eq!(answer[..4], [1, 1, 0, 12]);
        assert_eq!(answer[8..20], [7; 12]);
        assert_eq!(answer[20..], [0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]);
    }

    #[test]
    fn other_bytes_are_not_answered() {
        let peer = "[2001:db8::1]:1".parse().unwrap();
        assert!(binding_answer(b"INVITE sip:a SIP/2.0\r\n", peer).is_none());
        let mut response = request();
        response[0] = 1;
        assert!(binding_answer(&response, peer).is_none());
        assert!(binding_answer(&request()[..19], peer).is_none());
    }
}
