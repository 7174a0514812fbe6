//! A relayed packet allocates nothing: sort, parse, unprotect, count, rewrite, protect.
#![allow(unsafe_code, reason = "a counting allocator must implement an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Instant;

use sidetone_rtp::srtp::{MasterKey, Profile, Protector, ReplayProtection, Unprotector};
use sidetone_rtp::{Header, Kind, Reception, RtpMut, RtpView, Ssrc, classify};

struct Counting;

thread_local! {
    /// Of this thread only: what the test's harness allocates beside it does not count.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_relayed_packet_allocates_nothing() {
    let now = Instant::now();
    for profile in [Profile::Aes128CmSha1_80, Profile::AeadAes128Gcm] {
        let (key, salt) = ([1; 16], [2; 14]);
        let master = MasterKey::new(profile, &key, &salt[..profile.salt_len()]).unwrap();
        let mut peer = Protector::new(&master, 4).unwrap();
        let mut receiver = Unprotector::new(&master, 4, ReplayProtection::On).unwrap();
        let mut sender = Protector::new(&master, 4).unwrap();
        let mut reception = Reception::new(Ssrc(1), 8000, 0);
        let mut buffer = [0; 200];
        let mut relay = |sequence: u16| {
            let header = Header { sequence, ssrc: Ssrc(1), ..Header::default() };
            let len = header.write_packet(&mut buffer, &[(1, &[9])], &[0x55; 160]).unwrap();
            let len = peer.protect_rtp(&mut buffer, len).unwrap();
            assert_eq!(classify(&buffer[..len]), Some(Kind::Rtp));
            let len = receiver.unprotect_rtp(&mut buffer[..len]).unwrap().len;
            let view = RtpView::parse(&buffer[..len]).unwrap();
            reception.handle_rtp(now, view.sequence(), view.timestamp(), len);
            let mut packet = RtpMut::parse(&mut buffer[..len]).unwrap();
            packet.set_ssrc(Ssrc(77));
            sender.protect_rtp(&mut buffer, len).unwrap();
        };
        // The first packet opens its streams and lets the crypto library set itself up.
        relay(0);
        let before = COUNT.get();
        (1..1000).for_each(&mut relay);
        assert_eq!(COUNT.get(), before, "{profile:?}");
    }
}
