//! The command ring of one worker: many senders, one thread that drains it every turn.
//!
//! Name: worker commands. Depth: 1,024, which is one command for each leg a busy worker holds.
//! When full: the sender waits, up to its deadline; only closing a leg can not wait and goes over
//! a side list that holds at most one entry per leg.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sidetone_base::LegId;
use tokio::sync::mpsc;

use crate::command::{Command, LegCommand};

/// Commands that may wait for a worker.
pub(crate) const RING_DEPTH: usize = 1024;

/// Something that ends a worker's sleep.
pub(crate) trait Waker: Send + Sync {
    /// Makes the worker's next wait return at once.
    fn wake(&self);
}

impl<F: Fn() + Send + Sync> Waker for F {
    fn wake(&self) {
        self();
    }
}

/// The sending side of the ring.
#[derive(Clone)]
pub(crate) struct WorkerRing {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
}

/// The worker's side of the ring.
pub(crate) struct Inbox {
    commands: mpsc::Receiver<Command>,
    shared: Arc<Shared>,
}

struct Shared {
    closing: Mutex<Vec<LegId>>,
    legs: AtomicUsize,
    waker: Arc<dyn Waker>,
}

impl std::fmt::Debug for WorkerRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerRing").field("load", &self.load()).finish_non_exhaustive()
    }
}

pub(crate) fn ring(waker: Arc<dyn Waker>) -> (WorkerRing, Inbox) {
    let (sender, receiver) = mpsc::channel(RING_DEPTH);
    let shared =
        Arc::new(Shared { closing: Mutex::new(Vec::new()), legs: AtomicUsize::new(0), waker });
    let ring = WorkerRing { commands: sender, shared: shared.clone() };
    (ring, Inbox { commands: receiver, shared })
}

impl WorkerRing {
    /// Sends a command; false when the worker is gone.
    pub(crate) async fn send(&self, command: Command) -> bool {
        let sent = self.commands.send(command).await.is_ok();
        self.shared.waker.wake();
        sent
    }

    /// Sends a command without waiting; false when the ring is full or the worker gone.
    pub(crate) fn post(&self, command: Command) -> bool {
        let sent = self.commands.try_send(command).is_ok();
        self.shared.waker.wake();
        sent
    }

    /// Closes a leg without waiting.
    pub(crate) fn close_leg(&self, leg: LegId) {
        let command = Command::Leg(leg, LegCommand::Close);
        if let Err(mpsc::error::TrySendError::Full(_)) = self.commands.try_send(command)
            && let Ok(mut closing) = self.shared.closing.lock()
        {
            closing.push(leg);
        }
        self.shared.waker.wake();
    }

    /// How many legs the worker has, as placement sees it.
    pub(crate) fn load(&self) -> usize {
        self.shared.legs.load(Ordering::Relaxed)
    }
}

impl Inbox {
    /// The next command, if one waits.
    pub(crate) fn next(&mut self) -> Option<Command> {
        self.commands.try_recv().ok()
    }

    /// Legs to close that found the ring full.
    pub(crate) fn closing(&mut self) -> Vec<LegId> {
        self.shared.closing.lock().map(|mut list| std::mem::take(&mut *list)).unwrap_or_default()
    }

    /// Tells placement how many legs there are.
    pub(crate) fn set_load(&self, legs: usize) {
        self.shared.legs.store(legs, Ordering::Relaxed);
    }
}
