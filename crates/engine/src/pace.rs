//! When a busy worker rests instead of waiting for the next datagram (decision 0028).
//!
//! A wake-up costs as much as the work on a packet. Under load the worker sleeps a fixed short
//! time between turns and finds several datagrams at the end of it; below that load each datagram
//! wakes it, so that few calls have no added delay.

use std::time::{Duration, Instant};

/// How long a busy worker rests. It is the most that resting adds to a packet's delay.
const PAUSE: Duration = Duration::from_micros(200);
/// Datagrams that must be expected in a pause to make it worthwhile: it costs a system call and a
/// timer more and saves wake-ups. With three a bare loop gained nothing, with ten 28 %.
const LEAST_GATHERED: u64 = 6;
/// Over which time the rate is measured.
const WINDOW: Duration = Duration::from_millis(10);

/// The rate of datagrams, measured over short windows.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    since: Option<Instant>,
    counted: u64,
    rests: bool,
}

impl Pace {
    /// Notes how many datagrams a turn that began at `now` took.
    pub(crate) fn note(&mut self, now: Instant, datagrams: usize) {
        let since = *self.since.get_or_insert(now);
        self.counted += datagrams as u64;
        let window = now.saturating_duration_since(since);
        if window < WINDOW {
            return;
        }
        let expected = u128::from(self.counted) * PAUSE.as_nanos() / window.as_nanos().max(1);
        self.rests = expected >= u128::from(LEAST_GATHERED);
        (self.since, self.counted) = (Some(now), 0);
    }

    /// How long to rest before the next look at the sockets, if at all.
    pub(crate) fn pause(&self) -> Option<Duration> {
        self.rests.then_some(PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rests_at(per_second: u64) -> bool {
        let start = Instant::now();
        let mut pace = Pace::default();
        for number in 0..per_second / 50 {
            pace.note(start + Duration::from_secs(1) * number as u32 / per_second as u32, 1);
        }
        pace.pause().is_some()
    }

    #[test]
    fn few_calls_wake_the_worker_with_each_packet() {
        assert!(!rests_at(5_000));
        assert!(!rests_at(20_000));
    }

    #[test]
    fn many_calls_make_it_rest() {
        assert!(rests_at(40_000));
        assert!(rests_at(50_000));
    }

    #[test]
    fn it_stops_resting_when_the_load_goes() {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.note(start, 0);
        pace.note(start + WINDOW, 1_000);
        assert!(pace.pause().is_some());
        pace.note(start + WINDOW * 2, 1);
        assert!(pace.pause().is_none());
    }
}
