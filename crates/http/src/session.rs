//! One TCP connection of the HTTP server as hyper sees it: in clear or TLS, counted against the
//! session limit, and cut when a write stalls.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_rustls::server::TlsStream;

use crate::counters::{Count, Counters};

/// From where a request came; an extension of every request that mounted routes get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The client.
    pub remote: SocketAddr,
    /// Our address.
    pub local: SocketAddr,
    /// Whether it came over TLS.
    pub is_secure: bool,
}

/// A place in the session limit, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<AtomicUsize>);

impl Place {
    /// Takes a place; `None` when `limit` are taken.
    pub(crate) fn take(sessions: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        let place = Self(Arc::clone(sessions));
        // The place is counted before it is judged, so that two takers cannot both get the last.
        (sessions.fetch_add(1, Ordering::Relaxed) < limit).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Connections per source that have not asked for anything yet. A source is what the network
/// layer counts as one: an IPv4 address or an IPv6 /64.
#[derive(Debug, Default)]
pub(crate) struct HalfOpen(parking_lot::Mutex<HashMap<IpAddr, usize>>);

impl HalfOpen {
    /// Counts one more; `None` when the source has `limit` already.
    pub(crate) fn take(self: &Arc<Self>, source: IpAddr, limit: usize) -> Option<Silence> {
        let mut sources = self.0.lock();
        let count = sources.entry(source).or_default();
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Silence { all: Arc::clone(self), source })
    }
}

/// One connection that has not asked for anything yet; over when this is dropped.
#[derive(Debug)]
pub(crate) struct Silence {
    all: Arc<HalfOpen>,
    source: IpAddr,
}

impl Drop for Silence {
    fn drop(&mut self) {
        let mut sources = self.all.0.lock();
        if let Some(count) = sources.get_mut(&self.source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                sources.remove(&self.source);
            }
        }
    }
}

/// The stream of a session.
#[derive(Debug)]
pub(crate) enum Wire {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection with its place in the session limit, which it gives back when it is dropped.
#[derive(Debug)]
pub struct Session {
    wire: Wire,
    write_stall: Option<Duration>,
    stalled: Option<Pin<Box<Sleep>>>,
    counters: Arc<Counters>,
    _place: Place,
}

impl Session {
    pub(crate) fn new(
        wire: Wire,
        write_stall: Duration,
        counters: Arc<Counters>,
        place: Place,
    ) -> Self {
        Self { wire, write_stall: Some(write_stall), stalled: None, counters, _place: place }
    }

    /// Leaves timeouts to whoever takes the connection over.
    pub(crate) fn without_timeouts(mut self) -> Self {
        self.write_stall = None;
        self.stalled = None;
        self
    }

    /// Turns a write that stays pending for too long into an error.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let (Poll::Pending, Some(limit)) = (&polled, self.write_stall) else {
            self.stalled = None;
            return polled;
        };
        let deadline = Instant::now() + limit;
        let alarm =
            self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        match alarm.as_mut().poll(cx) {
            Poll::Ready(()) => {
                // Once: who asks again hears it again.
                if self.write_stall.take().is_some() {
                    self.counters.count(Count::NotDraining);
                }
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Session {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Clear(stream) => Pin::new(stream).poll_read(cx, buffer),
            Wire::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Session {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = match &mut this.wire {
            Wire::Clear(stream) => Pin::new(stream).poll_write(cx, bytes),
            Wire::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, bytes),
        };
        this.watch(cx, polled)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = match &mut this.wire {
            Wire::Clear(stream) => Pin::new(stream).poll_flush(cx),
            Wire::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        };
        this.watch(cx, polled)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = match &mut this.wire {
            Wire::Clear(stream) => Pin::new(stream).poll_shutdown(cx),
            Wire::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        };
        this.watch(cx, polled)
    }
}
