//! What the exchange refused, as totals since start. Not on a call's way; counting is one addition.

use sidetone_base::{SharedTotals, counted};

counted! {
    /// What can be refused.
    pub enum Refusal {
        /// A message that is no SIP, or not usable.
        SipMalformed = "sip_malformed_total",
        /// A request of a source that sends too many.
        OverRate = "sip_over_rate_total",
        /// A datagram whose shard was behind.
        ShardBehind = "sip_shard_behind_total",
        /// A request that was challenged: without credentials, or with wrong ones.
        Challenged = "sip_challenged_total",
        /// A request that the SIP stack passed and the exchange refused, by any other 4xx to 6xx:
        /// REGISTER, REFER, INFO, MESSAGE and so on, and INVITEs before any dialplan.
        Request = "sip_requests_refused_total",
        /// An offer or answer that cannot be read or agreed to.
        Sdp = "sdp_refused_total",
    }
}

/// Totals of refusals since start.
pub type Counters = SharedTotals<Refusal, { Refusal::ALL.len() }>;
