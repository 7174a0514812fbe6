//! The media plan: what offer and answer agreed on, as plain values. The offer/answer exchange
//! produces it, the media leg obeys it; neither knows the other.
//!
//! A plan describes one leg. `transports` are the paths packets take (one when everything is
//! bundled, one per stream otherwise); `streams` are the `m=` lines, in SDP order, each pointing
//! at its transport.

use std::net::SocketAddr;

use crate::attributes::Fax;

/// The agreed media of one leg.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MediaPlan {
    /// The `m=` lines in SDP order, rejected ones included (their `state` says so).
    pub streams: Vec<StreamPlan>,
    /// The paths packets take; [`StreamPlan::transport`] is an index into it. The entry at index
    /// `i` runs over the `i`-th [`LocalTransport`], for the life of the leg. An entry no active
    /// stream points at is unused.
    pub transports: Vec<TransportPlan>,
}

/// What an `m=` line carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// `m=audio`
    Audio,
    /// `m=video`
    Video,
    /// `m=text`: real-time text over RTP (RFC 4103).
    Text,
    /// `m=image`: fax over UDPTL (T.38), which is no RTP.
    Image,
    /// Anything else (`application`, `message`): always refused.
    Other,
}

impl MediaKind {
    /// The kinds that are streams of RTP.
    pub const OF_RTP: [Self; 3] = [Self::Audio, Self::Video, Self::Text];
    /// The kinds that pass between the two sides of a call.
    pub const PASSED: [Self; 4] = [Self::Audio, Self::Video, Self::Text, Self::Image];

    /// The word after `m=`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Text => "text",
            Self::Image => "image",
            Self::Other => "application",
        }
    }
}

/// Which way media flows, seen from us (RFC 8866 §6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// We send only.
    SendOnly,
    /// We receive only.
    RecvOnly,
    /// Neither way: on hold.
    Inactive,
}

impl Direction {
    /// Whether we send.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether we receive.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The same direction as the other side sees it.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            both => both,
        }
    }

    /// Builds a direction from its two halves.
    #[must_use]
    pub fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }
}

/// Whether an `m=` line is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamState {
    /// Agreed.
    Active,
    /// Port 0 in offer or answer.
    Rejected,
}

/// One `m=` line.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamPlan {
    /// Audio, video, text, image or other.
    pub kind: MediaKind,
    /// In use or rejected.
    pub state: StreamState,
    /// `a=mid`, when the peer uses MIDs (RFC 9143).
    pub mid: Option<String>,
    /// Which way media flows, seen from us.
    pub direction: Direction,
    /// Index into [`MediaPlan::transports`].
    pub transport: usize,
    /// Agreed codecs in order of preference; the first is what we send by default. Does not
    /// contain telephone-event, comfort noise, RTX, RED or FEC.
    pub codecs: Vec<CodecPlan>,
    /// Payload types for telephone-event by clock rate (RFC 4733), e.g. `(8000, 101)`. Should the
    /// peer have numbered its answer differently, its number comes first (that is the one to
    /// send) and ours follows: both may arrive.
    pub telephone_events: Vec<(u32, u8)>,
    /// Payload type for comfort noise (RFC 3389), if agreed.
    pub comfort_noise: Option<u8>,
    /// Of an image: what the peer says of its fax.
    pub fax: Option<Fax>,
    /// Retransmission payload types as `(rtx, original)` (RFC 4588).
    pub rtx: Vec<(u8, u8)>,
    /// Packet time the peer wants to receive, in milliseconds (`a=ptime`), default 20.
    pub ptime_ms: u32,
    /// Header extensions as `(id, uri)` (RFC 8285).
    pub extensions: Vec<(u8, String)>,
    /// The SSRCs the peer announced (`a=ssrc`), possibly none.
    pub remote_ssrcs: Vec<u32>,
    /// The peer's CNAME, if announced.
    pub remote_cname: Option<String>,
    /// Our SSRC for this stream, as announced in our SDP.
    pub local_ssrc: u32,
    /// Our SSRC for retransmissions (RFC 4588), announced when `rtx` is not empty.
    pub local_rtx_ssrc: Option<u32>,
    /// The name the application gave this stream in its wish (the participant whose picture it
    /// carries, for example); stable as long as the `m=` line carries the same thing.
    pub label: Option<String>,
    /// Our msid (stream and track id), as announced.
    pub local_msid: Option<(String, String)>,
    /// Whether reduced-size RTCP was agreed (RFC 5506).
    pub rtcp_reduced_size: bool,
}

