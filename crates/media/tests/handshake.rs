//! ClientHellos that do not come in one piece (RFC 6347 §4.2.3): large ones of browsers with many
//! key shares, and small values of `dtls_mtu`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so when it fails")]

mod support;

use std::time::Duration;

use sidetone_base::{LegId, Random, SeededRandom};
use sidetone_media::{LegEvent, LegKind, Refusal, Route, RtpSettings};
use sidetone_sdp::plan::DtlsRole;
use support::{Link, Phone, Rewrite, World, audio, plain_plan, webrtc_plan};

const SECOND: Duration = Duration::from_secs(1);
/// Type, version, epoch and sequence number, length.
const RECORD_HEADER: usize = 13;
/// Type, length, message number, offset and length of the fragment.
const HANDSHAKE_HEADER: usize = 12;

fn u24(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

/// The records of a datagram of DTLS in clear; none of anything else.
fn records(datagram: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut found) = (datagram, Vec::new());
    // 20 to 22: change of cipher, alert, handshake; epoch 0 is in clear.
    while rest.len() >= RECORD_HEADER && (20..=22).contains(&rest[0]) && rest[3..5] == [0, 0] {
        let length = RECORD_HEADER + u24(&rest[11..13]);
        let Some((record, after)) = rest.split_at_checked(length) else { break };
        found.push(record.to_vec());
        rest = after;
    }
    found
}

/// Offset, length and whole length of the part of a ClientHello in a record.
fn hello(record: &[u8]) -> Option<(usize, usize, usize)> {
    let body = record.get(RECORD_HEADER..).filter(|body| record[0] == 22 && body[0] == 1)?;
    Some((u24(&body[6..9]), u24(&body[9..12]), u24(&body[1..4])))
}

/// Two legs with this `dtls_mtu`, on their way to each other.
fn meeting(seed: u64, link: Link, mtu: u16, rewrite: Option<Rewrite>) -> World {
    let mut world = World::new(seed, link);
    world.rewrite = rewrite;
    let settings = RtpSettings { dtls_mtu: mtu, ..RtpSettings::default() };
    let kind = LegKind::Ice { lite: false };
    let a = world.webrtc_with(0, 1, settings.clone(), kind);
    let b = world.webrtc_with(1, 2, settings, kind);
    world.apply(0, 1, webrtc_plan(&b, DtlsRole::Client, vec![audio(0x11)]));
    world.apply(1, 2, webrtc_plan(&a, DtlsRole::Server, vec![audio(0x22)]));
    world.run(20 * SECOND);
    world
}

fn assert_keyed(world: &World, what: &str) {
    assert!(world.keyed(0, 1) && world.keyed(1, 2), "{what}: {:?}", world.events(1, 2));
}

/// The records of a datagram with each ClientHello cut into two; none without a ClientHello. Their
/// numbers are doubled, so that none stands twice.
fn cut(datagram: &[u8]) -> Option<Vec<Vec<u8>>> {
    let records = records(datagram);
    records.iter().find_map(|record| hello(record))?;
    let mut pieces = Vec::new();
    for mut record in records {
        let number = u24(&record[8..11]) * 2;
        record[8..11].copy_from_slice(&number.to_be_bytes()[5..]);
        let Some((offset, length, _)) = hello(&record) else {
            pieces.push(record);
            continue;
        };
        let (head, body) = record.split_at(RECORD_HEADER + HANDSHAKE_HEADER);
        let (first, second) = body.split_at(length / 2);
        for (place, part) in [(0, first), (1, second)] {
            let mut piece = head.to_vec();
            piece[8..11].copy_from_slice(&(number + place).to_be_bytes()[5..]);
            let whole = HANDSHAKE_HEADER + part.len();
            piece[11..13].copy_from_slice(&whole.to_be_bytes()[6..]);
            let fields = piece.get_mut(RECORD_HEADER + 6..).unwrap();
            fields[..3].copy_from_slice(&(offset + place * first.len()).to_be_bytes()[5..]);
            fields[3..6].copy_from_slice(&part.len().to_be_bytes()[5..]);
            piece.extend_from_slice(part);
            pieces.push(piece);
        }
    }
    Some(pieces)
}

