//! What a worker's legs refuse, counted by reason, as totals. A datagram that is refused changes
//! nothing else, alerts aside: no state, no answer, no event. Counting is one addition to memory of
//! the worker.

use sidetone_base::{Totals, counted};
use sidetone_rtp::srtp::SrtpError;

counted! {
    /// Why a datagram goes no further.
    pub enum Refusal {
        /// No protocol of RFC 7983 that is spoken here begins with its first byte.
        Unknown = "media_unknown_protocol_total",
        /// It is of no leg: nobody waits for its source, user name or transaction.
        Unclaimed = "media_unclaimed_total",
        /// Its source is not the peer: ICE has not proven it, or strict RTP rules it out.
        Stranger = "media_strangers_total",
        /// It came before keys were agreed, or after that failed.
        Untimely = "media_untimely_total",
        /// RTP that cannot be read.
        Rtp = "media_rtp_malformed_total",
        /// RTP of a payload type or stream that was not agreed.
        Unagreed = "media_rtp_unagreed_total",
        /// RTCP that cannot be read, to its end.
        Rtcp = "media_rtcp_malformed_total",
        /// STUN that cannot be read, is not of this session, or has the wrong integrity.
        Stun = "media_stun_refused_total",
        /// DTLS that is not made of records (RFC 6347 §4.1, RFC 9147 §4).
        Dtls = "media_dtls_malformed_total",
        /// An alert of DTLS in clear: the peer would not go on with the handshake. The only one
        /// that may change something: a fatal alert ends the handshake, as it is meant to.
        Alert = "media_dtls_alerts_total",
        /// A datagram of a fax that cannot be read.
        Udptl = "media_udptl_malformed_total",
        /// SRTP or SRTCP that the keys do not fit.
        Unauthentic = "media_unauthentic_total",
        /// SRTP or SRTCP that came before, or is older than the replay window.
        Replayed = "media_replayed_total",
        /// Too much waits for another worker.
        Behind = "media_behind_total",
    }
}

impl Refusal {
    /// Why `error` refuses a packet; `malformed` names what it was to be.
    pub(crate) fn of_srtp(error: SrtpError, malformed: Self) -> Self {
        match error {
            SrtpError::Malformed => malformed,
            SrtpError::Duplicate | SrtpError::TooOld => Self::Replayed,
            _ => Self::Unauthentic,
        }
    }
}

/// Totals by reason.
pub type Refusals = Totals<Refusal, { Refusal::ALL.len() }>;
