//! Accepting connections: session limit, TLS, and hyper on top, with a limit on how long a
//! client may take for everything.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use sidetone_net::source_of;
use sidetone_net::tls::TlsFailure;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::counters::Count;
use crate::respond::respond;
use crate::server::{Kind, Shared};
use crate::session::{Peer, Place, Session, Silence, Wire};
use crate::settings::HttpSettings;

/// Pause after `accept` failed for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Clients above the session limit that are told so at once; more are just closed.
const MAX_REFUSING: usize = 32;
/// How long telling it may take.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(2);
/// How long a request's head may take while half of the sessions or more are taken. Browsers send
/// it in one packet.
const CROWDED_PATIENCE: Duration = Duration::from_secs(2);
/// The part of `sessionlimit` that connections of one source may take before they asked for
/// anything. Browsers behind one address ask at once; a client that opens connections and says
/// nothing then leaves room for everybody else.
const HALF_OPEN_SHARE: usize = 4;
/// The least that share comes to: a browser opens six connections to load a page.
const MIN_HALF_OPEN: usize = 6;
/// Request line and headers together: browsers with many cookies stay below 16 KiB.
const MAX_HEAD_BYTES: usize = 32_768;
/// Header lines of a request: browsers send about 20.
const MAX_HEADERS: usize = 100;

