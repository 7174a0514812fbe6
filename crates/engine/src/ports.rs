//! The ports of `rtpstart`–`rtpend`, handed out in pairs: an even one for RTP and the odd one
//! above it for RTCP (RFC 3550 §11). Shared by all workers, touched only when a leg is made or
//! closed.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

/// The free pairs, by their even port. A freed pair goes to the end, so that late packets of the
/// last call do not reach the next one.
#[derive(Clone, Debug)]
pub(crate) struct PortPool {
    free: Arc<Mutex<VecDeque<u16>>>,
}

impl PortPool {
    /// `start` turns the list, so that a restart does not begin with the ports just used.
    pub(crate) fn new(range: &RangeInclusive<u16>, start: u64) -> Self {
        let whole =
            |port: &u16| port.is_multiple_of(2) && range.contains(&(port.saturating_add(1)));
        let mut free: VecDeque<u16> = range.clone().filter(whole).collect();
        if !free.is_empty() {
            let turn = start % free.len() as u64;
            // The remainder is below the length, which is a usize.
            free.rotate_left(turn as usize);
        }
        Self { free: Arc::new(Mutex::new(free)) }
    }

    /// Takes a pair; `None` when all are in use.
    pub(crate) fn take(&self) -> Option<u16> {
        self.free.lock().ok()?.pop_front()
    }

    /// Gives a pair back.
    pub(crate) fn give(&self, port: u16) {
        if let Ok(mut free) = self.free.lock() {
            free.push_back(port);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_whole_and_run_out() {
        let pool = PortPool::new(&(10_001..=10_006), 1);
        assert_eq!((pool.take(), pool.take(), pool.take()), (Some(10_004), Some(10_002), None));
        pool.give(10_002);
        assert_eq!(pool.take(), Some(10_002));
        assert_eq!(PortPool::new(&(65_535..=65_535), 0).take(), None);
    }
}
