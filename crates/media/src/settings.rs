//! The settings of a leg, with the defaults and ranges of `rtp.conf` and `pjsip.conf`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::jitter::JitterSettings;

use crate::codecs::CodecSettings;

/// How a leg reaches its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LegKind {
    /// ICE where the plan says so, else the address in the SDP; DTLS-SRTP, keys from the SDP or
    /// none, as the plan says.
    Ice {
        /// Act as a lite agent (RFC 8445 §2.5): only for hosts with a public address.
        lite: bool,
    },
    /// One end of a pipe: no socket, what it sends comes in at the other end.
    Pipe,
    /// RTP to the address in the SDP, in clear or with keys from the SDP, over ports of its own.
    Plain,
}

/// `strictrtp`: which sources are accepted on a plain leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrictRtp {
    /// Any source.
    No,
    /// Learn the source, then lock to it; a new source must show consecutive sequence numbers
    /// and arrive at a plausible pace.
    Yes,
    /// As `Yes`, without looking at the pace.
    SequenceOnly,
}

/// When a leg listens for keys as tones in what it receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToneDetection {
    /// Never: keys come as telephone-events or through signalling.
    Never,
    /// Always (`dtmf_mode=inband`).
    Always,
    /// Where the peer did not agree to telephone-events (`dtmf_mode=auto`).
    WithoutEvents,
}

/// How keys reach a peer that did not agree to telephone-events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutEvents {
    /// As tones in the audio.
    Tones,
    /// Through signalling: the leg asks for it by `LegEvent::SignalKey`.
    Signalling,
    /// Not at all.
    Nothing,
}

/// How keys of the telephone travel on a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DtmfSettings {
    /// `dtmftimeout`: a key without end marker ends after this, default 150 ms.
    pub timeout: Duration,
    /// Whether tones are listened for. Default never.
    pub detection: ToneDetection,
    /// How keys are sent without telephone-events. Default as tones.
    pub without_events: WithoutEvents,
    /// `mindtmfduration`: keys that are made anew last at least this, default 80 ms.
    pub min_duration: Duration,
}

impl Default for DtmfSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(150),
            detection: ToneDetection::Never,
            without_events: WithoutEvents::Tones,
            min_duration: Duration::from_millis(80),
        }
    }
}

/// `dtls_fingerprint`: with which hash our certificate is named in SDP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FingerprintHash {
    /// What every peer of today has (RFC 8122 §5).
    #[default]
    Sha256,
    /// For peers of before 2017, which have nothing else.
    Sha1,
}

/// Says whether somebody who is trusted signed a certificate. Given from outside: it needs a wall
/// clock and files.
pub trait Judge: Send + Sync {
    /// Judges a certificate (DER).
    ///
    /// # Errors
    /// Why it is not to be trusted, in words.
    fn judge(&self, certificate: &[u8]) -> Result<(), String>;
}

/// Who may have signed the peer's certificate (`dtls_ca_file`, `dtls_ca_path`). Cloning is cheap;
/// two are equal when they are one.
#[derive(Clone)]
pub struct Authorities(pub Arc<dyn Judge>);

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorities")
    }
}

impl PartialEq for Authorities {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// `dtls_verify`: what of the peer's certificate must hold before its keys are used.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum PeerVerification {
    /// It is the one that the SDP names.
    #[default]
    Fingerprint,
    /// One of these signed it; the SDP may name another.
    Signature(Authorities),
    /// Both.
    Both(Authorities),
    /// Nothing: whoever sits in the media path can listen.
    Nothing,
}

/// Settings of RTP, RTCP and DTLS for one leg.
#[derive(Clone, Debug, PartialEq)]
pub struct RtpSettings {
    /// `strictrtp`, default `Yes`. Over ICE only sources that it validated are accepted.
    pub strict: StrictRtp,
    /// `probation`: packets in sequence before a source is accepted. Default 4, at least 1.
    pub probation: u32,
    /// `srtpreplayprotection`, default on.
    pub replay_protection: bool,
    /// `rtcpinterval`, default 5 s, 0.5–60 s. Randomised by ±50 % (RFC 3550 §6.3.1).
    pub rtcp_interval: Duration,
    /// Whether a plan in clear is refused on a leg with ICE, whatever was agreed. Default not.
    pub encrypted: bool,
    /// `dtls_mtu`: largest DTLS datagram, default 1200, at least 256 bytes.
    pub dtls_mtu: u16,
    /// `dtls_fingerprint`, default SHA-256.
    pub dtls_fingerprint: FingerprintHash,
    /// `dtls_verify`, default the fingerprint.
    pub dtls_verify: PeerVerification,
    /// `dtls_cipher`: numbers of the cipher suites allowed (IANA), DTLS 1.2 and 1.3 together;
    /// empty, the default, for all. Those of the other kind of certificate do no harm.
    pub dtls_ciphers: Vec<u16>,
    /// How keys of the telephone travel.
    pub dtmf: DtmfSettings,
    /// A jitter buffer before received audio; none by default.
    pub jitter: Option<JitterSettings>,
    /// `rtp_timeout`: silence that raises `RtpTimeout`; `None` is off.
    pub timeout: Option<Duration>,
    /// `rtp_timeout_hold`: the same while we do not expect media.
    pub timeout_hold: Option<Duration>,
    /// `rtp_keepalive`: send a packet when nothing was sent for this long; `None` is off.
    pub keepalive: Option<Duration>,
    /// `rtp_symmetric`: send to where valid media comes from rather than to the SDP's address.
    pub symmetric: bool,
    /// `t38_udptl_nat`: the same for fax.
    pub symmetric_fax: bool,
    /// How long ICE may try before `IceFailed`. Default 15 s; browsers give up after about 15–30.
    pub ice_timeout: Duration,
    /// How codecs behave.
    pub codecs: CodecSettings,
}

impl Default for RtpSettings {
    fn default() -> Self {
        Self {
            strict: StrictRtp::Yes,
            probation: 4,
            replay_protection: true,
            rtcp_interval: Duration::from_secs(5),
            encrypted: false,
            dtls_mtu: 1200,
            dtls_fingerprint: FingerprintHash::default(),
            dtls_verify: PeerVerification::default(),
            dtls_ciphers: Vec::new(),
            dtmf: DtmfSettings::default(),
            jitter: None,
            timeout: None,
            timeout_hold: None,
            keepalive: None,
            symmetric: true,
            symmetric_fax: false,
            ice_timeout: Duration::from_secs(15),
            codecs: CodecSettings::default(),
        }
    }
}