/// One agreed codec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecPlan {
    /// Payload type the peer expects from us.
    pub send_payload_type: u8,
    /// Payload type we receive (differs only when the peer numbered its answer differently).
    pub receive_payload_type: u8,
    /// Encoding name in lower case: `opus`, `pcmu`, `pcma`, `g722`, `vp8`, `h264`, …
    pub name: String,
    /// RTP clock rate in Hz (8000 for G.722, RFC 3551 §4.5.2).
    pub clock_rate: u32,
    /// Channels; 2 for opus whatever it carries (RFC 7587).
    pub channels: u8,
    /// The peer's format parameters: what we may send.
    pub remote_fmtp: String,
    /// Our format parameters: what the peer may send.
    pub local_fmtp: String,
    /// Agreed RTCP feedback of this codec.
    pub feedback: Feedback,
}

/// RTCP feedback agreed for a codec (RFC 4585, RFC 5104).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one `a=rtcp-fb` line")]
pub struct Feedback {
    /// `nack`
    pub nack: bool,
    /// `nack pli`
    pub pli: bool,
    /// `ccm fir`
    pub fir: bool,
    /// `goog-remb`
    pub remb: bool,
    /// `transport-cc`
    pub transport_cc: bool,
}

/// One path for packets.
#[derive(Clone, Debug, PartialEq)]
pub struct TransportPlan {
    /// Where the peer says it receives RTP (`c=` and `m=`); `None` when only ICE decides or the
    /// address is a host name we do not resolve. A port of 9 or the address 0.0.0.0 is `None`.
    pub remote_rtp: Option<SocketAddr>,
    /// Where the peer receives RTCP when it is not muxed (`a=rtcp` or port + 1).
    pub remote_rtcp: Option<SocketAddr>,
    /// RTP and RTCP share a port (RFC 5761).
    pub rtcp_mux: bool,
    /// ICE, if both sides use it.
    pub ice: Option<RemoteIce>,
    /// How packets are protected.
    pub protection: Protection,
}

/// The peer's half of ICE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteIce {
    /// `a=ice-ufrag`
    pub ufrag: String,
    /// `a=ice-pwd`
    pub pwd: String,
    /// `a=candidate` values without the `candidate:` prefix, as received; unparsable ones and
    /// mDNS names are left out by the media leg.
    pub candidates: Vec<String>,
    /// The peer is a lite agent (`a=ice-lite`).
    pub lite: bool,
    /// The peer has no more candidates to come (`a=end-of-candidates`).
    pub complete: bool,
    /// We are the controlling agent (we sent the initial offer, or the peer is lite).
    pub controlling: bool,
}

/// How packets are protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Plain RTP.
    None,
    /// Keys in the SDP (RFC 4568).
    Sdes {
        /// How we protect what we send.
        local: SdesKey,
        /// How the peer protects what it sends.
        remote: SdesKey,
    },
    /// DTLS-SRTP (RFC 5764).
    Dtls {
        /// The peer's certificate fingerprints as `(algorithm, bytes)`, `sha-256` first.
        fingerprints: Vec<(String, Vec<u8>)>,
        /// We start the handshake.
        role: DtlsRole,
    },
}

/// Who sends the ClientHello. Sticky for the life of the transport (RFC 8842 §5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtlsRole {
    /// We do (`a=setup:active` on our side).
    Client,
    /// The peer does (`a=setup:passive` on our side).
    Server,
}

/// One `a=crypto` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdesKey {
    /// The tag, repeated in the answer.
    pub tag: u32,
    /// `AES_CM_128_HMAC_SHA1_80` and the like.
    pub suite: String,
    /// Master key and salt, concatenated.
    pub key_and_salt: Vec<u8>,
}

/// Our half of one transport: what the media leg tells the offer/answer exchange so that it can
/// be written into SDP.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalTransport {
    /// The address and port for `c=` and `m=`: the public one behind NAT.
    pub rtp: SocketAddr,
    /// The RTCP address when RTCP is not muxed.
    pub rtcp: Option<SocketAddr>,
    /// Our half of ICE, when this leg can do ICE.
    pub ice: Option<LocalIce>,
    /// Our certificate's fingerprints as `(algorithm, bytes)`, when this leg can do DTLS.
    pub fingerprints: Vec<(String, Vec<u8>)>,
}

/// Our half of ICE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalIce {
    /// `a=ice-ufrag`
    pub ufrag: String,
    /// `a=ice-pwd`
    pub pwd: String,
    /// `a=candidate` values without the `candidate:` prefix, only those the peer may see.
    pub candidates: Vec<String>,
    /// We are a lite agent.
    pub lite: bool,
    /// More candidates may follow by INFO (RFC 8840): `a=end-of-candidates` is not written yet.
    pub gathering: bool,
}
