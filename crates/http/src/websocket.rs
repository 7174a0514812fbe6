//! The HTTP half of a WebSocket (RFC 6455 §4): judge the upgrade request, answer 101, hand the
//! socket over. `sip` goes to `net`; `echo` is served here to test a path end to end.

use axum::body::Body;
use base64::Engine;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};
use sidetone_net::{Edges, close_websocket, websocket_config};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::session::Session;
use crate::settings::WebSocketSettings;

/// Appended to the client's key before it is hashed (RFC 6455 §1.3).
const KEY_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Versions whose frames are those of RFC 6455.
const VERSIONS: &str = "7, 8, 13";
/// 16 bytes in base64 are 24; nobody needs longer keys.
const MAX_KEY_BYTES: usize = 64;

/// Why an upgrade is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Only GET can be upgraded.
    NotGet,
    /// The request asks for no upgrade, as when somebody opens the address in a browser.
    NoUpgrade,
    /// Headers of the draft of 2010 (hixie-76).
    Draft76,
    /// Missing or unusable `Upgrade`, `Connection` or `Sec-WebSocket-Key`.
    BadRequest,
    /// None of the offered subprotocols is spoken, or none was offered.
    NoProtocol,
    /// The frames of this version are not spoken.
    BadVersion,
}

impl Refusal {
    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::NotGet => StatusCode::NOT_IMPLEMENTED,
            Self::NoUpgrade => StatusCode::UPGRADE_REQUIRED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Whose fault it is and what to change.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::NotGet => "A WebSocket is opened with GET.",
            Self::NoUpgrade => {
                "This address speaks WebSocket: a browser phone connects here. That you see this \
                 page means that the address is right and, over https, that this browser has \
                 accepted the server's certificate."
            }
            Self::Draft76 => "The client speaks a WebSocket draft of 2010; update it.",
            Self::BadRequest => "The WebSocket upgrade headers are missing or malformed.",
            Self::NoProtocol => {
                "No offered subprotocol is spoken here; set Sec-WebSocket-Protocol to sip."
            }
            Self::BadVersion => "This WebSocket version is not spoken here.",
        }
    }

    /// Headers that the answer needs besides its page.
    pub(crate) fn add_headers(self, headers: &mut HeaderMap) {
        if matches!(self, Self::NoProtocol | Self::BadVersion) {
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSIONS));
        }
        if self == Self::NoUpgrade {
            // RFC 9110 §15.5.22 demands it.
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        }
    }
}

/// An upgrade that is agreed on: the answer to give, and the socket that comes afterwards.
#[derive(Debug)]
pub struct Upgrade {
    /// The 101 answer.
    pub response: Response<Body>,
    /// Which of the offered subprotocols was chosen.
    pub protocol: &'static str,
    socket: OnUpgrade,
}

