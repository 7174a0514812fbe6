//! Prints what protecting and unprotecting one 20 ms G.711 packet costs in each profile:
//! `cargo run --release -p sidetone-rtp --example srtp_speed`.

use std::hint::black_box;
use std::time::Instant;

use sidetone_rtp::srtp::{
    DEFAULT_MAX_SOURCES, MAX_OVERHEAD, MasterKey, Profile, Protector, ReplayProtection, SrtpError,
    Unprotector,
};
use sidetone_rtp::{Header, Ssrc};

const PACKETS: u32 = 2_000_000;
const PACKET_LEN: usize = 172;

fn main() -> Result<(), SrtpError> {
    println!("{:28} {:>12} {:>16}", "profile", "protect ns", "protect+open ns");
    for profile in Profile::ALL {
        let (key, salt) = ([7; 32], [9; 14]);
        let master =
            MasterKey::new(profile, &key[..profile.key_len()], &salt[..profile.salt_len()])?;
        let protect_ns = measure(&master, false)?;
        let both_ns = measure(&master, true)?;
        println!("{:28} {protect_ns:>12.0} {both_ns:>16.0}", profile.sdes_name());
    }
    Ok(())
}

fn measure(master: &MasterKey, open: bool) -> Result<f64, SrtpError> {
    let mut sender = Protector::new(master, DEFAULT_MAX_SOURCES)?;
    let mut receiver = Unprotector::new(master, DEFAULT_MAX_SOURCES, ReplayProtection::On)?;
    let mut buffer = [0x55; PACKET_LEN + MAX_OVERHEAD];
    let mut header = Header { ssrc: Ssrc(1), ..Header::default() };
    let start = Instant::now();
    for _ in 0..PACKETS {
        header.sequence = header.sequence.wrapping_add(1);
        header.write(&mut buffer).map_err(|_| SrtpError::NoRoom)?;
        let len = sender.protect_rtp(black_box(&mut buffer), PACKET_LEN)?;
        if open {
            receiver.unprotect_rtp(black_box(&mut buffer[..len]))?;
        }
    }
    Ok(start.elapsed().as_secs_f64() * 1e9 / f64::from(PACKETS))
}
