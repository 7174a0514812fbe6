//! A relayed packet allocates nothing, in clear and protected.

#![allow(clippy::unwrap_used, reason = "a test says so when it fails")]
#![expect(unsafe_code, reason = "a global allocator that counts is unsafe by its trait")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sidetone_base::LegId;
use sidetone_media::{Arrival, Outbox, PathId, Route, RtpSettings};
use sidetone_rtp::{Kind, classify};
use support::{Link, Phone, World, audio, plain_plan};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Default)]
struct Sent(usize);

impl Outbox for Sent {
    fn send(&mut self, _path: PathId, _from: IpAddr, _to: SocketAddr, _datagram: &[u8]) {
        self.0 += 1;
    }
}

/// Hands datagrams to a host's graph; how many left, and how often memory was asked for after the
/// first ten.
fn allocations(
    world: &mut World,
    host: usize,
    path: PathId,
    datagrams: &mut [(SocketAddr, SocketAddr, Vec<u8>)],
) -> (usize, u64) {
    let mut out = Sent::default();
    let mut before = 0;
    for (number, (source, local, datagram)) in datagrams.iter_mut().enumerate() {
        if number == 10 {
            before = COUNT.with(Cell::get);
        }
        let arrival = Arrival { path, local: *local, source: *source };
        let graph = &mut world.hosts[host].graph;
        graph.handle_datagram(world.now, arrival, datagram, &mut out);
        while graph.poll_event().is_some() {}
        world.now += Duration::from_millis(20);
    }
    (out.0, COUNT.with(Cell::get) - before)
}

fn speech(from: SocketAddr, to: SocketAddr) -> Vec<(SocketAddr, SocketAddr, Vec<u8>)> {
    let packet = |number: u16| {
        let mut bytes = vec![0x80, 0];
        bytes.extend(number.to_be_bytes());
        bytes.extend((u32::from(number) * 160).to_be_bytes());
        bytes.extend([0, 0, 0, 9]);
        bytes.extend([0xff; 160]);
        (from, to, bytes)
    };
    (0..200).map(packet).collect()
}

#[test]
fn a_plain_relay_allocates_nothing() {
    let mut world = World::new(1, Link::default());
    let phone = Phone::new("198.51.100.9:4000");
    let local = world.plain(0, 1, RtpSettings::default());
    world.apply(0, 1, plain_plan(phone.address, vec![audio(0x11)]));
    world.plain(0, 2, RtpSettings::default());
    let other = "198.51.100.10:4000".parse().unwrap();
    world.apply(0, 2, plain_plan(other, vec![audio(0x22)]));
    world.route(0, 1, 0, Route::Forward(vec![(LegId(2), 0)]));
    let mut packets = speech(phone.address, local.rtp);
    let path = PathId(u32::from(local.rtp.port()));
    assert_eq!(allocations(&mut world, 0, path, &mut packets), (200, 0));
}

#[test]
fn a_webrtc_echo_allocates_nothing() {
    let mut world = World::connected(1, Link::default());
    let mut phone = Phone::new("198.51.100.9:4000");
    let local = world.plain(0, 3, RtpSettings::default());
    world.apply(0, 3, plain_plan(phone.address, vec![audio(0x33)]));
    world.route(0, 3, 0, Route::Forward(vec![(LegId(1), 0)]));
    world.route(1, 2, 0, Route::Echo);
    // Let the world protect the packets, but keep them from arriving.
    world.cut = true;
    let sent = world.wire.len();
    phone.talk(&mut world, local.rtp, 200);
    let to = world.hosts[1].ip_port();
    let mut media: Vec<_> = world.wire[sent..].to_vec();
    media.retain(|(_, at, bytes)| *at == to && classify(bytes) == Some(Kind::Rtp));
    assert_eq!(media.len(), 200);
    assert_eq!(allocations(&mut world, 1, PathId(0), &mut media), (200, 0));
}
