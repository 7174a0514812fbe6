//! Why an exchange failed or a line was refused, in words an operator can act on (FAQ-02).

use std::fmt;

use crate::plan::MediaKind;
use crate::session::ParseError;

/// An exchange that leads to no media at all. The state before it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The SIP status for it: 488, 400, 491 or 500.
    pub status: u16,
    /// What is wrong, one entry per line, the gravest first.
    pub faults: Vec<Fault>,
}

/// What is wrong with one line or with the whole exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The `m=` line, counted from 0, with its kind; `None` for the whole description.
    pub line: Option<(usize, MediaKind)>,
    /// What sort of fault.
    pub cause: Cause,
    /// What is wrong and what to change.
    pub text: String,
}

/// What sort of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The text is not SDP or breaks RFC 3264.
    Malformed,
    /// One of [`crate::limits`] or of the endpoint's stream limits.
    Limit,
    /// `application` and the like, or an image the endpoint may not have.
    Kind,
    /// The call does not want this stream.
    Unwanted,
    /// No `m=` line at all, or fewer than there were before.
    Missing,
    /// The codec lists have nothing in common.
    Codec,
    /// The RTP profile (`AVP`/`AVPF`) is not the endpoint's.
    Profile,
    /// One side wants encryption, the other not, or they want different keying.
    Encryption,
    /// DTLS without a usable fingerprint.
    Fingerprint,
    /// DTLS roles that fit nobody.
    Setup,
    /// A browser without rtcp-mux, or a peer that insists on it and an endpoint without.
    RtcpMux,
    /// A browser without ICE.
    Ice,
    /// Media is wanted at an address of many: multicast or broadcast.
    Address,
    /// A line that only exists inside a bundle, and no bundle.
    Bundle,
    /// An offer while ours is still open, or an answer to no offer.
    OutOfOrder,
    /// Our own leg did not supply what the exchange needs.
    Ours,
}

impl Cause {
    /// The SIP status that says so.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::OutOfOrder => 491,
            Self::Ours => 500,
            Self::Limit
            | Self::Kind
            | Self::Unwanted
            | Self::Missing
            | Self::Codec
            | Self::Profile
            | Self::Encryption
            | Self::Fingerprint
            | Self::Setup
            | Self::RtcpMux
            | Self::Ice
            | Self::Address
            | Self::Bundle => 488,
        }
    }

    /// One word for it, before the words that explain it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "syntax",
            Self::Limit => "limit",
            Self::Kind | Self::Unwanted => "media type",
            Self::Missing => "m= lines",
            Self::Address => "address",
            Self::Codec => "codec",
            Self::Profile => "profile",
            Self::Encryption => "encryption",
            Self::Fingerprint => "fingerprint",
            Self::Setup => "DTLS role",
            Self::RtcpMux => "rtcp-mux",
            Self::Ice => "ICE",
            Self::Bundle => "bundle",
            Self::OutOfOrder => "order",
            Self::Ours => "our own media",
        }
    }

    /// The code of the `Warning` header (RFC 3261 §20.43).
    #[must_use]
    pub fn warning_code(self) -> u16 {
        match self {
            Self::Codec => 305,
            Self::Address => 330,
            Self::Kind | Self::Unwanted => 304,
            Self::Profile | Self::Encryption => 302,
            Self::Fingerprint | Self::Setup | Self::RtcpMux | Self::Ice | Self::Bundle => 306,
            Self::Malformed | Self::Limit | Self::Missing | Self::OutOfOrder | Self::Ours => 399,
        }
    }
}

impl Fault {
    /// A fault of the whole description.
    #[must_use]
    pub fn of_session(cause: Cause, text: impl Into<String>) -> Self {
        Self { line: None, cause, text: text.into() }
    }

    /// A fault of one line.
    #[must_use]
    pub fn of_line(index: usize, kind: MediaKind, cause: Cause, text: impl Into<String>) -> Self {
        Self { line: Some((index, kind)), cause, text: text.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((index, kind)) = self.line {
            let kind = match kind {
                MediaKind::Audio => "audio",
                MediaKind::Video => "video",
                MediaKind::Text => "text",
                MediaKind::Image => "image",
                MediaKind::Other => "other media",
            };
            write!(f, "stream {index} ({kind}): ")?;
        }
        write!(f, "{}: {}", self.cause.name(), self.text)
    }
}

impl Reject {
    /// Collects faults; the status is that of the first.
    #[must_use]
    pub fn of(faults: Vec<Fault>) -> Self {
        let status = faults.first().map_or(488, |fault| fault.cause.status());
        Self { status, faults }
    }

    /// The cause of the gravest fault.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.faults.first().map_or(Cause::Codec, |fault| fault.cause)
    }
}

impl From<Fault> for Reject {
    fn from(fault: Fault) -> Self {
        Self::of(vec![fault])
    }
}

impl From<ParseError> for Reject {
    fn from(error: ParseError) -> Self {
        let cause = match error {
            ParseError::TooMuch(..) => Cause::Limit,
            ParseError::Line(..) | ParseError::NotSdp => Cause::Malformed,
        };
        Fault::of_session(cause, error.to_string()).into()
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            write!(f, "{}{fault}", if index > 0 { "; " } else { "" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Reject {}
