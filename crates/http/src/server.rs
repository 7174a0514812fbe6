//! The server's handle: start, mount, reload, look, stop. Owns the listening sockets; reload
//! touches only what changed, and what is established goes on.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use axum::Router;
use sidetone_net::tls::{CertificateDescription, ServerTls, TlsError, TlsGate};
use sidetone_net::{Complaints, Net};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accept;
use crate::assets::{Asset, Assets};
use crate::counters::{Count, Counters};
use crate::page::{LandingContext, default_landing};
use crate::session::HalfOpen;
use crate::settings::{HttpSettings, HttpsSettings, StatusPage};
use crate::status::StatusReport;

/// Connections that wait to be accepted: what a reconnect storm of 1,000 clients needs.
const ACCEPT_QUEUE: i32 = 1_024;
/// TLS handshakes going on at once and how long each may take.
const MAX_HANDSHAKES: usize = 512;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long [`HttpServer::stop`] waits for answers and close frames under way.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// Makes the landing page.
pub type Landing = Arc<dyn Fn(&LandingContext) -> String + Send + Sync>;

/// Pages that the program brings along.
#[derive(Clone)]
pub struct Pages {
    /// Embedded files by path, like `/phone/index.html`.
    pub assets: &'static [Asset],
    /// The page at `/`.
    pub landing: Landing,
}

impl Default for Pages {
    fn default() -> Self {
        Self { assets: &[], landing: Arc::new(default_landing) }
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("assets", &self.assets.len()).finish_non_exhaustive()
    }
}

/// Why the server could not start or take new settings. Nothing has changed then.
#[derive(Debug)]
pub enum HttpError {
    /// An address could not be bound.
    Bind(SocketAddr, io::Error),
    /// The certificate or TLS options are wrong.
    Tls(TlsError),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(address, error) => write!(
                f,
                "http.conf: cannot listen on {address}: {error}; change bindaddr, bindport or \
                 tlsbindaddr, or stop the program that uses the port"
            ),
            Self::Tls(error) => write!(f, "http.conf: {error}"),
        }
    }
}

impl std::error::Error for HttpError {}

/// The HTTP server. A cheap handle: clones are the same server.
#[derive(Clone)]
pub struct HttpServer {
    shared: Arc<Shared>,
}

impl fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer")
            .field("sessions", &self.shared.sessions)
            .finish_non_exhaustive()
    }
}

/// A path that another part of the program serves.
#[derive(Clone)]
pub(crate) struct Mount {
    pub(crate) path: String,
    pub(crate) description: String,
    pub(crate) router: Router,
}

/// What all tasks of the server share.
pub(crate) struct Shared {
    pub(crate) settings: ArcSwap<HttpSettings>,
    pub(crate) net: Net,
    pub(crate) pages: Pages,
    pub(crate) assets: Assets,
    pub(crate) mounts: ArcSwap<Vec<Mount>>,
    pub(crate) sessions: Arc<AtomicUsize>,
    pub(crate) half_open: Arc<HalfOpen>,
    /// About clients that were refused.
    pub(crate) complaints: Complaints,
    pub(crate) counters: Arc<Counters>,
    /// Clients that are being told to come back later.
    pub(crate) refusing: AtomicUsize,
    pub(crate) stopping: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) gate: ArcSwapOption<TlsGate>,
    bound: parking_lot::Mutex<BoundAddresses>,
    listeners: Mutex<Listeners>,
}

#[derive(Clone, Copy, Default)]
struct BoundAddresses {
    http: Option<SocketAddr>,
    https: Option<SocketAddr>,
}

#[derive(Default)]
struct Listeners {
    http: Option<Bound>,
    https: Option<Bound>,
}

