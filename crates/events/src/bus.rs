//! One bus for all events: many publishers, any number of subscribers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::broadcast;

use crate::Event;

/// How many events a subscriber may lag behind before it loses the oldest. A call makes about ten
/// events: 4,096 hold the events of 400 calls, two seconds at the budgeted call rate.
pub const BUS_DEPTH: usize = 4_096;

/// The publishing side; cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus {
    sender: broadcast::Sender<Arc<Event>>,
    published: Arc<AtomicU64>,
}

impl Default for Bus {
    fn default() -> Self {
        Self::new()
    }
}

impl Bus {
    /// A bus without subscribers.
    #[must_use]
    pub fn new() -> Self {
        let (sender, _) = broadcast::channel(BUS_DEPTH);
        Self { sender, published: Arc::new(AtomicU64::new(0)) }
    }

    /// Publishes an event. Never blocks; an event nobody listens to costs one atomic add.
    pub fn publish(&self, event: Event) {
        self.published.fetch_add(1, Ordering::Relaxed);
        if self.sender.receiver_count() > 0 {
            // Fails only when the last subscriber left in this instant: then nobody misses it.
            let _ = self.sender.send(Arc::new(event));
        }
    }

    /// Subscribes to everything published from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription { receiver: self.sender.subscribe(), lost_total: 0 }
    }

    /// How many events were published since the start.
    #[must_use]
    pub fn published_total(&self) -> u64 {
        self.published.load(Ordering::Relaxed)
    }
}

/// The receiving side. Policy when it is slow: the oldest events are lost and counted, because a
/// slow log must never hold up a call.
#[derive(Debug)]
pub struct Subscription {
    receiver: broadcast::Receiver<Arc<Event>>,
    lost_total: u64,
}

impl Subscription {
    /// The next event; `None` when the bus is gone.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        loop {
            match self.receiver.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(count)) => self.lost_total += count,
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// How many events this subscriber lost by being slow.
    #[must_use]
    pub fn lost_total(&self) -> u64 {
        self.lost_total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::ContactGone;

    fn event(aor: String) -> Event {
        Event::ContactRemoved { aor, uri: "sip:a@192.0.2.1".into(), why: ContactGone::Expired }
    }

    #[tokio::test]
    async fn a_slow_subscriber_loses_the_oldest_and_knows_how_many() {
        let bus = Bus::new();
        let mut slow = bus.subscribe();
        for n in 0..BUS_DEPTH + 10 {
            bus.publish(event(n.to_string()));
        }
        let first = slow.next().await.expect("an event waits");
        assert!(matches!(&*first, Event::ContactRemoved { aor, .. } if aor == "10"));
        assert_eq!(slow.lost_total(), 10);
    }

    #[tokio::test]
    async fn publishing_without_subscribers_is_counted_and_harmless() {
        let bus = Bus::new();
        bus.publish(event("a".into()));
        assert_eq!(bus.published_total(), 1);
    }
}
