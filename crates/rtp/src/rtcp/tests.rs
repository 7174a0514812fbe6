//! Tests of RTCP reading and writing against each other and against bytes from the RFCs.

use super::*;
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn write(body: impl FnOnce(&mut CompoundWriter<'_>) -> Result<(), RtcpError>) -> Vec<u8> {
    let mut out = vec![0xee; 1500];
    let mut writer = CompoundWriter::new(&mut out);
    body(&mut writer).unwrap();
    let len = writer.len();
    out.truncate(len);
    out
}

fn one(bytes: &[u8]) -> Packet<'_> {
    let mut all = packets(bytes);
    let packet = all.next().unwrap().unwrap();
    assert_eq!(all.next(), None);
    packet
}

const US: Ssrc = Ssrc(0x0101_0101);
const PEER: Ssrc = Ssrc(0x0202_0202);
const BLOCK: ReportBlock = ReportBlock {
    ssrc: PEER,
    fraction_lost: 25,
    cumulative_lost: -3,
    highest_sequence: 0x0001_ffff,
    jitter: 12,
    last_sr: 5,
    delay_since_last_sr: 6,
};

#[test]
fn a_compound_of_report_and_name_reads_back() {
    let sender =
        SenderInfo { ntp: NtpTime(0x1234_5678_9abc_def0), rtp_timestamp: 8, packets: 9, bytes: 10 };
    let bytes = write(|out| {
        out.sender_report(US, &sender, &[BLOCK, BLOCK])?;
        out.cname(US, b"8fe2@sidetone")?;
        out.bye(&[US], b"hung up")
    });
    let mut all = packets(&bytes).map(Result::unwrap);
    let Some(Packet::SenderReport { ssrc, sender: read, blocks }) = all.next() else { panic!() };
    assert_eq!((ssrc, read), (US, sender));
    assert_eq!(blocks.collect::<Vec<_>>(), [BLOCK, BLOCK]);
    let Some(Packet::Sdes(sdes)) = all.next() else { panic!() };
    assert_eq!(sdes.collect::<Vec<_>>(), [(US, Some(&b"8fe2@sidetone"[..]))]);
    let Some(Packet::Bye(bye)) = all.next() else { panic!() };
    assert_eq!(bye.sources().collect::<Vec<_>>(), [US]);
    assert_eq!(bye.reason(), Some(&b"hung up"[..]));
    assert_eq!(all.next(), None);
}

#[test]
fn an_empty_receiver_report_reads_back() {
    let bytes = write(|out| out.receiver_report(US, &[]));
    assert_eq!(bytes, [0x80, 201, 0, 1, 1, 1, 1, 1]);
    let Packet::ReceiverReport { ssrc, mut blocks } = one(&bytes) else { panic!() };
    assert_eq!((ssrc, blocks.next()), (US, None));
}

#[test]
fn missing_packets_share_a_word_while_they_are_near() {
    let lost = [65_530, 65_531, 65_535, 3, 11, 12, 500];
    let bytes = write(|out| out.nack(US, PEER, &lost));
    assert_eq!(bytes.len(), 12 + 3 * 4);
    let Packet::Nack(nack) = one(&bytes) else { panic!() };
    assert_eq!((nack.sender, nack.media), (US, PEER));
    assert_eq!(nack.lost().collect::<Vec<_>>(), lost);
}

#[test]
fn requests_for_key_frames_read_back() {
    let bytes = write(|out| out.picture_loss(US, PEER));
    assert_eq!(one(&bytes), Packet::PictureLoss { sender: US, media: PEER });
    let bytes = write(|out| out.full_intra(US, PEER, 7));
    let Packet::FullIntra(fir) = one(&bytes) else { panic!() };
    assert_eq!(fir.requests().collect::<Vec<_>>(), [(PEER, 7)]);
}

#[test]
fn an_estimated_bitrate_keeps_18_bits() {
    for bitrate in [0, 1, 262_143, 262_144, 2_500_000, 1 << 40] {
        let bytes = write(|out| out.remb(US, bitrate, &[PEER]));
        let Packet::Remb(remb) = one(&bytes) else { panic!() };
        assert!(remb.bitrate_bps <= bitrate && remb.bitrate_bps + (bitrate >> 17) >= bitrate);
        assert_eq!(remb.sources().collect::<Vec<_>>(), [PEER]);
    }
}

