//! Places that lately gave no answer. Someone who calls waits for up to 32 seconds until the next
//! place is tried, so whoever calls next begins with that one.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Target;

/// How long a place is tried last. When it is back, it is used again after that at the latest;
/// while it is not, one request in that time waits for it.
const LASTS: Duration = Duration::from_secs(300);

/// Places that are remembered: peers may name as many as they like. Further ones are not.
const MOST: usize = 4_096;

/// Which places gave no answer, and until when that counts.
#[derive(Clone, Debug, Default)]
pub struct Silent {
    until: HashMap<Target, Instant>,
}

impl Silent {
    /// A place gave no answer, could not be reached or wants to be left alone (503).
    pub fn note(&mut self, target: Target, now: Instant) {
        if self.until.len() >= MOST {
            self.until.retain(|_, until| *until > now);
        }
        if self.until.len() < MOST {
            self.until.insert(target, now + LASTS);
        }
    }

    /// Whether a place gave no answer lately.
    #[must_use]
    pub fn has(&self, target: &Target, now: Instant) -> bool {
        self.until.get(target).is_some_and(|until| *until > now)
    }

    /// Puts those behind the others; if all are, nothing changes.
    pub fn put_last(&self, targets: &mut [Target], now: Instant) {
        if !self.until.is_empty() {
            targets.sort_by_key(|target| self.has(target, now));
        }
    }
}

#[cfg(test)]
mod tests {
    use sidetone_base::Transport;

    use super::*;

    fn target(last: u8) -> Target {
        Target { transport: Transport::Udp, remote: ([192, 0, 2, last], 5060).into() }
    }

    #[test]
    fn a_silent_place_is_tried_last_for_a_while() {
        let (mut silent, now) = (Silent::default(), Instant::now());
        silent.note(target(1), now);
        let mut order = [target(1), target(2), target(3)];
        silent.put_last(&mut order, now);
        assert_eq!(order, [target(2), target(3), target(1)]);
        let mut order = [target(1), target(2)];
        silent.put_last(&mut order, now + LASTS);
        assert_eq!(order, [target(1), target(2)]);
    }

    #[test]
    fn a_stranger_cannot_fill_the_memory_with_places() {
        let (mut silent, now) = (Silent::default(), Instant::now());
        for port in 0..10_000 {
            let remote = ([192, 0, 2, 1], port).into();
            silent.note(Target { transport: Transport::Udp, remote }, now);
        }
        assert_eq!(silent.until.len(), MOST);
        silent.note(target(9), now + LASTS);
        assert_eq!(silent.until.len(), 1);
    }
}
