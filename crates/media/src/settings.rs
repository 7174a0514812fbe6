//! The settings of a leg, with the defaults and ranges of `rtp.conf` and `pjsip.conf`.

use std::time::Duration;

/// How a leg reaches its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LegKind {
    /// ICE and DTLS-SRTP over the worker's shared port.
    WebRtc {
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

/// Settings of RTP, RTCP and DTLS for one leg.
#[derive(Clone, Debug, PartialEq)]
pub struct RtpSettings {
    /// `strictrtp`, default `Yes`. WebRTC legs accept only ICE-validated sources whatever it says.
    pub strict: StrictRtp,
    /// `probation`: packets in sequence before a source is accepted. Default 4, at least 1.
    pub probation: u32,
    /// `srtpreplayprotection`, default on.
    pub replay_protection: bool,
    /// `rtcpinterval`, default 5 s, 0.5–60 s. Randomised by ±50 % (RFC 3550 §6.3.1).
    pub rtcp_interval: Duration,
    /// `dtls_mtu`: largest DTLS datagram, default 1200, at least 256 bytes.
    pub dtls_mtu: u16,
    /// `dtmftimeout`: a digit without end marker ends after this, default 150 ms.
    pub dtmf_timeout: Duration,
    /// `rtp_timeout`: silence that raises `RtpTimeout`; `None` is off.
    pub timeout: Option<Duration>,
    /// `rtp_timeout_hold`: the same while we do not expect media.
    pub timeout_hold: Option<Duration>,
    /// `rtp_keepalive`: send a packet when nothing was sent for this long; `None` is off.
    pub keepalive: Option<Duration>,
    /// `rtp_symmetric`: send to where valid media comes from rather than to the SDP's address.
    pub symmetric: bool,
    /// How long ICE may try before `IceFailed`. Default 15 s; browsers give up after about 15–30.
    pub ice_timeout: Duration,
}

impl Default for RtpSettings {
    fn default() -> Self {
        Self {
            strict: StrictRtp::Yes,
            probation: 4,
            replay_protection: true,
            rtcp_interval: Duration::from_secs(5),
            dtls_mtu: 1200,
            dtmf_timeout: Duration::from_millis(150),
            timeout: None,
            timeout_hold: None,
            keepalive: None,
            symmetric: true,
            ice_timeout: Duration::from_secs(15),
        }
    }
}
