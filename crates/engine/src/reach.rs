//! What is known of our addresses outside, and the bells of the tasks that keep it so. The tasks
//! are in the crate `reach`; calls only read.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::nat::MonitorStatus;

/// What is known of our reachability, and the bells of the tasks that keep it so.
#[derive(Debug, Default)]
pub struct Reach {
    state: Mutex<State>,
    generation: watch::Sender<u64>,
    moved: Notify,
    resolve: Notify,
    resolves_per_call: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    seen: Option<IpAddr>,
    /// As the STUN server of `rtp.conf` sees a private interface of ours.
    mapped: Option<IpAddr>,
    moved: Option<(IpAddr, IpAddr)>,
    monitor: Option<MonitorStatus>,
}

impl Reach {
    /// Our address as the monitor's server sees it, else as the media workers' does.
    #[must_use]
    pub fn seen(&self) -> Option<IpAddr> {
        let state = self.state.lock();
        state.seen.or(state.mapped)
    }

    /// Our address as the monitor's server saw it last.
    #[must_use]
    pub fn seen_by_monitor(&self) -> Option<IpAddr> {
        self.state.lock().seen
    }

    /// The monitor, for `stun show status`; `None` when it is off.
    #[must_use]
    pub fn monitor(&self) -> Option<MonitorStatus> {
        self.state.lock().monitor.clone()
    }

    /// The configuration may have changed.
    pub fn reloaded(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }

    /// A call is made: a name whose address holds for no time is resolved again, beside the call.
    pub fn call_begins(&self) {
        if self.resolves_per_call.load(Ordering::Relaxed) {
            self.resolve.notify_one();
        }
    }

    /// Whether [`Reach::call_begins`] rings.
    pub fn set_resolves_per_call(&self, on: bool) {
        self.resolves_per_call.store(on, Ordering::Relaxed);
    }

    /// The monitor's server sees us here.
    pub fn set_seen(&self, seen: IpAddr) {
        self.state.lock().seen = Some(seen);
    }

    /// A media worker's server sees us here; `None` when none is asked any more.
    pub fn set_mapped(&self, mapped: Option<IpAddr>) {
        self.state.lock().mapped = mapped;
    }

    /// What the monitor shows from now on; `None` when it is off.
    pub fn set_monitor(&self, status: Option<MonitorStatus>) {
        let mut state = self.state.lock();
        if status.is_none() {
            state.seen = None;
        }
        state.monitor = status;
    }

    /// Our public address is another one.
    pub fn note_move(&self, from: IpAddr, to: IpAddr) {
        if from != to {
            self.state.lock().moved = Some((from, to));
            self.moved.notify_one();
        }
    }

    /// Counts the times the configuration was read.
    #[must_use]
    pub fn generations(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// Waits until [`Reach::note_move`] was called.
    pub async fn moved(&self) {
        self.moved.notified().await;
    }

    /// What was noted last, once: from where to where we moved.
    #[must_use]
    pub fn take_move(&self) -> Option<(IpAddr, IpAddr)> {
        self.state.lock().moved.take()
    }

    /// Waits until a call wants a name resolved again.
    pub async fn wants_resolving(&self) {
        self.resolve.notified().await;
    }
}
