//! The ports of `rtpstart`–`rtpend`, handed out in pairs: an even one for RTP and the odd one
//! above it for RTCP (RFC 3550 §11). Shared by all workers, touched only when a leg is made or
//! closed.

use std::collections::{HashSet, VecDeque};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

/// The pairs of the range, by their even port.
#[derive(Clone, Debug)]
pub(crate) struct PortPool(Arc<Mutex<Pairs>>);

#[derive(Debug)]
struct Pairs {
    range: RangeInclusive<u16>,
    /// A freed pair goes to the end, so that late packets of the last call do not reach the next
    /// one.
    free: VecDeque<u16>,
    taken: HashSet<u16>,
}

impl PortPool {
    /// `start` turns the list, so that a restart does not begin with the ports just used.
    pub(crate) fn new(range: &RangeInclusive<u16>, start: u64) -> Self {
        let mut free: VecDeque<u16> = pairs(range).collect();
        if !free.is_empty() {
            let turn = start % free.len() as u64;
            // The remainder is below the length, which is a usize.
            free.rotate_left(turn as usize);
        }
        Self(Arc::new(Mutex::new(Pairs { range: range.clone(), free, taken: HashSet::new() })))
    }

    /// Takes a pair; `None` when all are in use.
    pub(crate) fn take(&self) -> Option<u16> {
        let mut pairs = self.0.lock().ok()?;
        let port = pairs.free.pop_front()?;
        pairs.taken.insert(port);
        Some(port)
    }

    /// Gives a pair back.
    pub(crate) fn give(&self, port: u16) {
        if let Ok(mut pairs) = self.0.lock() {
            // One of a range that holds no more is not handed out again.
            if pairs.taken.remove(&port) && is_pair(&pairs.range, port) {
                pairs.free.push_back(port);
            }
        }
    }

    /// Hands out the pairs of another range from now on; those in use stay in use.
    pub(crate) fn change(&self, range: &RangeInclusive<u16>) {
        if let Ok(mut pairs) = self.0.lock() {
            let free = self::pairs(range).filter(|port| !pairs.taken.contains(port)).collect();
            pairs.free = free;
            pairs.range = range.clone();
        }
    }
}

fn is_pair(range: &RangeInclusive<u16>, port: u16) -> bool {
    port.is_multiple_of(2) && range.contains(&port) && range.contains(&port.saturating_add(1))
}

fn pairs(range: &RangeInclusive<u16>) -> impl Iterator<Item = u16> {
    range.clone().filter(|port| is_pair(range, *port))
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

    #[test]
    fn a_changed_range_leaves_what_is_in_use_alone() {
        let pool = PortPool::new(&(10_000..=10_003), 0);
        assert_eq!(pool.take(), Some(10_000));
        pool.change(&(10_000..=10_005));
        assert_eq!((pool.take(), pool.take(), pool.take()), (Some(10_002), Some(10_004), None));
        pool.change(&(20_000..=20_001));
        pool.give(10_000);
        assert_eq!((pool.take(), pool.take()), (Some(20_000), None), "10,000 is not in the range");
        pool.give(20_000);
        pool.give(20_000);
        assert_eq!((pool.take(), pool.take()), (Some(20_000), None), "given back once");
    }
}
