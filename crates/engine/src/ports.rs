//! The ports of `rtpstart`–`rtpend`, and those of endpoints that have a range of their own, handed
//! out in pairs: an even one for RTP and the odd one above it for RTCP (RFC 3550 §11). Shared by
//! all workers, touched only when a leg is made or closed.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

/// Ranges of endpoints that are remembered. One is forgotten when no leg uses it.
const MAX_RANGES: usize = 256;

/// The pairs of the range, by their even port.
#[derive(Clone, Debug)]
pub(crate) struct PortPool(Arc<Mutex<Pairs>>);

/// The pools of endpoints with a range of their own (`rtp_port_start`, `rtp_port_end`). Ranges may
/// overlap: a port that another pool's leg holds cannot be bound, and the next one is tried.
#[derive(Debug, Default)]
pub(crate) struct OwnRanges(Mutex<HashMap<(u16, u16), PortPool>>);

impl OwnRanges {
    /// The pool of a range, the same one for all who have it.
    pub(crate) fn pool(&self, range: &RangeInclusive<u16>, start: u64) -> PortPool {
        let fresh = || PortPool::new(range, start);
        let Ok(mut pools) = self.0.lock() else { return fresh() };
        if pools.len() >= MAX_RANGES {
            pools.retain(|_, pool| !pool.is_idle());
        }
        pools.entry((*range.start(), *range.end())).or_insert_with(fresh).clone()
    }
}

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

    fn is_idle(&self) -> bool {
        self.0.lock().is_ok_and(|pairs| pairs.taken.is_empty())
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
    fn endpoints_with_one_range_share_it_and_unused_ranges_are_forgotten() {
        let ranges = OwnRanges::default();
        let (one, other) = (ranges.pool(&(4_000..=4_003), 0), ranges.pool(&(4_000..=4_003), 0));
        assert_eq!((one.take(), other.take(), one.take()), (Some(4_000), Some(4_002), None));
        for first in 0..2_000 {
            ranges.pool(&(10_000 + first..=20_000), 0);
        }
        assert!(ranges.0.lock().unwrap().len() <= MAX_RANGES);
        assert_eq!(ranges.pool(&(4_000..=4_003), 0).take(), None, "in use, so still known");
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
