//! From a request to its answer: redirects, restrictions, prefix, then whose path it is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap};
use hyper::service::Service;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::service::TowerToHyperService;
use sidetone_base::Transport;
use sidetone_net::UpgradedWebSocket;

use crate::assets::Lookup;
use crate::body::RequestBody;
use crate::counters::Count;
use crate::date::http_date;
use crate::page::{self, LandingContext};
use crate::path::decode;
use crate::server::{Mount, Shared};
use crate::session::Peer;
use crate::settings::{HttpSettings, StatusPage};
use crate::statics::{self, insert};
use crate::websocket::{self, Refusal};

const NOT_FOUND: &str = "The requested URL was not found on this server.";
const WS_IN_CLEAR: &str = "A WebSocket without TLS is only allowed from this machine, since \
    passwords and calls would be readable on the way. Connect with wss:// to the TLS port, or \
    write websocket_clear = everywhere into http.conf.";

/// Answers one request, with the headers that every answer has.
pub(crate) async fn respond(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    peer: Peer,
) -> Response<Body> {
    shared.counters.count(Count::Requests);
    let settings = shared.settings.load_full();
    let response = route(shared, &settings, request, peer).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if is_error && status != StatusCode::UPGRADE_REQUIRED {
        shared.counters.count(Count::RequestsRefused);
    }
    with_usual_headers(response, &settings.server_name)
}

fn with_usual_headers(response: Response<Body>, server_name: &str) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let own = std::mem::take(&mut parts.headers);
    let mut headers = HeaderMap::with_capacity(own.len() + 3);
    if !server_name.is_empty() {
        insert(&mut headers, header::SERVER, server_name);
    }
    insert(&mut headers, header::DATE, &http_date(SystemTime::now()));
    if parts.status != StatusCode::SWITCHING_PROTOCOLS {
        insert(&mut headers, header::CACHE_CONTROL, "no-cache, no-store");
    }
    for name in own.keys() {
        headers.remove(name);
        for value in own.get_all(name) {
            headers.append(name, value.clone());
        }
    }
    parts.headers = headers;
    Response::from_parts(parts, body)
}

async fn route(
    shared: &Arc<Shared>,
    settings: &HttpSettings,
    request: Request<Incoming>,
    peer: Peer,
) -> Response<Body> {
    let server = settings.server_name.as_str();
    // RFC 9112 §3.2.
    if request.version() == Version::HTTP_11 && !request.headers().contains_key(header::HOST) {
        let text = "A request of HTTP/1.1 must name its Host.";
        return page::error(StatusCode::BAD_REQUEST, text, server);
    }
    let Some(path) = decode(request.uri().path()) else {
        return page::error(StatusCode::BAD_REQUEST, "The path is malformed.", server);
    };
    if let Some(redirect) = settings.redirects.iter().find(|redirect| redirect.from == path) {
        return page::redirect(&redirect.to, server);
    }
    let Some(path) = path.strip_prefix(settings.prefix.as_str()) else {
        return page::error(StatusCode::NOT_FOUND, NOT_FOUND, server);
    };
    let path = if path.is_empty() { "/" } else { path };
    let client = peer.remote.ip();
    if settings.refuses(path, client) {
        let text = "You do not have permission to access the requested URL.";
        return page::error(StatusCode::FORBIDDEN, text, server);
    }
    if settings.websocket.paths.iter().any(|known| known == path) {
        return upgrade(shared, settings, request, peer);
    }
    let mounts = shared.mounts.load();
    if let Some(mount) = mounts.iter().find(|mount| mount.owns(path)) {
        return mounted(mount, settings, request, peer).await;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let text = "Only GET and HEAD are served here.";
        return page::error(StatusCode::NOT_IMPLEMENTED, text, server);
    }
    own(shared, settings, path, &request, peer)
        .await
        .unwrap_or_else(|| page::error(StatusCode::NOT_FOUND, NOT_FOUND, server))
}

/// The server's own pages and files; `None` when the path is none of them.
async fn own(
    shared: &Shared,
    settings: &HttpSettings,
    path: &str,
    request: &Request<Incoming>,
    peer: Peer,
) -> Option<Response<Body>> {
    if let (Some(below), Some(folder)) = (path.strip_prefix("/static/"), &settings.static_folder) {
        return statics::serve(folder, below, request.headers()).await;
    }
    if path == "/httpstatus" && settings.status_page == StatusPage::Served {
        return Some(page::status(&shared.status()));
    }
    let websocket = settings.websocket.paths.first().map_or("", String::as_str);
    let websocket = format!("{}{websocket}", settings.prefix);
    match shared.assets.lookup(path, &websocket, request.headers()) {
        Lookup::Found(response) => return Some(response),
        Lookup::Folder(path) => {
            let to = format!("{}{path}", settings.prefix);
            return Some(page::redirect(&to, &settings.server_name));
        }
        Lookup::Missing => {}
    }
    if path != "/" {
        return None;
    }
    let context = LandingContext {
        server_name: settings.server_name.clone(),
        prefix: settings.prefix.clone(),
        is_secure: peer.is_secure,
        host: host(request),
        https: shared.https_address(),
        certificate: shared.certificate(),
        has_phone: shared.assets.has_phone(),
    };
    Some(page::html_page((shared.pages.landing)(&context)))
}

