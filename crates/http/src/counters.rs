//! What the server has served and refused, as totals since start. Counting is one addition.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Requests that could be read.
    Requests,
    /// Of these, answered with 4xx or 5xx, refused WebSockets included. Not a plain GET of a
    /// WebSocket's path: that is how a browser is asked whether it trusts the certificate.
    RequestsRefused,
    /// Requests that were no HTTP, or whose head was too large.
    RequestsMalformed,
    /// Requests whose head did not end in time: connections half open.
    RequestsUnfinished,
    /// Connections refused by a limit.
    SessionsRefused,
    /// Connections upgraded to WebSocket.
    WebSockets,
    /// Upgrades refused: by method, version, subprotocol, origin, address or missing TLS.
    WebSocketsRefused,
    /// Frames on the `echo` subprotocol that broke RFC 6455 or a limit. Those of `sip` are counted
    /// where they are read, with the other transports.
    FramesRefused,
}

impl Count {
    /// All of them, in the order they are shown.
    pub const ALL: [Self; 8] = [
        Self::Requests,
        Self::RequestsRefused,
        Self::RequestsMalformed,
        Self::RequestsUnfinished,
        Self::SessionsRefused,
        Self::WebSockets,
        Self::WebSocketsRefused,
        Self::FramesRefused,
    ];

    /// Its total's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "http_requests_total",
            Self::RequestsRefused => "http_requests_refused_total",
            Self::RequestsMalformed => "http_requests_malformed_total",
            Self::RequestsUnfinished => "http_requests_unfinished_total",
            Self::SessionsRefused => "http_sessions_refused_total",
            Self::WebSockets => "http_websockets_total",
            Self::WebSocketsRefused => "http_websockets_refused_total",
            Self::FramesRefused => "http_frames_refused_total",
        }
    }
}

/// Totals since start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    counts: [AtomicU64; Count::ALL.len()],
}

impl Counters {
    /// One more.
    pub(crate) fn add(&self, count: Count) {
        self.counts[count as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    pub(crate) fn of(&self, count: Count) -> u64 {
        self.counts[count as usize].load(Ordering::Relaxed)
    }
}
