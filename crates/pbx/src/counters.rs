//! What the exchange refused, as totals since start, and the totals of everything below it: for
//! `core show counters`. Not on a call's way; counting is one addition.

use std::sync::atomic::{AtomicU64, Ordering};

use sidetone_sdp::negotiation::Reject;

use crate::exchange::Exchange;

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
    const ALL: [Self; 4] = [Self::SipMalformed, Self::OverRate, Self::ShardBehind, Self::Sdp];

    fn name(self) -> &'static str {
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
    pub(crate) fn count(&self, refusal: Refusal) {
        self.refusals[refusal as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    #[must_use]
    pub fn of(&self, refusal: Refusal) -> u64 {
        self.refusals[refusal as usize].load(Ordering::Relaxed)
    }
}

impl Exchange {
    /// Counts a session description that is refused, on its way to whoever says so.
    pub(crate) fn refused_sdp(&self, reject: Reject) -> Reject {
        self.counters().count(Refusal::Sdp);
        reject
    }

    /// Every total with its name, in a stable order: connections and messages (`net_`), SIP and
    /// session descriptions, media.
    pub async fn totals(&self) -> Vec<(String, u64)> {
        let counters = self.net().counters();
        let mut totals: Vec<(String, u64)> = counters
            .named()
            .into_iter()
            .map(|(name, count)| (format!("net_{name}"), count))
            .collect();
        for refusal in Refusal::ALL {
            totals.push((refusal.name().to_owned(), self.counters().of(refusal)));
        }
        let mut sip = sidetone_ua::Snapshot::default();
        for shard in self.shards() {
            // A shard that is gone has nothing to add: the exchange is stopping.
            let held = shard.snapshot().await.unwrap_or_default();
            sip.dropped_total += held.dropped_total;
            sip.refused_total += held.refused_total;
            sip.retransmitted_total += held.retransmitted_total;
        }
        let media = self.engine().snapshot().await.workers;
        let sum = |of: fn(&sidetone_engine::WorkerSnapshot) -> u64| media.iter().map(of).sum();
        let rows: [(&str, u64); 8] = [
            ("sip_dropped_total", sip.dropped_total),
            ("sip_refused_503_total", sip.refused_total),
            ("sip_retransmitted_total", sip.retransmitted_total),
            ("media_datagrams_in_total", sum(|worker| worker.datagrams_in)),
            ("media_datagrams_out_total", sum(|worker| worker.datagrams_out)),
            ("media_datagrams_dropped_total", sum(|worker| worker.datagrams_dropped)),
            ("media_links_lost_total", sum(|worker| worker.links_lost)),
            ("media_events_lost_total", sum(|worker| worker.events_lost)),
        ];
        totals.extend(rows.map(|(name, count)| (name.to_owned(), count)));
        totals
    }
}
