//! The door of a TLS listener: handshakes bounded in number and time, each failure one line in
//! the log that names the peer.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::ServerTls;

/// Why no TLS connection came about.
#[derive(Debug)]
pub enum TlsFailure {
    /// The handshake took longer than allowed.
    TimedOut(Duration),
    /// The peer speaks something else, or nothing acceptable.
    Handshake(io::Error),
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(limit) => write!(f, "not finished within {} s", limit.as_secs_f32()),
            Self::Handshake(error) => error.fmt(f),
        }
    }
}

/// Accepts TLS connections. Clones share counters and the limit.
///
/// A failed handshake writes two lines at level ERROR; the second is stable and made for
/// fail2ban: `Unable to set up ssl connection with peer '192.0.2.7:40112'`.
#[derive(Clone, Debug)]
pub struct TlsGate {
    tls: ServerTls,
    handshakes: Arc<Semaphore>,
    timeout: Duration,
    failures_total: Arc<AtomicU64>,
}

impl TlsGate {
    /// A gate that lets `max_handshakes` go on at once, each for at most `timeout`.
    #[must_use]
    pub fn new(tls: ServerTls, max_handshakes: usize, timeout: Duration) -> Self {
        let handshakes = Arc::new(Semaphore::new(max_handshakes.max(1)));
        Self { tls, handshakes, timeout, failures_total: Arc::new(AtomicU64::new(0)) }
    }

    /// The TLS configuration of the gate.
    #[must_use]
    pub fn tls(&self) -> &ServerTls {
        &self.tls
    }

    /// The same gate with another configuration: counters and limit go on.
    #[must_use]
    pub fn with_tls(&self, tls: ServerTls) -> Self {
        Self { tls, ..self.clone() }
    }

    /// Shakes hands with one peer. Waiting for a place counts into the timeout.
    ///
    /// # Errors
    /// The failure, already logged and counted.
    pub async fn accept<S>(&self, io: S, peer: SocketAddr) -> Result<TlsStream<S>, TlsFailure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let handshake = async {
            // The semaphore is never closed: an error cannot come, and would only lift the limit.
            let _place = self.handshakes.acquire().await.ok();
            TlsAcceptor::from(self.tls.config()).accept(io).await
        };
        let failure = match tokio::time::timeout(self.timeout, handshake).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => TlsFailure::Handshake(error),
            Err(_) => TlsFailure::TimedOut(self.timeout),
        };
        self.failures_total.fetch_add(1, Ordering::Relaxed);
        tracing::error!("Problem setting up ssl connection: {failure}");
        tracing::error!("Unable to set up ssl connection with peer '{peer}'");
        Err(failure)
    }

    /// Handshakes that failed.
    #[must_use]
    pub fn failures_total(&self) -> u64 {
        self.failures_total.load(Ordering::Relaxed)
    }

    /// Handshakes that could start now without waiting.
    #[must_use]
    pub fn free_places(&self) -> usize {
        self.handshakes.available_permits()
    }
}
