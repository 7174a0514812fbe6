//! What every step on a packet's way is given: the time on both clocks, randomness, room to write
//! a packet, and the way out.

use std::time::Instant;

use sidetone_base::Random;
use sidetone_rtp::NtpTime;

use crate::path::Outbox;

/// Room for one outgoing datagram: an Ethernet frame, SRTP's overhead, and some to spare.
pub(crate) const SCRATCH_LEN: usize = 2048;

/// Wall-clock time derived from the monotonic clock, so that it never jumps inside a call.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    at: Instant,
    ntp: NtpTime,
}

impl WallClock {
    /// `ntp` is the wall-clock time at `at`.
    #[must_use]
    pub fn new(at: Instant, ntp: NtpTime) -> Self {
        Self { at, ntp }
    }

    /// The wall-clock time at `now`.
    #[must_use]
    pub fn ntp(&self, now: Instant) -> NtpTime {
        let elapsed = now.saturating_duration_since(self.at);
        let fraction = (u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000;
        let units = (elapsed.as_secs() << 32) | fraction;
        NtpTime(self.ntp.0.wrapping_add(units))
    }
}

pub(crate) struct Io<'a> {
    pub(crate) now: Instant,
    pub(crate) clock: WallClock,
    pub(crate) random: &'a mut dyn Random,
    pub(crate) scratch: &'a mut [u8],
    pub(crate) out: &'a mut dyn Outbox,
}
