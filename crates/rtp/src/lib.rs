//! RTP and everything that travels beside it: RTCP, header extensions, SRTP and SRTCP,
//! telephone-event, and the sorting of datagrams that share a port.
//!
//! Layer 1 of the crate table: bytes in, values out, and back. Time comes as an argument, nothing
//! is drawn at random, and no packet on a relay's way allocates. Sockets belong to `engine`, legs
//! and jitter buffers to `media`.

#![forbid(unsafe_code)]

pub mod demux;
pub mod extension;
pub mod ntp;
pub mod packet;
pub mod srtp;

pub use demux::{Kind, classify};
pub use ntp::NtpTime;
pub use packet::{Header, RtpError, RtpMut, RtpView, Ssrc, sequence_delta};
