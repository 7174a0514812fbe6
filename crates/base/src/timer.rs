//! Timers of one owner: set, cancel, and ask for what is due. A binary heap with lazy deletion:
//! set and expire cost O(log n), cancel O(1), and nothing ticks while nothing is due.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;
use std::time::Instant;

/// Timers keyed by `K`; setting a key again moves its deadline.
#[derive(Debug)]
pub struct TimerQueue<K> {
    heap: BinaryHeap<Reverse<(Instant, u64)>>,
    live: HashMap<K, (Instant, u64)>,
    keys: HashMap<u64, K>,
    next_serial: u64,
}

impl<K> Default for TimerQueue<K> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), live: HashMap::new(), keys: HashMap::new(), next_serial: 0 }
    }
}

impl<K: Clone + Eq + Hash> TimerQueue<K> {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets or moves the timer `key` to `deadline`.
    pub fn set(&mut self, key: K, deadline: Instant) {
        self.cancel(&key);
        let serial = self.next_serial;
        self.next_serial += 1;
        self.heap.push(Reverse((deadline, serial)));
        self.keys.insert(serial, key.clone());
        self.live.insert(key, (deadline, serial));
        self.compact();
    }

    /// Removes the timer; nothing happens when it is not set.
    pub fn cancel(&mut self, key: &K) {
        if let Some((_, serial)) = self.live.remove(key) {
            self.keys.remove(&serial);
        }
    }

    /// Whether the timer is set.
    pub fn contains(&self, key: &K) -> bool {
        self.live.contains_key(key)
    }

    /// The earliest deadline. Changes after `set`, `cancel` and `pop_due`.
    pub fn next_deadline(&mut self) -> Option<Instant> {
        self.drop_cancelled();
        self.heap.peek().map(|Reverse((deadline, _))| *deadline)
    }

    /// Takes one timer that is due at `now`, earliest first.
    pub fn pop_due(&mut self, now: Instant) -> Option<K> {
        self.drop_cancelled();
        let Reverse((deadline, serial)) = *self.heap.peek()?;
        if deadline > now {
            return None;
        }
        self.heap.pop();
        let key = self.keys.remove(&serial)?;
        self.live.remove(&key);
        Some(key)
    }

    /// How many timers are set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether no timer is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    fn drop_cancelled(&mut self) {
        while let Some(Reverse((_, serial))) = self.heap.peek() {
            if self.keys.contains_key(serial) {
                break;
            }
            self.heap.pop();
        }
    }

    /// Keeps cancelled entries below the number of live ones, so that a timer that is moved on
    /// every packet does not grow the heap.
    fn compact(&mut self) {
        if self.heap.len() > 2 * self.live.len() + 64 {
            let keys = &self.keys;
            self.heap.retain(|Reverse((_, serial))| keys.contains_key(serial));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn timers_come_due_in_order_and_cancelled_ones_never() {
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let mut timers = TimerQueue::new();
        timers.set("late", at(3));
        timers.set("early", at(1));
        timers.set("never", at(2));
        timers.cancel(&"never");
        assert_eq!(timers.pop_due(start), None);
        assert_eq!(timers.pop_due(at(5)), Some("early"));
        assert_eq!(timers.next_deadline(), Some(at(3)));
        assert_eq!(timers.pop_due(at(5)), Some("late"));
        assert!(timers.is_empty());
    }

    #[test]
    fn a_timer_moved_a_million_times_stays_small() {
        let start = Instant::now();
        let mut timers = TimerQueue::new();
        for ms in 0..100_000 {
            timers.set(1, start + Duration::from_millis(ms));
        }
        assert!(timers.heap.len() <= 66);
        assert_eq!(timers.len(), 1);
    }
}
