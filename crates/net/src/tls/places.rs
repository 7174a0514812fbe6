//! The places of handshakes that go on at once. When all are taken the oldest gives way: peers
//! that connect and say nothing cost no work, and must not keep those out who do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a handshake may keep its place while others wait for one. Over a slow network one
/// takes some hundred milliseconds.
const LEAST: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Running {
    since: Instant,
    gives_way: CancellationToken,
}

/// Places, and who holds them. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    running: Arc<Mutex<(u64, BTreeMap<u64, Running>)>>,
}

/// A place that is held; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    places: Places,
    /// Ends when the place is wanted by somebody else.
    pub(super) gives_way: CancellationToken,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Places {
    pub(super) fn new(count: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(count.max(1))), running: Arc::default() }
    }

    /// Handshakes that could start now without waiting.
    pub(super) fn free(&self) -> usize {
        self.free.available_permits()
    }

    /// Waits for a place, and lets the oldest give way once it had [`LEAST`].
    pub(super) async fn take(&self) -> Place {
        let mut waits = std::pin::pin!(Arc::clone(&self.free).acquire_owned());
        let permit = loop {
            let oldest = self.oldest();
            let due = oldest.map_or(LEAST, |since| LEAST.saturating_sub(since.elapsed()));
            tokio::select! {
                biased;
                // The semaphore is never closed: an error cannot come, and would only lift the
                // limit.
                permit = &mut waits => break permit.ok(),
                () = tokio::time::sleep(due) => self.relieve_oldest(),
            }
        };
        let gives_way = CancellationToken::new();
        let mut running = self.running.lock();
        running.0 += 1;
        let number = running.0;
        let entry = Running { since: Instant::now(), gives_way: gives_way.clone() };
        running.1.insert(number, entry);
        Place { number, places: self.clone(), gives_way, _permit: permit }
    }

    fn oldest(&self) -> Option<Instant> {
        self.running.lock().1.first_key_value().map(|(_, running)| running.since)
    }

    fn relieve_oldest(&self) {
        let mut running = self.running.lock();
        let is_due = |entry: &Running| entry.since.elapsed() >= LEAST;
        if let Some(first) = running.1.first_entry().filter(|first| is_due(first.get())) {
            first.remove().gives_way.cancel();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.running.lock().1.remove(&self.number);
    }
}
