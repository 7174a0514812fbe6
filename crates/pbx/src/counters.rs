//! The totals of the exchange and of everything below it, for `core show counters`. Not on a
//! call's way.

use sidetone_engine::media;
pub use sidetone_events::refusal::{Counters, Refusal};
use sidetone_sdp::negotiation::Reject;

use crate::exchange::Exchange;

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
        let mut sip = sidetone_ua::Snapshot::default();
        for shard in self.shards() {
            // A shard that is gone has nothing to add: the exchange is stopping.
            let held = shard.snapshot().await.unwrap_or_default();
            sip.malformed_total += held.malformed_total;
            sip.dropped_total += held.dropped_total;
            sip.refused_total += held.refused_total;
            sip.unserved_total += held.unserved_total;
            sip.retransmitted_total += held.retransmitted_total;
        }
        for refusal in Refusal::ALL {
            // What is read as late as in a shard is malformed all the same.
            let late = if refusal == Refusal::SipMalformed { sip.malformed_total } else { 0 };
            totals.push((refusal.name().to_owned(), self.counters().of(refusal) + late));
        }
        let media = self.engine().snapshot().await.workers;
        let sum = |of: fn(&sidetone_engine::WorkerSnapshot) -> u64| media.iter().map(of).sum();
        let mut refused = media::Refusals::default();
        media.iter().for_each(|worker| refused.add(&worker.refused));
        let rows: [(&str, u64); 10] = [
            ("sip_dropped_total", sip.dropped_total),
            ("sip_refused_503_total", sip.refused_total),
            ("sip_unserved_total", sip.unserved_total),
            ("sip_retransmitted_total", sip.retransmitted_total),
            ("media_datagrams_in_total", sum(|worker| worker.datagrams_in)),
            ("media_datagrams_out_total", sum(|worker| worker.datagrams_out)),
            ("media_datagrams_dropped_total", refused.total()),
            ("media_relay_refused_total", sum(|worker| worker.relay_refused)),
            ("media_links_lost_total", sum(|worker| worker.links_lost)),
            ("media_events_lost_total", sum(|worker| worker.events_lost)),
        ];
        totals.extend(rows.map(|(name, count)| (name.to_owned(), count)));
        let reasons = media::Refusal::ALL;
        totals.extend(reasons.map(|reason| (reason.name().to_owned(), refused.of(reason))));
        totals
    }
}