/// A listening socket, served by a task.
struct Bound {
    /// As configured: port 0 stays 0.
    wanted: SocketAddr,
    local: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl HttpServer {
    /// Starts serving. With neither listener enabled the server exists, silent, until a reload
    /// enables one. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The address or certificate that is wrong.
    pub async fn start(settings: HttpSettings, net: Net, pages: Pages) -> Result<Self, HttpError> {
        let shared = Shared {
            settings: ArcSwap::from_pointee(HttpSettings::default()),
            net,
            assets: Assets::new(pages.assets),
            pages,
            mounts: ArcSwap::default(),
            sessions: Arc::default(),
            half_open: Arc::default(),
            complaints: Complaints::about("refused HTTP clients"),
            counters: Arc::default(),
            refusing: AtomicUsize::new(0),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            gate: ArcSwapOption::empty(),
            bound: parking_lot::Mutex::default(),
            listeners: Mutex::default(),
        };
        let server = Self { shared: Arc::new(shared) };
        server.reload(settings).await?;
        Ok(server)
    }

    /// Serves `path` and everything below it with `router`, whose routes are written with the
    /// full path (`/metrics`, `/ari/channels`), without the server's prefix. Requests carry
    /// [`crate::Peer`] as extension. A path mounted before is replaced.
    pub fn mount(&self, path: &str, description: &str, router: Router) {
        let path = path.trim_end_matches('/');
        self.shared.mounts.rcu(|mounts| {
            let others = mounts.iter().filter(|mount| mount.path != path).cloned();
            let mut mounts: Vec<Mount> = others.collect();
            let (path, description) = (path.to_owned(), description.to_owned());
            mounts.push(Mount { path, description, router: router.clone() });
            // The longest path decides.
            mounts.sort_by(|a, b| b.path.len().cmp(&a.path.len()).then(a.path.cmp(&b.path)));
            mounts
        });
    }

    /// Takes new settings (`module reload http`): certificates are read again, listeners whose
    /// address changed are moved, connections and WebSockets go on.
    ///
    /// # Errors
    /// What is wrong with the new settings; the old ones stay in use.
    pub async fn reload(&self, settings: HttpSettings) -> Result<(), HttpError> {
        let mut listeners = self.shared.listeners.lock().await;
        let gate = match &settings.tls {
            Some(HttpsSettings { tls, .. }) => Some(self.gate(tls).map_err(HttpError::Tls)?),
            None => None,
        };
        let former_gate = self.shared.gate.swap(gate.map(Arc::new));
        let https = settings.tls.as_ref().map(|tls| tls.bind);
        let former = listeners.http.as_ref().map(|bound| bound.wanted);
        let moved = match self.shift(&mut listeners.http, settings.bind, Kind::Clear).await {
            Ok(()) => match self.shift(&mut listeners.https, https, Kind::Tls).await {
                Ok(()) => Ok(()),
                Err(error) => {
                    // The first listener goes back to where it was.
                    let back = self.shift(&mut listeners.http, former, Kind::Clear).await;
                    if let Err(lost) = back {
                        tracing::error!("{lost}");
                    }
                    Err(error)
                }
            },
            Err(error) => Err(error),
        };
        *self.shared.bound.lock() = BoundAddresses {
            http: listeners.http.as_ref().map(|bound| bound.local),
            https: listeners.https.as_ref().map(|bound| bound.local),
        };
        match moved {
            Ok(()) => self.shared.settings.store(Arc::new(settings)),
            Err(_) => self.shared.gate.store(former_gate),
        }
        moved
    }

    /// The door with a newly read certificate; counters go on.
    fn gate(&self, tls: &sidetone_net::tls::TlsSettings) -> Result<TlsGate, TlsError> {
        let mut settings = tls.clone();
        if settings.alpn.is_empty() {
            settings.alpn = vec![b"http/1.1".to_vec()];
        }
        let server = ServerTls::build(&settings)?;
        Ok(match &*self.shared.gate.load() {
            Some(gate) => gate.with_tls(server),
            None => TlsGate::new(server, MAX_HANDSHAKES, HANDSHAKE_TIMEOUT),
        })
    }

    /// Makes a listener be where it is wanted.
    async fn shift(
        &self,
        slot: &mut Option<Bound>,
        wanted: Option<SocketAddr>,
        kind: Kind,
    ) -> Result<(), HttpError> {
        if slot.as_ref().map(|bound| bound.wanted) == wanted {
            return Ok(());
        }
        let Some(wanted) = wanted else {
            if let Some(former) = slot.take() {
                former.close().await;
            }
            return Ok(());
        };
        let former = slot.as_ref().map(|bound| bound.local);
        let socket = match bind(wanted) {
            Ok(socket) => socket,
            // 127.0.0.1:8088 to 0.0.0.0:8088: our own old socket may be what is in the way.
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse
                    && former.is_some_and(|former| former.port() == wanted.port()) =>
            {
                if let Some(bound) = slot.take() {
                    bound.close().await;
                }
                bind(wanted).map_err(|error| {
                    *slot = former
                        .and_then(|former| Some((former, bind(former).ok()?)))
                        .and_then(|(former, socket)| self.serve(socket, former, kind).ok());
                    HttpError::Bind(wanted, error)
                })?
            }
            Err(error) => return Err(HttpError::Bind(wanted, error)),
        };
        let bound = self.serve(socket, wanted, kind)?;
        if let Some(former) = slot.replace(bound) {
            former.close().await;
        }
        Ok(())
    }

    fn serve(
        &self,
        socket: TcpListener,
        wanted: SocketAddr,
        kind: Kind,
    ) -> Result<Bound, HttpError> {
        let local = socket.local_addr().map_err(|error| HttpError::Bind(wanted, error))?;
        let stop = self.shared.stopping.child_token();
        let loop_ = accept::run(Arc::clone(&self.shared), socket, kind, stop.clone());
        let task = self.shared.tasks.spawn(loop_);
        Ok(Bound { wanted, local, stop, task })
    }

    /// The state, for `http show status` and pages.
    #[must_use]
    pub fn status(&self) -> StatusReport {
        self.shared.status()
    }

    /// What was served and refused since start, by name, for `core show counters`.
    #[must_use]
    pub fn totals(&self) -> Vec<(&'static str, u64)> {
        let counters = &self.shared.counters;
        Count::ALL.iter().map(|count| (count.name(), counters.of(*count))).collect()
    }

    /// Where the server listens in clear, with the port that the system chose.
    #[must_use]
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.shared.bound.lock().http
    }