#[test]
fn a_client_hello_in_several_records_of_one_datagram_is_put_together() {
    let one = |bytes: Vec<u8>| vec![cut(&bytes).map_or(bytes, |pieces| pieces.concat())];
    assert_keyed(&meeting(1, Link::default(), 1_200, Some(one)), "two records in a datagram");
}

#[test]
fn the_second_half_of_a_client_hello_may_come_first() {
    let reversed = |bytes: Vec<u8>| match cut(&bytes) {
        Some(pieces) => pieces.into_iter().rev().collect(),
        None => vec![bytes],
    };
    assert_keyed(&meeting(1, Link::default(), 1_200, Some(reversed)), "the other way round");
}

/// Whoever cuts, in as many datagrams as there are pieces.
fn apart(bytes: Vec<u8>) -> Vec<Vec<u8>> {
    cut(&bytes).unwrap_or_else(|| vec![bytes])
}

#[test]
fn a_client_hello_in_several_datagrams_is_put_together() {
    assert_keyed(&meeting(1, Link::default(), 1_200, Some(apart)), "two datagrams");
}

#[test]
fn its_datagrams_may_be_lost_doubled_and_change_their_order() {
    let link = Link {
        loss_percent: 15,
        repeat_percent: 10,
        jitter: Duration::from_millis(40),
        ..Link::default()
    };
    for seed in 1..=6 {
        let world = meeting(seed, link, 1_200, Some(apart));
        assert_keyed(&world, &format!("seed {seed}"));
    }
}

#[test]
fn small_datagrams_are_kept_to_and_understood() {
    let world = meeting(1, Link::default(), 256, None);
    let dtls =
        world.wire.iter().map(|(_, _, bytes)| bytes).filter(|bytes| {
            matches!(sidetone_rtp::classify(bytes), Some(sidetone_rtp::Kind::Dtls))
        });
    let sizes: Vec<usize> = dtls.map(Vec::len).collect();
    assert!(sizes.len() >= 8 && sizes.iter().all(|size| *size <= 256), "{sizes:?}");
    assert_keyed(&world, "256 bytes a datagram");
}

/// Datagrams that look like DTLS and are none: cut short, of a length that lies, of unknown
/// versions, epochs and messages, and random behind a right header.
fn nonsense(random: &mut SeededRandom) -> Vec<Vec<u8>> {
    let header = |kind: u8, epoch: u8, length: u16| {
        let mut record = vec![kind, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 9];
        record.extend(length.to_be_bytes());
        record
    };
    let mut found = vec![vec![22], vec![22, 0xfe], header(22, 0, 400), header(63, 9, 0)];
    for kind in 20..64 {
        for epoch in 0..3 {
            let mut record = header(kind, epoch, 60);
            record.extend((0..60).map(|_| random.below(256) as u8));
            found.push(record);
        }
    }
    found
}

#[test]
fn nonsense_from_a_peer_that_ice_vouched_for_ends_neither_the_association_nor_media() {
    let mut world = World::connected(31, Link::default());
    let phone = &mut Phone::new("198.51.100.9:4000");
    let local = world.plain(0, 3, RtpSettings::default());
    world.apply(0, 3, plain_plan(phone.address, vec![audio(0x33)]));
    world.route(0, 3, 0, Route::Forward(vec![(LegId(1), 0)]));
    let (one, two) = (world.hosts[0].ip_port(), world.hosts[1].ip_port());
    let others = |world: &World| {
        let refused = [0, 1].map(|host| world.hosts[host].graph.snapshot().refused);
        refused.map(|refused| refused.total() - refused.of(Refusal::Dtls))
    };
    let before = others(&world);
    let mut random = SeededRandom::new(32);
    for datagram in nonsense(&mut random) {
        world.inject(one, two, &datagram);
        world.inject(two, one, &datagram);
        world.run(Duration::from_millis(5));
    }
    assert_eq!(others(&world), before, "they did not come as far as DTLS");
    for (host, id) in [(0, 1), (1, 2)] {
        let failed = |event: &LegEvent| matches!(event, LegEvent::DtlsFailed { .. });
        assert!(!world.has(host, id, failed), "{:?}", world.events(host, id));
    }
    let heard = world.received(1, 2);
    phone.talk(&mut world, local.rtp, 10);
    world.run(SECOND);
    assert_eq!(world.received(1, 2), heard + 10);
}
