//! What the exchange refused, as totals since start. Not on a call's way; counting is one addition.

use std::sync::atomic::{AtomicU64, Ordering};

/// What can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A message that is no SIP, or not usable.
    SipMalformed,
    /// A request of a source that sends too many.
    OverRate,
    /// A datagram whose shard was behind.
    ShardBehind,
    /// An offer or answer that cannot be read or agreed to.
    Sdp,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::SipMalformed, Self::OverRate, Self::ShardBehind, Self::Sdp];

    /// Its total's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SipMalformed => "sip_malformed_total",
            Self::OverRate => "sip_over_rate_total",
            Self::ShardBehind => "sip_shard_behind_total",
            Self::Sdp => "sdp_refused_total",
        }
    }
}

/// Totals of refusals since start.
#[derive(Debug, Default)]
pub struct Counters {
    refusals: [AtomicU64; Refusal::ALL.len()],
}

impl Counters {
    /// One more.
    pub fn count(&self, refusal: Refusal) {
        self.refusals[refusal as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    #[must_use]
    pub fn of(&self, refusal: Refusal) -> u64 {
        self.refusals[refusal as usize].load(Ordering::Relaxed)
    }
}
