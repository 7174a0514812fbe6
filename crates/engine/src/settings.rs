//! What the control plane says when it starts the engine or creates a leg.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

use sidetone_base::LegId;
use sidetone_media::{CandidatePolicy, Certificate, LegEvent, LegKind, RtpSettings};
use sidetone_sdp::plan::MediaKind;
use tokio::sync::mpsc;

/// How the engine runs.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Worker threads; `None` is one per core.
    pub workers: Option<usize>,
    /// `rtpstart`–`rtpend`. Each worker takes one port per bind address for WebRTC; plain legs
    /// take pairs.
    pub ports: RangeInclusive<u16>,
    /// Addresses to bind to. The default is both wildcards; a wildcard whose address family the
    /// host does not have is left out.
    pub bind: Vec<IpAddr>,
    /// Receive and send buffer of each socket in bytes. The default holds 200 ms of a
    /// WebRTC port with 500 audio legs and some video: 4 MiB; plain sockets get a sixteenth.
    pub socket_buffer: usize,
    /// `rtpchecksums`: whether datagrams over IPv4 carry the checksum of UDP. IPv6 demands it.
    pub udp_checksums: bool,
    /// The certificate of legs that ask for [`CertificateChoice::Process`]; `None` generates one
    /// at start.
    pub certificate: Option<Certificate>,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            workers: None,
            ports: 10_000..=20_000,
            bind: vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()],
            socket_buffer: 4 << 20,
            udp_checksums: true,
            certificate: None,
        }
    }
}

/// Which certificate a leg shows.
#[derive(Clone, Debug, Default)]
pub enum CertificateChoice {
    /// The one the process made at start (or was given in [`EngineSettings`]).
    #[default]
    Process,
    /// A fresh one for this leg (`dtls_auto_generate_cert=yes`).
    Leg,
    /// This one (`dtls_cert_file`).
    Given(Certificate),
}

/// On which port a leg with ICE lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PortChoice {
    /// The worker's shared port. Peers are told apart by their address and port, so each must
    /// have its own, as browsers do.
    #[default]
    Shared,
    /// A port of its own: for endpoints with a range of their own, for peers that themselves put
    /// all their legs on one port (another server of this kind), and for load generators.
    Own,
    /// A pair of its own for RTP and RTCP, as plain legs have: for peers that may turn out to have
    /// no ICE, or no rtcp-mux.
    Pair,
}

/// A leg to create.
#[derive(Clone, Debug)]
pub struct LegSpec {
    /// With ICE or without.
    pub kind: LegKind,
    /// How many transports: 1 when everything will be bundled, else one per stream.
    pub transports: usize,
    /// On which port a leg with ICE lives; plain legs always have a pair of their own.
    pub port: PortChoice,
    /// Where its own ports come from; `None` is the engine's range.
    pub ports: Option<RangeInclusive<u16>>,
    /// Put the leg on this leg's worker, so that the call never crosses a core.
    pub beside: Option<LegId>,
    /// Which addresses the peer may see.
    pub candidates: CandidatePolicy,
    /// RTP, RTCP and DTLS settings.
    pub rtp: RtpSettings,
    /// Which certificate DTLS shows.
    pub certificate: CertificateChoice,
    /// Where events go. Bounded by the caller; 32 is plenty for one leg.
    pub events: mpsc::Sender<(LegId, LegEvent)>,
}

impl LegSpec {
    /// A leg with default settings and one transport.
    #[must_use]
    pub fn new(kind: LegKind, events: mpsc::Sender<(LegId, LegEvent)>) -> Self {
        Self {
            kind,
            transports: 1,
            port: PortChoice::default(),
            ports: None,
            beside: None,
            candidates: CandidatePolicy::default(),
            rtp: RtpSettings::default(),
            certificate: CertificateChoice::default(),
            events,
        }
    }
}

/// A pipe to create: two legs without sockets, where what is sent out of the one comes in at the
/// other. Both live on one worker.
#[derive(Clone, Debug)]
pub struct PipeSpec {
    /// What the streams carry, by index; the same on both ends.
    pub streams: Vec<MediaKind>,
    /// Put the pipe on this leg's worker.
    pub beside: Option<LegId>,
    /// Settings of both ends; only `dtmf` acts.
    pub rtp: RtpSettings,
    /// Where the events of the first and of the second end go.
    pub events: [mpsc::Sender<(LegId, LegEvent)>; 2],
}

impl PipeSpec {
    /// A pipe for one stream of audio, of video, of text and of a fax.
    #[must_use]
    pub fn new(events: [mpsc::Sender<(LegId, LegEvent)>; 2]) -> Self {
        Self {
            streams: MediaKind::PASSED.to_vec(),
            beside: None,
            rtp: RtpSettings::default(),
            events,
        }
    }
}

/// Why a leg command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegError {
    /// Every port of `rtpstart`–`rtpend` is taken: widen the range.
    NoPorts,
    /// Every port of the leg's own range is taken.
    NoOwnPorts {
        /// The range.
        range: RangeInclusive<u16>,
    },
    /// The worker did not answer in time, or its command queue is full: the host is overloaded.
    Overloaded,
    /// The leg's address cannot be bound.
    BadAddress {
        /// Which.
        address: IpAddr,
        /// What the operating system said.
        reason: String,
    },
    /// The plan does not fit the leg.
    BadPlan {
        /// What is wrong with it.
        reason: String,
    },
    /// The leg is closed.
    Closed,
    /// The certificate could not be made or read.
    Certificate {
        /// Why.
        reason: String,
    },
    /// The command asks for something the stream cannot do, such as a codec we cannot encode.
    NotSupported {
        /// What, and what to change.
        reason: String,
    },
}

impl fmt::Display for LegError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPorts => f.write_str("no free RTP port: widen rtpstart and rtpend in rtp.conf"),
            Self::NoOwnPorts { range } => write!(
                f,
                "no free RTP port of {}–{}: widen rtp_port_start and rtp_port_end of the endpoint",
                range.start(),
                range.end()
            ),
            Self::Overloaded => f.write_str("the media worker did not answer in time"),
            Self::BadAddress { address, reason } => {
                write!(f, "cannot bind media to {address}: {reason}")
            }
            Self::BadPlan { reason } => write!(f, "the media plan does not fit the leg: {reason}"),
            Self::Closed => f.write_str("the media leg is closed"),
            Self::Certificate { reason } => write!(f, "DTLS certificate: {reason}"),
            Self::NotSupported { reason } => f.write_str(reason),
        }
    }
}

impl std::error::Error for LegError {}
