//! SRTP and SRTCP (RFC 3711, RFC 6188, RFC 7714): packets are protected and unprotected in place.
//!
//! A leg has one [`Protector`] for what it sends and one [`Unprotector`] for what it receives;
//! keys come from DTLS ([`MasterKey::from_dtls`], RFC 5764) or from SDP (`crate::sdes`, RFC 4568).
//! This module does not do the handshake, MKI, re-keying by lifetime or EKT: none of them is
//! negotiated.
//!
//! # When a peer restarts its sequence numbers
//! Some user agents start over with a new sequence number (and a rollover counter of zero) while
//! they keep SSRC and key, for example after a re-INVITE. By the letter of RFC 3711 all that
//! follows is "too old" or fails authentication, and the call is silent for ever. The
//! [`Unprotector`] therefore tries a packet that does not fit with a rollover counter of zero and
//! with its neighbours. After [`RESYNC_PACKETS`] such packets that authenticate and follow each
//! other, with no packet of the old sequence between them, it continues from there and says so
//! once ([`Notice::Resynchronised`]). The price: whoever can suppress the real stream and has
//! recorded it can play [`MAX_RESYNCS`] passages of it again; nothing can be forged.

mod cipher;
mod profile;
mod session;
mod window;

pub use profile::{DtlsRole, MasterKey, Profile};
pub use session::{
    Notice, Protector, ReplayProtection, SourceSnapshot, SrtpSnapshot, Unprotected, Unprotector,
};
pub use window::{MAX_RESYNCS, RESYNC_DUPLICATES, RESYNC_PACKETS, WINDOW_PACKETS};

use std::fmt;

/// The largest number of bytes that protection adds to a packet: a 16-byte GCM tag and the SRTCP
/// index. Buffers need this much room behind the packet.
pub const MAX_OVERHEAD: usize = 20;

/// Streams that one direction of a leg may carry unless told otherwise: two for a call with
/// video, doubled for retransmissions, eightfold for re-INVITEs that start new streams.
pub const DEFAULT_MAX_SOURCES: usize = 32;

/// Why a packet was not protected or unprotected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrtpError {
    /// Peer: the packet is too short or its header lies about its length.
    Malformed,
    /// Peer, or wrong keys: the authentication tag does not match.
    AuthenticationFailed,
    /// Peer or network: a copy of a packet that was already accepted.
    Duplicate,
    /// Peer or network: older than the replay window.
    TooOld,
    /// Peer: an SRTCP packet in clear although encryption was agreed.
    Unencrypted,
    /// Peer: more streams than the limit of this leg.
    TooManySources,
    /// Ours: the buffer has no room for the tag.
    NoRoom,
    /// Ours: a packet with this sequence number was already protected, or the number is further
    /// back than the window. Retransmissions are sent from the protected copy.
    IndexReused,
    /// Nobody: 2⁴⁸ RTP or 2³¹ RTCP packets were sent with this key.
    KeyExhausted,
    /// Ours or configuration: key or salt has the wrong length for the profile.
    WrongKeyLength,
}

impl fmt::Display for SrtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "peer sent an SRTP packet shorter than its header says",
            Self::AuthenticationFailed => "SRTP authentication failed: wrong key or forged packet",
            Self::Duplicate => "SRTP replay check failed: packet received before",
            Self::TooOld => "SRTP replay check failed: index too old",
            Self::Unencrypted => "peer sent SRTCP in clear although encryption was agreed",
            Self::TooManySources => "peer sends more streams than this leg allows",
            Self::NoRoom => "the buffer has no room for the SRTP tag",
            Self::IndexReused => "an SRTP sequence number would be used twice",
            Self::KeyExhausted => "the SRTP key was used for as many packets as it may be",
            Self::WrongKeyLength => "SRTP key or salt has the wrong length for its profile",
        })
    }
}

impl std::error::Error for SrtpError {}
