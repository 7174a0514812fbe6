//! Wall-clock time in the 64-bit format of NTP, as sender reports carry it (RFC 3550 §4). The
//! wall clock is an argument: nothing here reads it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds from 1900 to 1970.
const UNIX_OFFSET_S: u64 = 2_208_988_800;

/// Seconds since 1900 in 32.32 fixed point; wraps in 2036.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// Converts wall-clock time; times before 1970 become 1970.
    #[must_use]
    pub fn from_system_time(time: SystemTime) -> Self {
        let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = since_1970.as_secs().wrapping_add(UNIX_OFFSET_S) & 0xffff_ffff;
        let fraction = (u64::from(since_1970.subsec_nanos()) << 32) / 1_000_000_000;
        Self((seconds << 32) | fraction)
    }

    /// The middle 32 bits, in units of 1/65536 s, as used by LSR and the round-trip formula.
    #[must_use]
    pub fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// A duration in units of 1/65536 s (DLSR), saturating at 18 hours.
#[must_use]
pub fn to_short(duration: Duration) -> u32 {
    let units =
        (duration.as_secs() << 16) + ((u64::from(duration.subsec_nanos()) << 16) / 1_000_000_000);
    u32::try_from(units).unwrap_or(u32::MAX)
}

/// A duration from units of 1/65536 s.
#[must_use]
pub fn from_short(units: u32) -> Duration {
    Duration::from_nanos((u64::from(units) * 1_000_000_000) >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_of_unix_is_2208988800_seconds_after_1900() {
        assert_eq!(NtpTime::from_system_time(UNIX_EPOCH).0 >> 32, UNIX_OFFSET_S);
        let half = UNIX_EPOCH + Duration::from_millis(500);
        assert_eq!(NtpTime::from_system_time(half).0 & 0xffff_ffff, 1 << 31);
    }

    #[test]
    fn short_durations_convert_both_ways() {
        assert_eq!(to_short(Duration::from_millis(1500)), 0x1_8000);
        assert_eq!(from_short(0x1_8000), Duration::from_millis(1500));
        assert_eq!(to_short(Duration::from_secs(1 << 20)), u32::MAX);
    }
}
