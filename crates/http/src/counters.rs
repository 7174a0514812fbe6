//! What the server has served and refused, as totals since start. Counting is one addition.

use sidetone_base::{SharedTotals, counted};

counted! {
    /// What is counted.
    pub enum Count {
        /// Requests that could be read.
        Requests = "http_requests_total",
        /// Of these, answered with 4xx or 5xx, refused WebSockets included. Not a plain GET of a
        /// WebSocket's path: that is how a browser is asked whether it trusts the certificate.
        RequestsRefused = "http_requests_refused_total",
        /// Requests that were no HTTP, or whose head was too large.
        RequestsMalformed = "http_requests_malformed_total",
        /// Requests that did not end, in time or at all: connections half open.
        RequestsUnfinished = "http_requests_unfinished_total",
        /// Connections refused by a limit.
        SessionsRefused = "http_sessions_refused_total",
        /// Connections cut because nothing of an answer was read for too long.
        NotDraining = "http_sessions_not_draining_total",
        /// TLS handshakes that failed.
        TlsFailures = "http_tls_failures_total",
        /// Of these, clients refused because of the name they asked for.
        TlsNamesRefused = "http_tls_names_refused_total",
        /// Connections upgraded to WebSocket.
        WebSockets = "http_websockets_total",
        /// Upgrades refused: by method, version, subprotocol, origin, address or missing TLS.
        WebSocketsRefused = "http_websockets_refused_total",
        /// Frames on the `echo` subprotocol that broke RFC 6455 or a limit. Those of `sip` are
        /// counted where they are read, with the other transports.
        FramesRefused = "http_frames_refused_total",
    }
}

/// Totals since start.
pub(crate) type Counters = SharedTotals<Count, { Count::ALL.len() }>;
