//! RTP and everything that travels beside it: RTCP, header extensions, SRTP and SRTCP,
//! telephone-event, redundant text, the frame of fax datagrams, and the sorting of datagrams that
//! share a port.
//!
//! Layer 1 of the crate table: bytes in, values out, and back. Time comes as an argument,
//! randomness too, and no packet on a relay's way allocates. Sockets belong to `engine`, legs and
//! jitter buffers to `media`.

#![forbid(unsafe_code)]

pub mod demux;
pub mod event;
pub mod extension;
#[doc(hidden)]
pub mod fuzz;
pub mod ntp;
pub mod packet;
pub mod reception;
pub mod redundancy;
pub mod retransmission;
pub mod rtcp;
pub mod sdes;
pub mod srtp;
pub mod transmission;
pub mod udptl;

pub use demux::{Kind, classify};
pub use event::{EventCode, EventPayload, EventReceiver, EventSender, Press};
pub use ntp::NtpTime;
pub use packet::{Header, RtpError, RtpMut, RtpView, Ssrc, sequence_delta};
pub use reception::Reception;
pub use redundancy::RedundantView;
pub use transmission::Transmission;
pub use udptl::UdptlView;
