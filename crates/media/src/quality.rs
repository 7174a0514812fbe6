//! A snapshot of how well a stream runs, for the command line, call records and metrics.

use std::net::SocketAddr;
use std::time::Duration;

use sidetone_sdp::plan::{Direction, MediaKind};

use crate::silence::Hindrance;

/// One stream of a leg at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamQuality {
    /// Index of the `m=` line.
    pub stream: usize,
    /// Audio or video.
    pub kind: MediaKind,
    /// The agreed direction, seen from us.
    pub direction: Direction,
    /// The codec we send, empty before the plan; `pcmu`, `opus`, ….
    pub codec: String,
    /// What we receive.
    pub received: DirectionQuality,
    /// What we send, as the peer reports it.
    pub sent: DirectionQuality,
    /// What keeps media from flowing, if anything does.
    pub hindrance: Option<Hindrance>,
    /// Datagrams of its transport that were refused: of a wrong sender, or unreadable.
    pub refused: u64,
    /// Where the peer was told to send to.
    pub local: Option<SocketAddr>,
    /// Where the peer is, once known.
    pub remote: Option<SocketAddr>,
    /// Our SSRC.
    pub local_ssrc: u32,
    /// The peer's SSRC, once heard.
    pub remote_ssrc: Option<u32>,
}

/// One direction of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DirectionQuality {
    /// RTP packets.
    pub packets: u64,
    /// RTP payload bytes.
    pub bytes: u64,
    /// Packets lost: our own count for what we receive, the peer's report for what we send.
    pub lost: i64,
    /// Loss of the last report interval, 0.0–1.0.
    pub fraction_lost: f32,
    /// Interarrival jitter (RFC 3550 §6.4.1).
    pub jitter: Duration,
    /// The largest jitter seen.
    pub jitter_max: Duration,
    /// Round-trip time from RTCP; for the receiving direction it needs the peer's DLRR and is
    /// taken from the sending direction when the peer sends none.
    pub rtt: Option<Duration>,
}