    /// Where it listens with TLS.
    #[must_use]
    pub fn https_address(&self) -> Option<SocketAddr> {
        self.shared.bound.lock().https
    }

    /// The certificate in use, for the expiry alarm.
    #[must_use]
    pub fn certificate(&self) -> Option<CertificateDescription> {
        self.shared.certificate()
    }

    /// Closes the listeners, lets answers under way finish, and waits at most 5 s. WebSockets of
    /// subprotocol `sip` end with [`Net::shutdown`], which is to be called before.
    pub async fn stop(&self) {
        self.shared.stopping.cancel();
        self.shared.tasks.close();
        let _ = tokio::time::timeout(STOP_PATIENCE, self.shared.tasks.wait()).await;
        *self.shared.bound.lock() = BoundAddresses::default();
    }
}

/// What a listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Clear,
    Tls,
}

impl Bound {
    async fn close(self) {
        self.stop.cancel();
        // A task that panicked has closed its socket too.
        let _ = self.task.await;
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // `::` is dual-stack, as for other web servers; clients are shown as IPv4 again.
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(ACCEPT_QUEUE)?;
    TcpListener::from_std(socket.into())
}

impl Shared {
    pub(crate) fn certificate(&self) -> Option<CertificateDescription> {
        self.gate.load().as_ref().and_then(|gate| gate.tls().certificate())
    }

    pub(crate) fn https_address(&self) -> Option<SocketAddr> {
        self.bound.lock().https
    }

    pub(crate) fn status(&self) -> StatusReport {
        let settings = self.settings.load();
        let bound = *self.bound.lock();
        let restriction =
            |restricted: &crate::Restriction| (restricted.path.clone(), restricted.rules.clone());
        StatusReport {
            prefix: settings.prefix.clone(),
            server_name: settings.server_name.clone(),
            http: bound.http,
            https: bound.https,
            uris: self.uris(&settings),
            redirects: settings.redirects.iter().map(|r| (r.from.clone(), r.to.clone())).collect(),
            restrictions: settings.restrictions.iter().map(restriction).collect(),
            sessions: self.sessions.load(Ordering::Relaxed),
            session_limit: settings.session_limit,
            sessions_refused_total: self.counters.of(Count::SessionsRefused),
            tls_failures_total: self.counters.of(Count::TlsFailures),
            names_refused_total: self.counters.of(Count::TlsNamesRefused),
            websockets_total: self.counters.of(Count::WebSockets),
            requests_total: self.counters.of(Count::Requests),
        }
    }

    fn uris(&self, settings: &HttpSettings) -> Vec<(String, String)> {
        let mut uris = HashMap::new();
        for path in &settings.websocket.paths {
            uris.insert(path.clone(), "Asterisk HTTP WebSocket".to_owned());
        }
        if settings.static_folder.is_some() {
            uris.insert("/static/...".into(), "Asterisk HTTP Static Delivery".into());
        }
        if settings.status_page == StatusPage::Served {
            uris.insert("/httpstatus".into(), "Asterisk HTTP General Status".into());
        }
        if self.assets.has_phone() {
            uris.insert("/phone/...".into(), "Web phone".into());
        }
        for mount in self.mounts.load().iter() {
            uris.insert(format!("{}/...", mount.path), mount.description.clone());
        }
        let mut uris: Vec<_> = uris.into_iter().collect();
        uris.sort();
        uris
    }
}
