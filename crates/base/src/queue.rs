//! A bounded queue that counts what it refuses. Owned by one task or thread: for crossing threads
//! the upper layers use bounded channels with the same rule (a name, a depth, a policy, a reason).

use std::collections::VecDeque;

/// What happens to a value that finds the queue full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// The new value is refused; what is queued stays.
    RefuseNewest,
    /// The oldest queued value makes room.
    DropOldest,
}

/// A first-in first-out queue with a fixed depth and a written policy.
#[derive(Debug)]
pub struct Queue<T> {
    items: VecDeque<T>,
    depth: usize,
    when_full: WhenFull,
    lost_total: u64,
}

impl<T> Queue<T> {
    /// A queue of at most `depth` values. Space is allocated once, here.
    #[must_use]
    pub fn new(depth: usize, when_full: WhenFull) -> Self {
        Self { items: VecDeque::with_capacity(depth), depth, when_full, lost_total: 0 }
    }

    /// Adds a value; when the queue is full, returns the value that was lost.
    pub fn push(&mut self, item: T) -> Option<T> {
        if self.items.len() < self.depth {
            self.items.push_back(item);
            return None;
        }
        self.lost_total += 1;
        match self.when_full {
            WhenFull::RefuseNewest => Some(item),
            WhenFull::DropOldest => {
                let oldest = self.items.pop_front();
                self.items.push_back(item);
                oldest
            }
        }
    }

    /// Takes the oldest value.
    pub fn pop(&mut self) -> Option<T> {
        self.items.pop_front()
    }

    /// How many values wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many values were lost since the queue was made.
    #[must_use]
    pub fn lost_total(&self) -> u64 {
        self.lost_total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_refuses_and_counts() {
        let mut queue = Queue::new(1, WhenFull::RefuseNewest);
        assert_eq!(queue.push(1), None);
        assert_eq!(queue.push(2), Some(2));
        assert_eq!((queue.pop(), queue.lost_total()), (Some(1), 1));
    }

    #[test]
    fn a_full_queue_may_drop_its_oldest() {
        let mut queue = Queue::new(1, WhenFull::DropOldest);
        assert_eq!(queue.push(1), None);
        assert_eq!(queue.push(2), Some(1));
        assert_eq!(queue.pop(), Some(2));
    }
}
