//! What a leg tells the control plane.

use std::net::SocketAddr;
use std::time::Duration;

use crate::source::PlaybackId;

/// Something happened on a leg. Reasons are words for the call record and the verdict page.
#[derive(Clone, Debug, PartialEq)]
pub enum LegEvent {
    /// ICE found a path on this transport; `remote` is where the peer is.
    IceConnected {
        /// Which transport of the plan.
        transport: usize,
        /// The peer's address on the chosen pair.
        remote: SocketAddr,
    },
    /// More of our addresses were found after our description went out (RFC 8838): the peer may
    /// be told.
    Candidates {
        /// Which transport of the plan.
        transport: usize,
        /// Values of `a=candidate`, without the prefix; may be empty.
        candidates: Vec<String>,
        /// Nothing more will follow.
        complete: bool,
    },
    /// No pair answered in time. The leg stays open: an ICE restart may still save it.
    IceFailed {
        /// Which transport of the plan.
        transport: usize,
        /// What was tried and what to look at.
        reason: String,
    },
    /// The path that worked stopped answering (RFC 7675 consent expired). Nothing is sent until
    /// ICE connects again.
    IceDisconnected {
        /// Which transport of the plan.
        transport: usize,
    },
    /// The handshake is done and the fingerprint matched: media may flow.
    DtlsConnected {
        /// Which transport of the plan.
        transport: usize,
    },
    /// The handshake failed; no media will flow on this transport.
    DtlsFailed {
        /// Which transport of the plan.
        transport: usize,
        /// Why, in words.
        reason: String,
    },
    /// The first valid media packet of a stream arrived.
    FirstPacket {
        /// Index of the `m=` line.
        stream: usize,
    },
    /// A digit was received as telephone-event (RFC 4733), as a tone or by signalling, and has
    /// ended.
    Dtmf {
        /// Index of the `m=` line.
        stream: usize,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
        /// How long the peer held it.
        duration: Duration,
    },
    /// A key is to be sent to a peer that takes keys through signalling only.
    SignalKey {
        /// Index of the `m=` line.
        stream: usize,
        /// `0`–`9`, `*`, `#`, `A`–`D`, `f` for the flash.
        digit: char,
        /// How long it is held.
        duration: Duration,
    },
    /// A playback ended by itself or was stopped.
    PlaybackFinished {
        /// Index of the `m=` line.
        stream: usize,
        /// Which playback.
        id: PlaybackId,
        /// How many samples at the prompt's own rate were sent.
        samples_played: u64,
    },
    /// Nothing was received for `rtp_timeout` (or `rtp_timeout_hold` on hold). Told once per
    /// silence.
    RtpTimeout {
        /// Index of the `m=` line.
        stream: usize,
        /// For how long nothing came.
        silent_for: Duration,
    },
    /// Plain legs: the strict-source rule settled on another sender address.
    SourceChanged {
        /// Which transport of the plan.
        transport: usize,
        /// The address media is now accepted from.
        remote: SocketAddr,
    },
    /// The leg died of a fault of ours and was closed; the text is for the log.
    Failed {
        /// What failed.
        reason: String,
    },
}