/// Accepts until stopped.
pub(crate) async fn run(
    shared: Arc<Shared>,
    socket: TcpListener,
    kind: Kind,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, remote)) => admit(&shared, stream, remote, kind),
            Err(error) => {
                tracing::warn!("HTTP server: accepting failed: {error}");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn admit(shared: &Arc<Shared>, stream: TcpStream, remote: SocketAddr, kind: Kind) {
    let _ = stream.set_nodelay(true);
    let limit = shared.settings.load().session_limit;
    let may_wait = (limit / HALF_OPEN_SHARE).max(MIN_HALF_OPEN);
    let Some(silence) = shared.half_open.take(source_of(remote.ip()), may_wait) else {
        // Closed without a word: whoever opens so many does not listen.
        shared.counters.count(Count::SessionsRefused);
        if shared.complaints.admit(remote.ip()) {
            tracing::warn!(
                "HTTP client {} refused: {may_wait} connections of it are open and ask for nothing",
                remote.ip()
            );
        }
        return;
    };
    let Some(place) = Place::take(&shared.sessions, limit) else {
        refuse(shared, stream, remote, kind, limit);
        return;
    };
    let Ok(local) = stream.local_addr() else {
        return;
    };
    let peer = Peer {
        remote: SocketAddr::new(remote.ip().to_canonical(), remote.port()),
        local: SocketAddr::new(local.ip().to_canonical(), local.port()),
        is_secure: kind == Kind::Tls,
    };
    shared.tasks.spawn(connection(Arc::clone(shared), stream, peer, place, silence));
}

/// Tells a client above the limit to come back later.
fn refuse(shared: &Arc<Shared>, stream: TcpStream, remote: SocketAddr, kind: Kind, limit: usize) {
    shared.counters.count(Count::SessionsRefused);
    if shared.complaints.admit(remote.ip()) {
        tracing::warn!(
            "HTTP session limit {limit} reached, client {} refused; raise sessionlimit in \
             http.conf (each WebSocket phone counts)",
            remote.ip()
        );
    }
    if shared.refusing.fetch_add(1, Ordering::Relaxed) >= MAX_REFUSING {
        shared.refusing.fetch_sub(1, Ordering::Relaxed);
        return;
    }
    let shared = Arc::clone(shared);
    shared.tasks.clone().spawn(async move {
        let told = async {
            match (kind, shared.gate.load_full()) {
                (Kind::Clear, _) => tell_busy(stream).await,
                (Kind::Tls, Some(gate)) => match gate.accept(stream, remote).await {
                    Ok(stream) => tell_busy(stream).await,
                    Err(_) => Ok(()),
                },
                (Kind::Tls, None) => Ok(()),
            }
        };
        // A client that does not listen need not know.
        let _ = timeout(REFUSAL_PATIENCE, told).await;
        shared.refusing.fetch_sub(1, Ordering::Relaxed);
    });
}

async fn tell_busy(mut stream: impl AsyncWrite + Unpin) -> io::Result<()> {
    const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\n\
        Cache-Control: no-cache, no-store\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(ANSWER).await?;
    stream.shutdown().await
}

/// The life of one connection, until it ends or is upgraded.
async fn connection(
    shared: Arc<Shared>,
    stream: TcpStream,
    peer: Peer,
    place: Place,
    silence: Silence,
) {
    let stall = shared.settings.load().session_inactivity;
    let wire = if peer.is_secure {
        let Some(gate) = shared.gate.load_full() else {
            return;
        };
        match gate.accept(stream, peer.remote).await {
            Ok(stream) => Wire::Tls(Box::new(stream)),
            // Logged by the gate.
            Err(failure) => {
                shared.counters.count(Count::TlsFailures);
                if matches!(failure, TlsFailure::Name) {
                    shared.counters.count(Count::TlsNamesRefused);
                }
                return;
            }
        }
    } else {
        Wire::Clear(stream)
    };
    let session = Session::new(wire, stall, Arc::clone(&shared.counters), place);
    Box::pin(serve(shared, session, peer, silence)).await;
}

/// What the connection is doing, to find idle ones.
struct Activity {
    under_way: AtomicUsize,
    answered: AtomicBool,
    idle_since: parking_lot::Mutex<Instant>,
    /// Until the first request.
    silence: parking_lot::Mutex<Option<Silence>>,
}

impl Activity {
    /// When the connection has to be closed unless something happens.
    fn deadline(&self, keep_alive: Duration) -> Option<Instant> {
        let idle = self.under_way.load(Ordering::Relaxed) == 0;
        let idle = idle && self.answered.load(Ordering::Relaxed);
        idle.then(|| *self.idle_since.lock() + keep_alive)
    }
}

/// How long a request's head may take: less when half of the sessions are taken, so that clients
/// who open connections and say nothing cannot keep everybody else out.
fn patience(shared: &Shared, settings: &HttpSettings) -> Duration {
    let crowded = shared.sessions.load(Ordering::Relaxed) > settings.session_limit / 2;
    if crowded {
        settings.session_inactivity.min(CROWDED_PATIENCE)
    } else {
        settings.session_inactivity
    }
}

/// Counts a connection that the client ended badly: malformed or too slow. That it broke is
/// nobody's fault.
fn note_end(shared: &Shared, error: &hyper::Error) {
    if error.is_parse() {
        shared.counters.count(Count::RequestsMalformed);
    } else if error.is_timeout() || error.is_incomplete_message() {
        shared.counters.count(Count::RequestsUnfinished);
    }
}

async fn serve(shared: Arc<Shared>, session: Session, peer: Peer, silence: Silence) {
    let settings = shared.settings.load_full();
    let activity = Arc::new(Activity {
        under_way: AtomicUsize::new(0),
        answered: AtomicBool::new(false),
        idle_since: parking_lot::Mutex::new(Instant::now()),
        silence: parking_lot::Mutex::new(Some(silence)),
    });
    let service = service_fn(|request| {
        let (shared, activity) = (Arc::clone(&shared), Arc::clone(&activity));
        async move {
            activity.under_way.fetch_add(1, Ordering::Relaxed);
            drop(activity.silence.lock().take());
            let response = respond(&shared, request, peer).await;
            *activity.idle_since.lock() = Instant::now();
            activity.answered.store(true, Ordering::Relaxed);
            activity.under_way.fetch_sub(1, Ordering::Relaxed);
            Ok::<_, Infallible>(response)
        }
    });
    let keep_alive = settings.session_keep_alive;
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(patience(&shared, &settings))
        .keep_alive(!keep_alive.is_zero())
        .title_case_headers(true)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD_BYTES)
        .max_buf_size(MAX_HEAD_BYTES);
    let connection = builder.serve_connection(TokioIo::new(session), service).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let mut check = std::pin::pin!(sleep(keep_alive));
    let mut ending = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    note_end(&shared, &error);
                }
                return;
            }
            () = shared.stopping.cancelled(), if !ending => {
                ending = true;
                connection.as_mut().graceful_shutdown();
            }
            () = check.as_mut(), if !ending => {
                let now = Instant::now();
                let deadline = activity.deadline(keep_alive);
                if deadline.is_some_and(|deadline| deadline <= now) {
                    ending = true;
                    connection.as_mut().graceful_shutdown();
                }
                check.set(sleep_until(deadline.unwrap_or(now + keep_alive)));
            }
        }
    }
}
