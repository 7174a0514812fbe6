//! What an endpoint's configuration lets a leg agree to.

use super::codec_spec::CodecSpec;
use crate::attributes::{SdesSuite, Setup, extmap};
use crate::plan::{Feedback, MediaKind};

/// Lines of text in use: two people type to each other on one.
const MAX_TEXT_STREAMS: usize = 1;

/// Everything the exchange needs to know of the endpoint's configuration.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one yes/no option of the endpoint")]
pub struct Capabilities {
    /// Audio codecs in the order of `allow=`.
    pub audio: Vec<CodecSpec>,
    /// Video codecs in the order of `allow=`.
    pub video: Vec<CodecSpec>,
    /// Codecs of real-time text in the order of `allow=`. One line at a time is agreed to.
    pub text: Vec<CodecSpec>,
    /// `t38_udptl=`: a fax may take the place of the voice. Only where media is in clear.
    pub fax: bool,
    /// `max_audio_streams=`: audio lines agreed to at the same time.
    pub max_audio_streams: usize,
    /// `max_video_streams=`: video lines agreed to at the same time.
    pub max_video_streams: usize,
    /// `webrtc=yes`: the peer is a browser. ICE, rtcp-mux and DTLS are demanded, not just liked,
    /// and nothing is ever agreed in clear.
    pub webrtc: bool,
    /// `media_encryption=` and its companions.
    pub security: Security,
    /// `use_avpf=`: offer and demand the profiles with early feedback.
    pub avpf: bool,
    /// `force_avp=`: write `RTP/SAVP(F)` for DTLS instead of `UDP/TLS/RTP/SAVP(F)` in offers.
    pub force_avp: bool,
    /// `media_use_received_transport=`: take any profile that the encryption allows. The answer
    /// repeats the offer's protocol word in any case.
    pub received_transport: bool,
    /// `rtcp_mux=`
    pub rtcp_mux: bool,
    /// `bundle=`
    pub bundle: bool,
    /// `ice_support=`
    pub ice: bool,
    /// Whether the leg takes trickled candidates (RFC 8840): says `trickle` in `ice-options`.
    pub trickle: bool,
    /// Whether DTMF by RFC 4733 is agreed (`dtmf_mode=rfc4733`, `auto`).
    pub telephone_event: bool,
    /// Whether comfort noise (RFC 3389) is agreed at 8 kHz when the peer offers it, and offered
    /// when the other side has it.
    pub comfort_noise: bool,
    /// Whether retransmission (RFC 4588) is agreed for video.
    pub rtx: bool,
    /// Whether reduced-size RTCP (RFC 5506) is agreed.
    pub reduced_size_rtcp: bool,
    /// RTCP feedback agreed for audio.
    pub audio_feedback: Feedback,
    /// RTCP feedback agreed for video.
    pub video_feedback: Feedback,
    /// URIs of the header extensions agreed for audio.
    pub audio_extensions: Vec<String>,
    /// URIs of the header extensions agreed for video.
    pub video_extensions: Vec<String>,
    /// `a=msid-semantic:WMS *`, `a=msid` and `a=ssrc … cname` are written.
    pub announce_sources: bool,
    /// Packet time asked for when no codec asks for its own, in milliseconds.
    pub ptime_ms: u32,
    /// `use_ptime=`: send packets as long as the peer's `a=ptime` asks, rather than as long as our
    /// own.
    pub use_ptime: bool,
    /// Whose order of codecs an answer takes.
    pub answer_order: CodecOrder,
    /// How many codecs an answer keeps (`preferred_codec_only=`, `keep: first`).
    pub answer_keep: Keep,
    /// Whose order of codecs counts in an answer to us (`codec_prefs_incoming_answer`).
    pub accept_order: CodecOrder,
    /// How many codecs of an answer to us are kept.
    pub accept_keep: Keep,
    /// `sdp_owner=`: user name in `o=`.
    pub sdp_owner: String,
    /// `sdp_session=`: the `s=` line.
    pub sdp_session: String,
}

/// How media is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Security {
    /// `media_encryption=no`
    None,
    /// `media_encryption=sdes`
    Sdes {
        /// `media_encryption_optimistic=yes`: plain RTP is agreed to when the peer cannot.
        optimistic: bool,
        /// Suites in order of preference.
        suites: Vec<SdesSuite>,
    },
    /// `media_encryption=dtls`
    Dtls {
        /// `media_encryption_optimistic=yes`
        optimistic: bool,
        /// `dtls_setup=`. With `actpass` an answer chooses `active` (RFC 8842 §5.3).
        setup: Setup,
    },
}