/// Judges an upgrade request against the subprotocols in `spoken`; the client's order decides.
///
/// # Errors
/// Why it is no acceptable upgrade.
pub fn agree<B>(request: &mut Request<B>, spoken: &[&'static str]) -> Result<Upgrade, Refusal> {
    let (accept, protocol) = judge(request.method(), request.headers(), spoken)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    let accept = HeaderValue::from_str(&accept).map_err(|_| Refusal::BadRequest)?;
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    Ok(Upgrade { response, protocol, socket: hyper::upgrade::on(request) })
}

/// The accept key and the chosen subprotocol.
pub(crate) fn judge(
    method: &Method,
    headers: &HeaderMap,
    spoken: &[&'static str],
) -> Result<(String, &'static str), Refusal> {
    if method != Method::GET {
        return Err(Refusal::NotGet);
    }
    if !headers.contains_key(header::UPGRADE) {
        return Err(Refusal::NoUpgrade);
    }
    if headers.contains_key("sec-websocket-key1") || headers.contains_key("sec-websocket-key2") {
        return Err(Refusal::Draft76);
    }
    let has_word = |name, word: &str| words(headers, name).any(|w| w.eq_ignore_ascii_case(word));
    if !has_word(header::UPGRADE, "websocket") || !has_word(header::CONNECTION, "upgrade") {
        return Err(Refusal::BadRequest);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let key = key.map(<[u8]>::trim_ascii).unwrap_or_default();
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        return Err(Refusal::BadRequest);
    }
    let protocol = words(headers, header::SEC_WEBSOCKET_PROTOCOL)
        .find_map(|offered| spoken.iter().find(|known| known.eq_ignore_ascii_case(offered)))
        .ok_or(Refusal::NoProtocol)?;
    let version = headers.get(header::SEC_WEBSOCKET_VERSION).and_then(|v| v.to_str().ok());
    if !matches!(version.map(str::trim), Some("7" | "8" | "13")) {
        return Err(Refusal::BadVersion);
    }
    Ok((accept_key(key), protocol))
}

/// The comma-separated words of all headers of a name.
fn words(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|word| !word.is_empty())
}

fn accept_key(key: &[u8]) -> String {
    let hash = Sha1::new().chain_update(key).chain_update(KEY_SUFFIX).finalize();
    base64::engine::general_purpose::STANDARD.encode(hash)
}

impl Upgrade {
    /// Takes the answer out, to be returned from the handler before [`Upgrade::socket`] is
    /// awaited in a task.
    pub fn take_response(&mut self) -> Response<Body> {
        std::mem::take(&mut self.response)
    }

    /// The connection after the answer was written, and what the client sent right behind its
    /// request. `None` when it broke before.
    pub async fn socket(self) -> Option<(Session, Bytes)> {
        let upgraded = self.socket.await.ok()?;
        let parts = upgraded.downcast::<TokioIo<Session>>().ok()?;
        Some((parts.io.into_inner().without_timeouts(), parts.read_buf))
    }
}

/// Returns every text and binary message unchanged until the client closes or falls silent. True
/// when it ended because a frame was wrong or not finished.
pub(crate) async fn echo(session: Session, early: Bytes, settings: &WebSocketSettings) -> bool {
    let config = Some(websocket_config(settings.max_message_bytes));
    let io = Edges::new(session, &early);
    let mut socket =
        WebSocketStream::from_partially_read(io, early.to_vec(), Role::Server, config).await;
    let mut faulty = false;
    let code = loop {
        let message = match timeout(settings.echo_idle, socket.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(error))) => {
                let code = close_code(&error);
                faulty = code.is_some() || socket.get_ref().is_inside();
                break code;
            }
            Ok(None) | Err(_) => break Some(CloseCode::Normal),
        };
        if !matches!(message, Message::Text(_) | Message::Binary(_)) {
            continue;
        }
        match timeout(settings.write_timeout, socket.send(message)).await {
            Ok(Ok(())) => {}
            // It does not drain: a close frame would not arrive either.
            Ok(Err(_)) | Err(_) => return false,
        }
    };
    if let Some(code) = code {
        close_websocket(&mut socket, code, String::new()).await;
    }
    faulty
}

fn close_code(error: &Error) -> Option<CloseCode> {
    match error {
        Error::Capacity(_) => Some(CloseCode::Size),
        Error::Utf8(_) => Some(CloseCode::Invalid),
        // It is just gone.
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(CloseCode::Protocol),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_key_is_that_of_rfc_6455() {
        assert_eq!(accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    fn check(changes: &[(&str, Option<&str>)], expected: Result<&'static str, Refusal>) {
        let mut headers = HeaderMap::new();
        let usual = [
            ("upgrade", Some("websocket")),
            ("connection", Some("keep-alive, Upgrade")),
            ("sec-websocket-key", Some("dGhlIHNhbXBsZSBub25jZQ==")),
            ("sec-websocket-version", Some("13")),
            ("sec-websocket-protocol", Some("sip")),
        ];
        for (name, value) in usual.iter().chain(changes) {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            match value {
                Some(value) => drop(headers.insert(name, value.parse().unwrap())),
                None => drop(headers.remove(name)),
            }
        }
        let judged = judge(&Method::GET, &headers, &["sip", "echo"]);
        assert_eq!(judged.map(|(_, protocol)| protocol), expected, "{changes:?}");
    }

    #[test]
    fn upgrades_are_judged_header_by_header() {
        check(&[], Ok("sip"));
        check(&[("sec-websocket-protocol", Some("echo, sip"))], Ok("echo"));
        check(&[("sec-websocket-protocol", Some("chat, sip"))], Ok("sip"));
        check(&[("sec-websocket-protocol", Some("chat"))], Err(Refusal::NoProtocol));
        check(&[("sec-websocket-protocol", None)], Err(Refusal::NoProtocol));
        for version in ["7", "8"] {
            check(&[("sec-websocket-version", Some(version))], Ok("sip"));
        }
        check(&[("sec-websocket-version", Some("12"))], Err(Refusal::BadVersion));
        check(&[("sec-websocket-version", None)], Err(Refusal::BadVersion));
        check(&[("upgrade", None)], Err(Refusal::NoUpgrade));
        check(&[("upgrade", Some("h2c"))], Err(Refusal::BadRequest));
        check(&[("connection", Some("close"))], Err(Refusal::BadRequest));
        check(&[("sec-websocket-key", None)], Err(Refusal::BadRequest));
        check(&[("sec-websocket-key1", Some("4 @1  46546xW%0l"))], Err(Refusal::Draft76));
    }
}