#[test]
fn extended_reports_and_application_packets_read_back() {
    let bytes = write(|out| out.reference_time(US, NtpTime(77)));
    assert_eq!(one(&bytes), Packet::ReferenceTime { ssrc: US, ntp: NtpTime(77) });
    let bytes = write(|out| out.dlrr(US, PEER, 1, 2));
    let Packet::Dlrr(dlrr) = one(&bytes) else { panic!() };
    assert_eq!(dlrr.reports().collect::<Vec<_>>(), [(PEER, 1, 2)]);
    let bytes = write(|out| out.app(US, 3, *b"test", b"abcd"));
    let app = App { ssrc: US, subtype: 3, name: *b"test", content: b"abcd" };
    assert_eq!(one(&bytes), Packet::App(app));
    // A VoIP metrics block (type 7) is somebody else's.
    let bytes = [0x80, 207, 0, 2, 1, 1, 1, 1, 7, 0, 0, 0];
    assert!(matches!(one(&bytes), Packet::Other { packet_type: 207, .. }));
}

#[test]
fn a_broken_packet_ends_the_walk_but_keeps_what_came_before() {
    let mut bytes = write(|out| out.picture_loss(US, PEER));
    bytes.extend([0x81, 201, 0, 1, 0, 0, 0, 1]);
    let all: Vec<_> = packets(&bytes).collect();
    assert_eq!(all.len(), 2);
    assert!(all[0].is_ok());
    assert_eq!(all[1], Err(RtcpError::Truncated));
    assert_eq!(packets(&[0x80, 201, 0, 9]).next(), Some(Err(RtcpError::Truncated)));
    assert_eq!(packets(&[0, 201, 0, 0]).next(), Some(Err(RtcpError::WrongVersion)));
    assert_eq!(packets(&[0xa0, 203, 0, 0]).next(), Some(Err(RtcpError::BadPadding)));
}

#[test]
fn a_packet_that_does_not_fit_leaves_the_others() {
    let mut out = [0; 10];
    let mut writer = CompoundWriter::new(&mut out);
    writer.receiver_report(US, &[]).unwrap();
    assert_eq!(writer.picture_loss(US, PEER), Err(RtcpError::NoRoom));
    assert_eq!(writer.len(), 8);
}

/// Arrivals as pairs of sequence number and milliseconds, as the recorder reports them.
fn feedback(arrivals: &[(u16, u64)]) -> Vec<(u16, Option<u64>)> {
    let start = Instant::now();
    let mut recorder = TransportCcRecorder::new();
    for (sequence, at_ms) in arrivals {
        recorder.handle_input(start + Duration::from_millis(*at_ms), *sequence);
    }
    let mut reported = Vec::new();
    while recorder.has_pending() {
        let bytes = write(|out| recorder.write_feedback(out, US, PEER));
        if bytes.is_empty() {
            break;
        }
        let Packet::TransportCc(feedback) = one(&bytes) else { panic!() };
        let read = feedback.arrivals().map(|arrival| {
            (arrival.sequence, arrival.at.map(|at| u64::try_from(at.as_millis()).unwrap()))
        });
        let before = reported.len();
        reported.extend(read);
        assert_eq!(reported.len() - before, usize::from(feedback.count));
    }
    reported
}

#[test]
fn arrivals_and_gaps_are_reported_once() {
    assert_eq!(
        feedback(&[(65_534, 0), (65_535, 1), (1, 200), (2, 190), (5, 201)]),
        [
            (65_534, Some(0)),
            (65_535, Some(1)),
            (0, None),
            (1, Some(200)),
            (2, Some(190)),
            (3, None),
            (4, None),
            (5, Some(201)),
        ]
    );
}

#[test]
fn a_long_pause_starts_a_new_feedback() {
    assert_eq!(feedback(&[(1, 0), (2, 20_000)]), [(1, Some(0)), (2, Some(20_000))]);
}

#[test]
fn a_late_packet_is_not_reported_twice() {
    let start = Instant::now();
    let mut recorder = TransportCcRecorder::new();
    recorder.handle_input(start, 10);
    recorder.handle_input(start, 12);
    write(|out| recorder.write_feedback(out, US, PEER));
    recorder.handle_input(start, 11);
    assert!(!recorder.has_pending());
}

proptest! {
    #[test]
    fn what_the_recorder_writes_is_what_arrived(
        first: u16,
        steps in proptest::collection::vec((1u16..6, 0u64..90), 1..600),
    ) {
        let (mut sequence, mut at_ms) = (first, 0);
        let mut arrivals = Vec::new();
        for (step, wait) in steps {
            arrivals.push((sequence, at_ms));
            sequence = sequence.wrapping_add(step);
            at_ms += wait;
        }
        // Beyond the recorder's memory the oldest are dropped.
        prop_assume!(usize::from(sequence.wrapping_sub(first)) < MAX_ARRIVALS);
        let reported: Vec<_> = feedback(&arrivals)
            .into_iter()
            .filter_map(|(sequence, at)| at.map(|at| (sequence, at)))
            .collect();
        prop_assert_eq!(reported, arrivals);
    }

    #[test]
    fn garbage_ends_somewhere(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(packets(&bytes).count() <= bytes.len() / 4 + 1);
    }
}
