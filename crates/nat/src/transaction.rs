//! One request on its way: sent again until an answer comes (RFC 8489 §6.2.1).

use std::time::{Duration, Instant};

use crate::message::TransactionId;

/// First time between two sendings (RTO).
const FIRST: Duration = Duration::from_millis(500);
/// Sendings. RFC 8489 §6.2.1 recommends seven within 39.5 s; a background request that had no
/// answer to five within 15.5 s has none to the others.
const SENDINGS: u32 = 5;

/// A request that has no answer yet.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) id: TransactionId,
    bytes: Vec<u8>,
    sent: u32,
    due: Instant,
}

/// What a transaction wants at a time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing yet.
    Nothing,
    /// Send these bytes.
    Send(Vec<u8>),
    /// Nobody answers.
    GiveUp,
}

impl Transaction {
    pub(crate) fn new(now: Instant, id: TransactionId, bytes: Vec<u8>) -> Self {
        Self { id, bytes, sent: 0, due: now }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.due
    }

    pub(crate) fn due(&mut self, now: Instant) -> Due {
        if now < self.due {
            return Due::Nothing;
        }
        if self.sent == SENDINGS {
            return Due::GiveUp;
        }
        self.due = now + FIRST * 2_u32.pow(self.sent);
        self.sent += 1;
        Due::Send(self.bytes.clone())
    }

    /// How often it was sent.
    pub(crate) fn sent(&self) -> u32 {
        self.sent
    }
}