/// Whose order of codecs an answer takes (`codec_prefs_incoming_offer`, `prefer:`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecOrder {
    /// The offer's (`prefer: pending`; RFC 3264 §6.1 recommends it).
    Offered,
    /// Ours (`prefer: configured`).
    Configured,
}

/// How many codecs an answer keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All in common.
    All,
    /// The first only.
    First,
}

impl Capabilities {
    /// An ordinary SIP phone or trunk: plain RTP, nothing special.
    #[must_use]
    pub fn plain(audio: Vec<CodecSpec>, video: Vec<CodecSpec>) -> Self {
        let video_feedback = Feedback { pli: true, fir: true, ..Feedback::default() };
        Self {
            audio,
            video,
            text: Vec::new(),
            fax: false,
            max_audio_streams: 1,
            max_video_streams: 1,
            webrtc: false,
            security: Security::None,
            avpf: false,
            force_avp: false,
            received_transport: false,
            rtcp_mux: false,
            bundle: false,
            ice: false,
            trickle: false,
            telephone_event: true,
            comfort_noise: false,
            rtx: false,
            reduced_size_rtcp: false,
            audio_feedback: Feedback::default(),
            video_feedback,
            audio_extensions: Vec::new(),
            video_extensions: Vec::new(),
            announce_sources: false,
            ptime_ms: 20,
            use_ptime: true,
            answer_order: CodecOrder::Offered,
            answer_keep: Keep::All,
            accept_order: CodecOrder::Offered,
            accept_keep: Keep::All,
            sdp_owner: "-".to_owned(),
            sdp_session: "Sidetone".to_owned(),
        }
    }

    /// What `webrtc=yes` forces on (RTC-01).
    #[must_use]
    pub fn webrtc(audio: Vec<CodecSpec>, video: Vec<CodecSpec>) -> Self {
        let all = |uris: &[&str]| uris.iter().map(|uri| (*uri).to_owned()).collect();
        let transport_cc = Feedback { transport_cc: true, ..Feedback::default() };
        let video_feedback =
            Feedback { nack: true, pli: true, fir: true, remb: true, transport_cc: true };
        Self {
            webrtc: true,
            security: Security::Dtls { optimistic: false, setup: Setup::Actpass },
            avpf: true,
            received_transport: true,
            rtcp_mux: true,
            bundle: true,
            ice: true,
            trickle: true,
            rtx: true,
            reduced_size_rtcp: true,
            audio_feedback: transport_cc,
            video_feedback,
            audio_extensions: all(&[extmap::MID, extmap::AUDIO_LEVEL, extmap::TRANSPORT_CC]),
            video_extensions: all(&[extmap::MID, extmap::ABS_SEND_TIME, extmap::TRANSPORT_CC]),
            announce_sources: true,
            ..Self::plain(audio, video)
        }
    }

    /// The codecs of a kind, empty for kinds that are always refused.
    #[must_use]
    pub fn codecs(&self, kind: MediaKind) -> &[CodecSpec] {
        match kind {
            MediaKind::Audio => &self.audio,
            MediaKind::Video => &self.video,
            MediaKind::Text => &self.text,
            MediaKind::Image | MediaKind::Other => &[],
        }
    }

    /// How many lines of a kind may be in use.
    #[must_use]
    pub fn max_streams(&self, kind: MediaKind) -> usize {
        match kind {
            MediaKind::Audio => self.max_audio_streams,
            MediaKind::Video => self.max_video_streams,
            MediaKind::Text => MAX_TEXT_STREAMS,
            MediaKind::Image | MediaKind::Other => 0,
        }
    }

    pub(super) fn feedback(&self, kind: MediaKind) -> Feedback {
        match kind {
            MediaKind::Audio => self.audio_feedback,
            MediaKind::Video => self.video_feedback,
            MediaKind::Text | MediaKind::Image | MediaKind::Other => Feedback::default(),
        }
    }

    pub(super) fn extensions(&self, kind: MediaKind) -> &[String] {
        match kind {
            MediaKind::Audio => &self.audio_extensions,
            MediaKind::Video => &self.video_extensions,
            MediaKind::Text | MediaKind::Image | MediaKind::Other => &[],
        }
    }
}
