//! The size limits of a SIP message. Each has a number and a reason; a peer that exceeds one gets
//! the answer named beside it, never a crash and never unbounded work.

/// Bytes of a whole message. A UDP datagram cannot exceed it, and no SIP body of ours needs more.
/// Exceeded: 513 Message Too Large.
pub const MESSAGE_BYTES: usize = 65_536;
/// Bytes of start line and headers together. A browser's INVITE has about 1 KiB of them, a long
/// Via chain with identities below 8 KiB. Exceeded: 513.
pub const HEAD_BYTES: usize = 32_768;
/// Number of header lines. Real messages have 10 to 40. Exceeded: 400.
pub const HEADER_LINES: usize = 200;
/// Bytes of one header value. STIR/SHAKEN identities reach 2 KiB. Exceeded: 400.
pub const HEADER_BYTES: usize = 8_192;
/// Bytes of the request URI. Exceeded: 414 Request-URI Too Long.
pub const URI_BYTES: usize = 2_048;
/// Via values of one message: Max-Forwards starts at 70. Exceeded: 400.
pub const VIAS: usize = 70;
/// Values read from any one list header (Route, Contact, Allow…). Exceeded: the rest is refused.
pub const LIST_VALUES: usize = 100;
/// Parameters of one URI or header value. Exceeded: the value is malformed.
pub const PARAMS: usize = 64;

/// The limits applied to one message. [`Limits::DEFAULT`] is made of this module's constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a whole message, [`MESSAGE_BYTES`].
    pub message_bytes: usize,
    /// Bytes of start line and headers, [`HEAD_BYTES`].
    pub head_bytes: usize,
    /// Header lines, [`HEADER_LINES`].
    pub header_lines: usize,
    /// Bytes of one header value, [`HEADER_BYTES`].
    pub header_bytes: usize,
    /// Bytes of the request URI, [`URI_BYTES`].
    pub uri_bytes: usize,
    /// Via values, [`VIAS`].
    pub vias: usize,
}

impl Limits {
    /// The limits of a public server.
    pub const DEFAULT: Self = Self {
        message_bytes: MESSAGE_BYTES,
        head_bytes: HEAD_BYTES,
        header_lines: HEADER_LINES,
        header_bytes: HEADER_BYTES,
        uri_bytes: URI_BYTES,
        vias: VIAS,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
