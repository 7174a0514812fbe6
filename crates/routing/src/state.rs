//! What calls do to routes: how many each carries, and which rest after a failure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::{Reason, Route, Table};

/// How a route stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Calls over it now, those that still ring among them.
    pub calls: u32,
    /// Calls that were sent there.
    pub tried: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Those that went on to another route, or would have.
    pub failed: u64,
    rests_until: Option<Instant>,
}

impl Standing {
    /// How long it still rests.
    #[must_use]
    pub fn rest(&self, now: Instant) -> Option<Duration> {
        let left = self.rests_until?.saturating_duration_since(now);
        Some(left).filter(|left| !left.is_zero())
    }
}

/// How all routes stand, by name: a reload changes nothing here.
#[derive(Clone, Debug, Default)]
pub struct State {
    routes: BTreeMap<String, Standing>,
}

impl State {
    /// How a route stands.
    #[must_use]
    pub fn of(&self, name: &str) -> Standing {
        self.routes.get(name).copied().unwrap_or_default()
    }

    /// Why no call can be sent over a route now.
    #[must_use]
    pub fn objection(&self, route: &Route, now: Instant) -> Option<Reason> {
        let standing = self.of(&route.name);
        if let Some(left) = standing.rest(now) {
            return Some(Reason::Resting(left));
        }
        route.max_calls.filter(|most| standing.calls >= *most).map(Reason::Full)
    }

    /// Sends a call over a route; [`Self::leave`] is owed for it.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn take(&mut self, route: &Route, now: Instant) -> Result<(), Reason> {
        if let Some(reason) = self.objection(route, now) {
            return Err(reason);
        }
        let standing = self.routes.entry(route.name.clone()).or_default();
        standing.calls = standing.calls.saturating_add(1);
        standing.tried = standing.tried.saturating_add(1);
        Ok(())
    }

    /// A call that was sent over a route is over.
    pub fn leave(&mut self, name: &str) {
        if let Some(standing) = self.routes.get_mut(name) {
            standing.calls = standing.calls.saturating_sub(1);
        }
    }

    /// A call over a route was answered.
    pub fn answered(&mut self, name: &str) {
        if let Some(standing) = self.routes.get_mut(name) {
            standing.answered = standing.answered.saturating_add(1);
        }
    }

    /// A route failed; with a time it rests until then.
    pub fn failed(&mut self, name: &str, rests_until: Option<Instant>) {
        if let Some(standing) = self.routes.get_mut(name) {
            standing.failed = standing.failed.saturating_add(1);
            standing.rests_until = standing.rests_until.max(rests_until);
        }
    }

    /// Forgets routes that are gone, unless calls still run over them.
    pub fn keep(&mut self, table: &Table) {
        let is_there = |name: &String| table.routes.iter().any(|route| route.name == *name);
        self.routes.retain(|name, standing| standing.calls > 0 || is_there(name));
    }
}
