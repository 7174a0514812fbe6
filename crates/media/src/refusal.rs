//! What a worker's legs refuse, counted by reason, as totals. A datagram that is refused changes
//! nothing else: no state, no answer, no event. Counting is one addition to memory of the worker.

use sidetone_rtp::srtp::SrtpError;

/// Why a datagram goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No protocol of RFC 7983 that is spoken here begins with its first byte.
    Unknown,
    /// It is of no leg: nobody waits for its source, user name or transaction.
    Unclaimed,
    /// Its source is not the peer: ICE has not proven it, or strict RTP rules it out.
    Stranger,
    /// It came before keys were agreed, or after that failed.
    Untimely,
    /// RTP that cannot be read.
    Rtp,
    /// RTP of a payload type or stream that was not agreed.
    Unagreed,
    /// RTCP that cannot be read, to its end.
    Rtcp,
    /// STUN that cannot be read, is not of this session, or has the wrong integrity.
    Stun,
    /// DTLS that is not made of records (RFC 6347 §4.1, RFC 9147 §4).
    Dtls,
    /// A datagram of a fax that cannot be read.
    Udptl,
    /// SRTP or SRTCP that the keys do not fit.
    Unauthentic,
    /// SRTP or SRTCP that came before, or is older than the replay window.
    Replayed,
    /// Too much waits for another worker.
    Behind,
}

impl Refusal {
    /// All of them, in the order of their totals.
    pub const ALL: [Self; 13] = [
        Self::Unknown,
        Self::Unclaimed,
        Self::Stranger,
        Self::Untimely,
        Self::Rtp,
        Self::Unagreed,
        Self::Rtcp,
        Self::Stun,
        Self::Dtls,
        Self::Udptl,
        Self::Unauthentic,
        Self::Replayed,
        Self::Behind,
    ];

    /// Its total's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "media_unknown_protocol_total",
            Self::Unclaimed => "media_unclaimed_total",
            Self::Stranger => "media_strangers_total",
            Self::Untimely => "media_untimely_total",
            Self::Rtp => "media_rtp_malformed_total",
            Self::Unagreed => "media_rtp_unagreed_total",
            Self::Rtcp => "media_rtcp_malformed_total",
            Self::Stun => "media_stun_refused_total",
            Self::Dtls => "media_dtls_malformed_total",
            Self::Udptl => "media_udptl_malformed_total",
            Self::Unauthentic => "media_unauthentic_total",
            Self::Replayed => "media_replayed_total",
            Self::Behind => "media_behind_total",
        }
    }

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    counts: [u64; Refusal::ALL.len()],
}

impl Refusals {
    /// One more.
    pub(crate) fn count(&mut self, refusal: Refusal) {
        self.counts[refusal as usize] += 1;
    }

    /// How many for this reason.
    #[must_use]
    pub fn of(&self, refusal: Refusal) -> u64 {
        self.counts[refusal as usize]
    }

    /// How many in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Adds those of another leg or worker.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
    }
}
