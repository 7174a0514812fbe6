//! Our registrations with other servers, as the rest of the exchange sees them: how they stand,
//! whose calls carry which line, and what is asked of the task that keeps them (crate `reach`).
//! Step 4 of the INVITE walk looks here first.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use parking_lot::Mutex;
use sidetone_base::{Flow, Transport};
use tokio::sync::Notify;

/// Orders that may wait: an operator gives one, a network that comes back a few. When it is full
/// the newest is refused.
const ORDERS: usize = 64;

/// What is asked of the task that keeps the registrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Register now: this one, or all.
    Register(Option<String>),
    /// Remove and keep removed: this one, or all.
    Remove(Option<String>),
    /// Our addresses changed: register the new ones.
    Renew,
    /// The connection to this server closed.
    Lost(Transport, SocketAddr),
    /// The exchange stops: remove all, then say so.
    Stop,
}

/// A registration, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationView {
    /// Where it registers.
    pub server_uri: String,
    /// Names of the auths it has.
    pub auths: String,
    /// The word for how it stands.
    pub status: &'static str,
    /// Until when the server knows us.
    pub until: Option<Instant>,
    /// Where the last REGISTER went.
    pub reached: Option<(Transport, SocketAddr)>,
}

#[derive(Debug, Default)]
struct State {
    shown: BTreeMap<String, RegistrationView>,
    /// Endpoints by the token in the Contact.
    lines: HashMap<String, String>,
    reached: HashSet<(Transport, SocketAddr)>,
    orders: VecDeque<Order>,
}

/// Our registrations with other servers.
#[derive(Debug, Default)]
pub struct Registrations {
    state: Mutex<State>,
    ordered: Notify,
    stopped: Notify,
}

impl Registrations {
    /// Asks something of the task. False when too much was asked before.
    pub fn order(&self, order: Order) -> bool {
        let mut state = self.state.lock();
        let fits = state.orders.len() < ORDERS;
        if fits {
            state.orders.push_back(order);
            self.ordered.notify_one();
        }
        fits
    }

    /// Waits for something to do.
    pub async fn next_order(&self) -> Order {
        loop {
            if let Some(order) = self.state.lock().orders.pop_front() {
                return order;
            }
            self.ordered.notified().await;
        }
    }

    /// All registrations, by name.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, RegistrationView> {
        self.state.lock().shown.clone()
    }

    /// Shows how they stand, and whose calls carry which line.
    pub fn show(&self, shown: BTreeMap<String, RegistrationView>, lines: HashMap<String, String>) {
        let reached = shown.values().filter_map(|view| view.reached).collect();
        let mut state = self.state.lock();
        (state.shown, state.lines, state.reached) = (shown, lines, reached);
    }

    /// A connection closed: it may have been that to a server.
    pub fn flow_closed(&self, flow: &Flow) {
        let ours = self.state.lock().reached.contains(&(flow.transport, flow.remote));
        if ours && flow.transport.is_reliable() {
            self.order(Order::Lost(flow.transport, flow.remote));
        }
    }

    /// Whether calls may come to a line at all.
    #[must_use]
    pub fn has_lines(&self) -> bool {
        !self.state.lock().lines.is_empty()
    }

    /// Whose calls are those that carry this token.
    #[must_use]
    pub fn endpoint_of_line(&self, token: &str) -> Option<String> {
        self.state.lock().lines.get(token).cloned()
    }

    /// Says that all are removed.
    pub fn note_stopped(&self) {
        self.stopped.notify_one();
    }

    /// Removes all; back when that is done.
    pub async fn stop(&self) {
        if self.order(Order::Stop) {
            self.stopped.notified().await;
        }
    }
}
