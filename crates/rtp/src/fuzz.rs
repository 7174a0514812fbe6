//! Entry points for the fuzz driver: arbitrary bytes in, invariants asserted.

use std::time::{Duration, Instant};

use crate::event::{EventPayload, EventReceiver};
use crate::reception::Reception;
use crate::rtcp::{CompoundWriter, Packet, packets};
use crate::sdes::{format_key, parse_key};
use crate::srtp::{MasterKey, Profile, ReplayProtection, Unprotector};
use crate::{RedundantView, RtpMut, RtpView, Ssrc, UdptlView, classify};

/// Sorting never fails, and looks at no more than two bytes.
pub fn fuzz_demux(data: &[u8]) {
    let kind = classify(data);
    assert_eq!(kind, classify(&data[..data.len().min(2)]));
}

/// A packet that parses writes back to what it was, and its parts lie inside of it.
pub fn fuzz_rtp(data: &[u8]) {
    let Ok(view) = RtpView::parse(data) else {
        return;
    };
    assert_eq!(view.header_len() + view.payload().len() + view.padding_len(), data.len());
    assert!(view.csrcs().count() <= 15);
    for element in view.elements() {
        assert_eq!(view.extension().map(|(_, all)| &all[element.range]), Some(element.value));
    }
    let mut copy = data.to_vec();
    let mut rewritten = RtpMut::parse(&mut copy).expect("the same bytes parsed before");
    let header = view.header();
    rewritten.set_marker(header.marker);
    rewritten.set_payload_type(header.payload_type);
    rewritten.set_sequence(header.sequence);
    rewritten.set_timestamp(header.timestamp);
    rewritten.set_ssrc(header.ssrc);
    assert_eq!(copy, data);
}

/// Everything in a compound can be read, and lists of lost packets survive being written.
pub fn fuzz_rtcp(data: &[u8]) {
    for packet in packets(data).map_while(Result::ok) {
        match packet {
            Packet::SenderReport { blocks, .. } | Packet::ReceiverReport { blocks, .. } => {
                let blocks: Vec<_> = blocks.collect();
                let mut out = [0; 1024];
                let mut writer = CompoundWriter::new(&mut out);
                writer.receiver_report(Ssrc(1), &blocks).expect("31 blocks fit 1,024 bytes");
                let len = writer.len();
                let read = packets(&out[..len]).next();
                let Some(Ok(Packet::ReceiverReport { blocks: again, .. })) = read else {
                    panic!("what we write, we read")
                };
                assert!(again.eq(blocks));
            }
            Packet::Sdes(sdes) => assert!(sdes.count() <= 31),
            Packet::Bye(bye) => {
                assert!(bye.sources().count() <= 31 && bye.reason().is_none_or(|r| r.len() < 256))
            }
            Packet::Nack(nack) => assert!(nack.lost().count() <= data.len() * 17 / 4),
            Packet::TransportCc(feedback) => {
                assert!(feedback.arrivals().count() <= usize::from(feedback.count));
            }
            Packet::FullIntra(fir) => assert!(fir.requests().count() <= data.len()),
            Packet::Remb(remb) => assert!(remb.sources().count() <= 255),
            Packet::Dlrr(dlrr) => assert!(dlrr.reports().count() <= data.len()),
            _ => {}
        }
    }
}

/// No bytes pass authentication, and a refused packet is left alone.
pub fn fuzz_srtp(data: &[u8]) {
    for profile in [Profile::Aes128CmSha1_80, Profile::AeadAes256Gcm] {
        let (key, salt) = ([3; 32], [4; 14]);
        let master =
            MasterKey::new(profile, &key[..profile.key_len()], &salt[..profile.salt_len()])
                .expect("the lengths are the profile's");
        let mut receiver =
            Unprotector::new(&master, 4, ReplayProtection::On).expect("the key was accepted");
        let mut packet = data.to_vec();
        assert!(receiver.unprotect_rtp(&mut packet).is_err());
        assert!(receiver.unprotect_rtcp(&mut packet).is_err());
        assert_eq!(packet, data);
        assert!(receiver.snapshot().sources.is_empty());
    }
}

/// A frame that is taken has all its bytes, and blocks of text lie inside their payload.
pub fn fuzz_relayed(data: &[u8]) {
    if let Ok(view) = UdptlView::parse(data) {
        assert!(!view.primary().is_empty() && !view.repair().is_empty());
        assert!(view.primary().len() + view.repair().len() + 3 <= data.len());
    }
    let Some(view) = RedundantView::parse(data) else {
        return;
    };
    let mut out = vec![0; data.len()];
    assert_eq!(view.relabel(109, &mut out), Some(data.len()));
    let again = RedundantView::parse(&out).expect("only numbers have changed");
    assert_eq!((again.repeated(), again.primary()), (view.repeated(), view.primary()));
}

/// Any order of events leaves at most one key down, and the figures of any stream add up.
pub fn fuzz_event(data: &[u8]) {
    let start = Instant::now();
    let mut receiver = EventReceiver::new(8000, Duration::from_millis(150));
    let mut reception = Reception::new(Ssrc(1), 8000, 2);
    let mut down = 0_i32;
    for (step, bytes) in data.chunks_exact(6).enumerate() {
        let now = start + Duration::from_millis(step as u64 * 20);
        let timestamp = u32::from(u16::from_be_bytes([bytes[4], bytes[5]])) * 160;
        receiver.handle_timeout(now);
        if let Ok(event) = EventPayload::parse(bytes) {
            receiver.handle_input(now, timestamp, event);
        }
        while let Some(press) = receiver.poll_output() {
            down += if matches!(press, crate::event::Press::Began(_)) { 1 } else { -1 };
            assert!((0..=1).contains(&down));
        }
        reception.handle_rtp(now, u16::from_be_bytes([bytes[0], bytes[1]]), timestamp, 172);
        let figures = reception.snapshot();
        assert!(figures.lost <= figures.expected.cast_signed());
    }
}

/// Keys that parse print to text that parses to the same key.
pub fn fuzz_sdes(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for profile in Profile::ALL {
        if let Ok(key) = parse_key(profile, text) {
            assert_eq!(parse_key(profile, &format_key(&key)), Ok(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_break_nothing(
            mut data in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            for first in [None, Some(0x80), Some(0x90), Some(0xb2)] {
                if let (Some(first), Some(byte)) = (first, data.first_mut()) {
                    *byte = first;
                }
                fuzz_demux(&data);
                fuzz_rtp(&data);
                fuzz_rtcp(&data);
                fuzz_srtp(&data);
                fuzz_event(&data);
                fuzz_sdes(&data);
                fuzz_relayed(&data);
            }
        }
    }
}