/// The host asked for, without its port.
fn host<B>(request: &Request<B>) -> Option<String> {
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    let authority: hyper::http::uri::Authority = host.parse().ok()?;
    Some(authority.host().to_owned())
}

impl Mount {
    fn owns(&self, path: &str) -> bool {
        path.strip_prefix(self.path.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

async fn mounted(
    mount: &Mount,
    settings: &HttpSettings,
    request: Request<Incoming>,
    peer: Peer,
) -> Response<Body> {
    let mut request =
        request.map(|incoming| Body::new(RequestBody::new(incoming, settings.session_inactivity)));
    request.extensions_mut().insert(peer);
    request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer.remote));
    if !settings.prefix.is_empty() {
        strip_prefix(&mut request, &settings.prefix);
    }
    match TowerToHyperService::new(mount.router.clone()).call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Routers know nothing of the server's prefix.
fn strip_prefix(request: &mut Request<Body>, prefix: &str) {
    let uri = request.uri().clone();
    let Some(rest) = uri.path_and_query().and_then(|all| all.as_str().strip_prefix(prefix)) else {
        return;
    };
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    if let Ok(stripped) = rest.parse() {
        *request.uri_mut() = stripped;
    }
}

/// The WebSocket endpoint.
fn upgrade(
    shared: &Arc<Shared>,
    settings: &HttpSettings,
    mut request: Request<Incoming>,
    peer: Peer,
) -> Response<Body> {
    let server = settings.server_name.as_str();
    let mut agreed = match websocket::agree(&mut request, settings.websocket.protocols) {
        Ok(agreed) => agreed,
        Err(refusal) => return refused(shared, refusal, peer, server),
    };
    if !peer.is_secure && !settings.websocket.clear.admits(peer.remote.ip()) {
        if shared.complaints.admit(peer.remote.ip()) {
            tracing::warn!("WebSocket without TLS from {} refused (websocket_clear)", peer.remote);
        }
        shared.counters.count(Count::WebSocketsRefused);
        return page::error(StatusCode::FORBIDDEN, WS_IN_CLEAR, server);
    }
    let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    if !settings.websocket.origins.admits(origin) {
        if shared.complaints.admit(peer.remote.ip()) {
            let remote = peer.remote;
            tracing::warn!(
                "WebSocket of origin {origin:?} from {remote} refused (websocket_origin)"
            );
        }
        shared.counters.count(Count::WebSocketsRefused);
        let text = "Pages of this origin may not connect here.";
        return page::error(StatusCode::FORBIDDEN, text, server);
    }
    shared.counters.count(Count::WebSockets);
    let response = agreed.take_response();
    let shared = Arc::clone(shared);
    shared.tasks.clone().spawn(carry(shared, agreed, peer));
    response
}

fn refused(shared: &Shared, refusal: Refusal, peer: Peer, server: &str) -> Response<Body> {
    if refusal != Refusal::NoUpgrade {
        shared.counters.count(Count::WebSocketsRefused);
        tracing::debug!("WebSocket from {} refused: {}", peer.remote, refusal.text());
    }
    let mut response = page::error(refusal.status(), refusal.text(), server);
    refusal.add_headers(response.headers_mut());
    response
}

/// The life of a WebSocket after the 101.
async fn carry(shared: Arc<Shared>, agreed: websocket::Upgrade, peer: Peer) {
    let protocol = agreed.protocol;
    let Some((session, early)) = agreed.socket().await else {
        return;
    };
    if protocol == "echo" {
        let settings = shared.settings.load_full();
        tokio::select! {
            faulty = websocket::echo(session, early, &settings.websocket) => {
                if faulty {
                    shared.counters.count(Count::FramesRefused);
                }
            }
            () = shared.stopping.cancelled() => {}
        }
        return;
    }
    let transport = if peer.is_secure { Transport::Wss } else { Transport::Ws };
    let Peer { local, remote, .. } = peer;
    let upgraded = UpgradedWebSocket { transport, local, remote, early };
    let reason = Box::pin(shared.net.adopt_websocket(session, upgraded)).await;
    tracing::debug!("WebSocket of {remote} ended: {reason}");
}
