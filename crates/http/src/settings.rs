//! What `http.conf` says, as values. Numbers carry their reason; all of them are configuration.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sidetone_net::tls::TlsSettings;

/// Settings of the HTTP server.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The listener in clear (`enabled`, `bindaddr`, `bindport`); `None` when not enabled.
    pub bind: Option<SocketAddr>,
    /// The TLS listener (`tlsenable`, `tlsbindaddr`, `tlscertfile`, …).
    pub tls: Option<HttpsSettings>,
    /// The `Server` header and the foot of pages (`servername`); empty: no header.
    pub server_name: String,
    /// What every path starts with (`prefix`), as `/abc` or empty.
    pub prefix: String,
    /// Connections at once, WebSockets included (`sessionlimit`); others are told 503.
    pub session_limit: usize,
    /// How long a client may be silent within a request or not read an answer
    /// (`session_inactivity`).
    pub session_inactivity: Duration,
    /// How long a connection is kept for the next request (`session_keep_alive`); zero: closed
    /// after each answer.
    pub session_keep_alive: Duration,
    /// The folder served under `/static/` (`enable_static`); `None` when not enabled.
    pub static_folder: Option<PathBuf>,
    /// Whether `/httpstatus` is served (`enable_status`).
    pub status_page: StatusPage,
    /// Exact paths answered with 302 (`redirect`).
    pub redirects: Vec<Redirect>,
    /// Who may ask for which path (`type=restriction`).
    pub restrictions: Vec<Restriction>,
    /// The WebSocket endpoint.
    pub websocket: WebSocketSettings,
}

impl HttpSettings {
    /// Whether a restriction keeps the client from the path. What shuts the WebSocket's path shuts
    /// its aliases too: they lead to the same.
    pub(crate) fn refuses(&self, path: &str, client: IpAddr) -> bool {
        let sockets = &self.websocket.paths;
        let official = sockets.first().filter(|_| sockets.iter().any(|known| known == path));
        let names = || [Some(path), official.map(String::as_str)].into_iter().flatten();
        let shuts = |rule: &Restriction| names().any(|name| rule.refuses(name, client));
        self.restrictions.iter().any(shuts)
    }
}

/// Whether `/httpstatus` is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusPage {
    /// It is not found.
    #[default]
    Hidden,
    /// It shows the settings and mounted paths.
    Served,
}

/// The TLS listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsSettings {
    /// Where to listen.
    pub bind: SocketAddr,
    /// Certificate, versions, ciphers.
    pub tls: TlsSettings,
}

/// `redirect = /from /to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The exact path asked for.
    pub from: String,
    /// Where the client is sent.
    pub to: String,
}

/// Who may ask for the paths that begin with one.
#[derive(Clone)]
pub struct Restriction {
    /// What the paths begin with, after the prefix: `/st` covers `/static` too.
    pub path: String,
    /// The rules in words, one line each, for `http show status`.
    pub rules: Vec<String>,
    admits: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
}

impl Restriction {
    /// A restriction decided by `admits`, which gets the client's address.
    pub fn new(
        path: &str,
        rules: Vec<String>,
        admits: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { path: path.to_owned(), rules, admits: Arc::new(admits) }
    }

    /// Whether this restriction keeps the client from the path.
    #[must_use]
    pub fn refuses(&self, path: &str, client: IpAddr) -> bool {
        path.starts_with(self.path.as_str()) && !(self.admits)(client.to_canonical())
    }
}

impl fmt::Debug for Restriction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restriction").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The WebSocket endpoint.
#[derive(Clone, Debug)]
pub struct WebSocketSettings {
    /// Its paths after the prefix; the first is the official one.
    pub paths: Vec<String>,
    /// The subprotocols spoken there, out of `sip` and `echo`.
    pub protocols: &'static [&'static str],
    /// From where it may be used without TLS.
    pub clear: ClearWebSocket,
    /// Which web pages may open it.
    pub origins: OriginPolicy,
    /// The largest message taken, in bytes.
    pub max_message_bytes: usize,
    /// How long one write of the `echo` subprotocol may stall (those of `sip` are `net`'s).
    pub write_timeout: Duration,
    /// An `echo` client that is silent for this long is disconnected: `echo` is for tests.
    pub echo_idle: Duration,
}

impl Default for WebSocketSettings {
    fn default() -> Self {
        Self {
            paths: vec!["/ws".into(), "/sip".into()],
            protocols: &["sip", "echo"],
            clear: ClearWebSocket::default(),
            origins: OriginPolicy::default(),
            max_message_bytes: 65_536,
            write_timeout: Duration::from_millis(100),
            echo_idle: Duration::from_secs(600),
        }
    }
}

/// From where a WebSocket may be opened without TLS. Browsers give a page their microphone only
/// over TLS or on the machine itself, and passwords and calls would be readable on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClearWebSocket {
    /// Only from this machine, where a reverse proxy or a test runs.
    #[default]
    LoopbackOnly,
    /// From everywhere.
    Everywhere,
}

impl ClearWebSocket {
    /// Whether somebody from there may come without TLS.
    pub(crate) fn admits(self, from: IpAddr) -> bool {
        self == Self::Everywhere || from.to_canonical().is_loopback()
    }
}

/// Which web pages (their `Origin`, RFC 6454) may open a WebSocket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OriginPolicy {
    /// All. SIP authenticates by digest, which a foreign page cannot do for its visitor.
    #[default]
    Any,
    /// Those named, like `https://phone.example.net`, and clients that send no `Origin`, which
    /// are not browsers.
    Only(Vec<String>),
}

impl OriginPolicy {
    /// Whether a page of this origin is let in.
    #[must_use]
    pub fn admits(&self, origin: Option<&str>) -> bool {
        match (self, origin) {
            (Self::Any, _) | (_, None) => true,
            (Self::Only(known), Some(origin)) => {
                known.iter().any(|known| known.trim_end_matches('/').eq_ignore_ascii_case(origin))
            }
        }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            bind: None,
            tls: None,
            server_name: "Sidetone".into(),
            prefix: String::new(),
            session_limit: 100,
            session_inactivity: Duration::from_millis(30_000),
            session_keep_alive: Duration::from_millis(15_000),
            static_folder: None,
            status_page: StatusPage::Hidden,
            redirects: Vec::new(),
            restrictions: Vec::new(),
            websocket: WebSocketSettings::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_a_websocket_comes_from_this_machine_only() {
        for (from, admitted) in [
            ("127.0.0.1", true),
            ("127.8.8.8", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("10.0.0.1", false),
            ("203.0.113.9", false),
            ("2001:db8::1", false),
            ("::ffff:10.0.0.1", false),
        ] {
            let from = from.parse().unwrap();
            assert_eq!(ClearWebSocket::LoopbackOnly.admits(from), admitted, "{from}");
            assert!(ClearWebSocket::Everywhere.admits(from), "{from}");
        }
    }
}
