//! Entry points for the fuzzer.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sidetone_base::{Random as _, SeededRandom};

use crate::binding::{self, Binding, REFRESH};
use crate::credentials::Credentials;
use crate::message::{Message, attribute};
use crate::relay::{Relay, Relayed};

/// Reads arbitrary bytes as a STUN message and every attribute a client looks at.
pub fn fuzz_message(data: &[u8]) {
    let Some(message) = Message::parse(data) else { return };
    let _ = (message.mapped_address(), message.error(), message.is_signed_with(b"key"));
    for kind in [attribute::DATA, attribute::NONCE, attribute::XOR_PEER_ADDRESS] {
        assert_eq!(message.value(kind), message.range(kind).map(|range| &data[range]));
        let _ = (message.text(kind), message.number(kind), message.xor_address(kind));
    }
}

/// Lets a binding and an allocation run on arbitrary answers: the first byte of each piece says
/// how much time passes, and whether the piece answers the last request.
pub fn fuzz_clients(data: &[u8]) {
    let mut now = Instant::now();
    let mut random = SeededRandom::new(1);
    let server = SocketAddr::from(([198, 51, 100, 78], 3478));
    let peer = SocketAddr::from(([203, 0, 113, 40], 4000));
    let mut binding = Binding::new(now, server, None, REFRESH);
    let mut relay = Relay::new(now, Credentials::fixed("user", "password"), None);
    let (mut last, mut out) = (Vec::new(), Vec::new());
    for piece in data.chunks(48) {
        now += Duration::from_millis(u64::from(piece[0]) * 100);
        binding.handle_timeout(now, &mut random);
        relay.handle_timeout(now, &mut random);
        let sent = binding.poll_transmit().or_else(|| relay.poll_transmit());
        last = sent.unwrap_or(last);
        let mut answer = piece.to_vec();
        if piece[0] & 1 == 1 && last.len() >= 20 {
            answer.splice(..piece.len().min(20), last[..20].iter().copied());
            answer[0] |= 1;
            answer.truncate(answer.len() / 4 * 4);
            let length = answer.len().saturating_sub(20) as u16;
            answer[2..4].copy_from_slice(&length.to_be_bytes());
        }
        binding.handle_input(now, server, &answer);
        if let Relayed::Data(_, range) = relay.handle_input(now, &answer) {
            assert!(answer.get(range).is_some());
        }
        relay.send(now, peer, piece, &mut out);
        let _ = (binding.poll_news(), relay.poll_news(), relay.peers(), random.u32());
        let _ = binding::answer(&answer, peer);
    }
}
