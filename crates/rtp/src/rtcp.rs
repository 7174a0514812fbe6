//! RTCP (RFC 3550 §6, RFC 3611, RFC 4585, RFC 5104, RFC 5506): reading compound packets without
//! copying, and writing them into a buffer ([`CompoundWriter`]).
//!
//! Tolerant in: reduced-size packets are accepted, unknown types are handed on as
//! [`Packet::Other`], and a malformed packet ends the walk but not what was read before it. When
//! to send is decided by `media` (`rtcpinterval`), not here.

mod read;
mod transport_cc;
mod write;

pub use read::{
    App, Bye, Dlrr, FullIntraRequest, Nack, Packet, Packets, Remb, ReportBlocks, Sdes, packets,
};
pub use transport_cc::{Arrival, MAX_ARRIVALS, TransportCc, TransportCcRecorder};
pub use write::CompoundWriter;

use std::fmt;

use crate::{NtpTime, Ssrc};

/// Payload types of RTCP packets.
mod kind {
    pub(super) const SENDER_REPORT: u8 = 200;
    pub(super) const RECEIVER_REPORT: u8 = 201;
    pub(super) const SOURCE_DESCRIPTION: u8 = 202;
    pub(super) const BYE: u8 = 203;
    pub(super) const APP: u8 = 204;
    pub(super) const TRANSPORT_FEEDBACK: u8 = 205;
    pub(super) const PAYLOAD_FEEDBACK: u8 = 206;
    pub(super) const EXTENDED_REPORT: u8 = 207;
}

/// Formats of feedback packets: the count field of types 205 and 206.
mod format {
    pub(super) const NACK: u8 = 1;
    pub(super) const TRANSPORT_CC: u8 = 15;
    pub(super) const PLI: u8 = 1;
    pub(super) const FIR: u8 = 4;
    pub(super) const APPLICATION: u8 = 15;
}

/// Why bytes are not RTCP, or could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtcpError {
    /// Peer: fewer bytes than a header or its length field announces.
    Truncated,
    /// Peer: the version is not 2.
    WrongVersion,
    /// Peer: the padding count is wrong.
    BadPadding,
    /// Ours: the buffer is too small for the packet, or a list too long for it.
    NoRoom,
}

impl fmt::Display for RtcpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "peer sent an RTCP packet shorter than it says",
            Self::WrongVersion => "peer sent a packet that is not RTCP version 2",
            Self::BadPadding => "peer sent an RTCP packet with a wrong padding count",
            Self::NoRoom => "the buffer for an RTCP packet is too small",
        })
    }
}

impl std::error::Error for RtcpError {}

/// What a sender says about its own stream (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderInfo {
    /// Wall-clock time of the report.
    pub ntp: NtpTime,
    /// The same moment in units of the RTP timestamp.
    pub rtp_timestamp: u32,
    /// RTP packets sent; wraps.
    pub packets: u32,
    /// Payload bytes sent; wraps.
    pub bytes: u32,
}

/// What a receiver says about one stream (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream reported on.
    pub ssrc: Ssrc,
    /// Loss since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost in all, 24 bits; negative when duplicates outnumber losses.
    pub cumulative_lost: i32,
    /// Highest sequence number received, with its cycles in the upper half.
    pub highest_sequence: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the last sender report's NTP time; 0 when there was none.
    pub last_sr: u32,
    /// Time since that report in 1/65536 s.
    pub delay_since_last_sr: u32,
}

#[cfg(test)]
mod tests;
