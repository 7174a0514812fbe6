//! The door of a TLS listener: handshakes bounded in number and time, each failure one line in
//! the log that names the peer.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::ServerTls;
use super::places::Places;
use crate::complaints::Complaints;
use crate::flow::source_of;

/// The part of all places that one source may take. A peer that opens connections and never
/// speaks then keeps nobody else out; an office behind one address is let in 64 at a time, each
/// for about a millisecond.
const SHARE_OF_SOURCE: usize = 8;

/// Why no TLS connection came about.
#[derive(Debug)]
pub enum TlsFailure {
    /// The handshake took longer than allowed.
    TimedOut(Duration),
    /// It took long, and others waited for its place.
    GaveWay,
    /// The peer asked for a name that is none of ours, or for none, and must ask for one.
    Name,
    /// The peer speaks something else, or nothing acceptable.
    Handshake(io::Error),
}

impl TlsFailure {
    fn from_handshake(error: io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        // What rustls says when the resolver of [`ServerTls`] hands out no certificate, and only
        // then: with a certificate that does not fit it says so otherwise.
        match inner {
            Some(rustls::Error::General(words)) if words.contains("certificate chain") => {
                Self::Name
            }
            _ => Self::Handshake(error),
        }
    }
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(limit) => write!(f, "not finished within {} s", limit.as_secs_f32()),
            Self::GaveWay => f.write_str("unfinished while others waited for its place"),
            Self::Name => f.write_str("the client asked for no name of this server (require_sni)"),
            Self::Handshake(error) => error.fmt(f),
        }
    }
}

/// Accepts TLS connections. Clones share counters and the limit.
///
/// A failed handshake writes two lines at level ERROR; the second is stable and made for
/// fail2ban: `Unable to set up ssl connection with peer '192.0.2.7:40112'`. Of a flood the first
/// ten of a source within a minute are written and the others summed up.
#[derive(Clone, Debug)]
pub struct TlsGate {
    tls: ServerTls,
    handshakes: Places,
    sources: Arc<Mutex<HashMap<IpAddr, Arc<Semaphore>>>>,
    share: usize,
    timeout: Duration,
    failures_total: Arc<AtomicU64>,
    complaints: Complaints,
}

impl TlsGate {
    /// A gate that lets `max_handshakes` go on at once, each for at most `timeout`, and an eighth
    /// of them for one source (an IPv4 address or an IPv6 /64).
    #[must_use]
    pub fn new(tls: ServerTls, max_handshakes: usize, timeout: Duration) -> Self {
        Self {
            tls,
            handshakes: Places::new(max_handshakes),
            sources: Arc::default(),
            share: (max_handshakes / SHARE_OF_SOURCE).max(1),
            timeout,
            failures_total: Arc::new(AtomicU64::new(0)),
            complaints: Complaints::about("failed TLS handshakes"),
        }
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
            let source = Source::of(self, peer.ip());
            // Semaphores are never closed: an error cannot come, and would only lift the limit.
            // The source's own place comes first, so that it waits for itself and not for others.
            let _share = source.semaphore.acquire().await.ok();
            let place = self.handshakes.take().await;
            let shaking = TlsAcceptor::from(self.tls.config()).accept(io);
            place.gives_way.run_until_cancelled(shaking).await
        };
        let failure = match tokio::time::timeout(self.timeout, handshake).await {
            Ok(Some(Ok(stream))) => return Ok(stream),
            Ok(Some(Err(error))) => TlsFailure::from_handshake(error),
            Ok(None) => TlsFailure::GaveWay,
            Err(_) => TlsFailure::TimedOut(self.timeout),
        };
        self.failures_total.fetch_add(1, Ordering::Relaxed);
        if self.complaints.admit(peer.ip()) {
            tracing::error!("Problem setting up ssl connection: {failure}");
            tracing::error!("Unable to set up ssl connection with peer '{peer}'");
        }
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
        self.handshakes.free()
    }
}

/// The places of one source, forgotten when nobody holds or waits for one.
struct Source<'g> {
    gate: &'g TlsGate,
    address: IpAddr,
    semaphore: Arc<Semaphore>,
}

impl<'g> Source<'g> {
    fn of(gate: &'g TlsGate, peer: IpAddr) -> Self {
        let address = source_of(peer);
        let mut sources = gate.sources.lock();
        let fresh = || Arc::new(Semaphore::new(gate.share));
        let semaphore = Arc::clone(sources.entry(address).or_insert_with(fresh));
        Self { gate, address, semaphore }
    }
}

impl Drop for Source<'_> {
    fn drop(&mut self) {
        let mut sources = self.gate.sources.lock();
        // The table's and this one: nobody else can get another while the table is locked.
        if Arc::strong_count(&self.semaphore) <= 2 {
            sources.remove(&self.address);
        }
    }
}
