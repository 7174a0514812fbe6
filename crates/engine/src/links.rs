//! Links between workers: what one worker's leg receives for a leg of another.
//!
//! Name: worker links. Depth: 1,024 for each receiving worker, which is 20 ms of a thousand
//! crossing legs. When full: the newest is dropped and counted; concealment covers it.

use std::sync::Arc;

use sidetone_media::Link;
use tokio::sync::mpsc;

use crate::handle::worker_of;
use crate::ring::Waker;

/// Links that may wait for a worker.
const LINK_DEPTH: usize = 1024;
/// Links handled in one turn.
pub(crate) const MAX_LINKS: usize = 256;

/// A worker's end: what comes for it, and the way to all others.
pub(crate) struct Links {
    incoming: mpsc::Receiver<Link>,
    others: Vec<Outgoing>,
    dropped: u64,
}

#[derive(Clone)]
struct Outgoing {
    links: mpsc::Sender<Link>,
    waker: Arc<dyn Waker>,
    /// Something was sent since its owner was last woken.
    touched: bool,
}

/// Joins workers with each other; `wakers` are theirs, in order.
pub(crate) fn join(wakers: Vec<Arc<dyn Waker>>) -> Vec<Links> {
    let (mut outgoing, mut incoming) = (Vec::new(), Vec::new());
    for waker in wakers {
        let (links, receiver) = mpsc::channel(LINK_DEPTH);
        outgoing.push(Outgoing { links, waker, touched: false });
        incoming.push(receiver);
    }
    let ends = incoming.into_iter();
    ends.map(|incoming| Links { incoming, others: outgoing.clone(), dropped: 0 }).collect()
}

impl Links {
    /// The next link that came for this worker.
    pub(crate) fn next(&mut self) -> Option<Link> {
        self.incoming.try_recv().ok()
    }

    /// Sends a link to the worker that has its leg.
    pub(crate) fn send(&mut self, link: Link) {
        let Some(other) = self.others.get_mut(worker_of(link.to())) else {
            return;
        };
        match other.links.try_send(link) {
            Ok(()) => other.touched = true,
            Err(_) => self.dropped += 1,
        }
    }

    /// Wakes the workers that links were sent to: once per turn, however many there were.
    pub(crate) fn flush(&mut self) {
        for other in &mut self.others {
            if std::mem::take(&mut other.touched) {
                other.waker.wake();
            }
        }
    }

    /// Links lost since start.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}
