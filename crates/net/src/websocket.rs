//! SIP over WebSocket (RFC 7118), from the 101 answer on: one SIP message per WebSocket message,
//! text or binary.
//!
//! Buffers are small, since thousands of browsers sit idle. The server pings; a client that
//! answers nothing, does not drain, or carries no request is told why in the close frame and
//! disconnected. The HTTP part of the handshake is the HTTP server's.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::counters::count;
use crate::edges::Edges;
use crate::event::{CloseReason, NetEvent};
use crate::flow::{FlowOrigin, FlowState, NewFlow, Out};
use crate::net::{Shared, UpgradedWebSocket};
use crate::settings::NetSettings;
use crate::stream;

/// Held by every idle client: one small SIP message.
const READ_BUFFER_BYTES: usize = 1_024;
/// How long the client may take to answer our close frame.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);
/// What is read and thrown away of a client that is being closed.
const MAX_DRAINED_BYTES: u64 = 1 << 20;
/// RFC 6455 §5.5: control frames hold 125 bytes, two of them the code.
const MAX_REASON_BYTES: usize = 123;

/// The limits of a WebSocket of this server, for messages of at most `max_message_bytes`.
#[must_use]
pub fn websocket_config(max_message_bytes: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(4 * max_message_bytes.max(READ_BUFFER_BYTES))
        .max_message_size(Some(max_message_bytes))
        .max_frame_size(Some(max_message_bytes))
}

/// Carries an upgraded WebSocket until it is closed.
pub(crate) async fn run<S>(shared: &Arc<Shared>, io: S, upgraded: UpgradedWebSocket) -> CloseReason
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let settings = shared.settings.load_full();
    let (sender, queue) = mpsc::channel(settings.out_queue_depth.max(1));
    let new = NewFlow {
        transport: upgraded.transport,
        local: Some(upgraded.local),
        remote: upgraded.remote,
        listener: Arc::from(upgraded.transport.param_name()),
        origin: FlowOrigin::WebSocket,
        server_name: None,
        out: Out::Queue(sender),
    };
    let added = shared.table.lock().add_connection(new, shared.limits());
    let config = Some(websocket_config(settings.max_message_bytes));
    let io = Edges::new(io, &upgraded.early);
    let mut socket = if upgraded.early.is_empty() {
        WebSocketStream::from_raw_socket(io, Role::Server, config).await
    } else {
        let early = upgraded.early.to_vec();
        WebSocketStream::from_partially_read(io, early, Role::Server, config).await
    };
    let Some(flow) = added else {
        count(&shared.counters.connections_refused_total);
        say_goodbye(&mut socket, &CloseReason::TooMany).await;
        return CloseReason::TooMany;
    };
    count(&shared.counters.connections_accepted_total);
    if shared.is_stopping() {
        flow.request_stop(CloseReason::Shutdown);
    }
    let guard = Departure { shared, flow: &flow };
    let reason = Box::pin(carry(shared, &flow, &mut socket, queue, &settings)).await;
    drop(guard);
    reason
}

/// Takes the flow out of the table even when the HTTP server drops the future.
struct Departure<'a> {
    shared: &'a Shared,
    flow: &'a FlowState,
}

impl Drop for Departure<'_> {
    fn drop(&mut self) {
        self.shared.table.lock().remove(self.flow);
    }
}

async fn carry<S>(
    shared: &Shared,
    flow: &Arc<FlowState>,
    socket: &mut WebSocketStream<Edges<S>>,
    mut queue: mpsc::Receiver<Bytes>,
    settings: &NetSettings,
) -> CloseReason
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let deadline = Some(Instant::now() + settings.request_deadline);
    shared.tell(NetEvent::FlowOpened(flow.flow())).await;
    let reason = tokio::select! {
        reason = exchange(shared, flow, socket, &mut queue, settings) => reason,
        reason = flow.stopped() => reason,
        reason = stream::no_request(shared, flow, deadline) => reason,
    };
    let reason = cut_off(shared, socket.get_ref(), reason);
    say_goodbye(socket, &reason).await;
    stream::finish(shared, flow, queue, reason.clone()).await;
    reason
}

/// Reads, writes and pings until something ends it.
async fn exchange<S>(
    shared: &Shared,
    flow: &Arc<FlowState>,
    socket: &mut WebSocketStream<Edges<S>>,
    queue: &mut mpsc::Receiver<Bytes>,
    settings: &NetSettings,
) -> CloseReason
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut heartbeat = Heartbeat::new(flow, settings);
    let mut alarm = pin!(sleep_until(heartbeat.next));
    loop {
        tokio::select! {
            received = socket.next() => {
                heartbeat.heard();
                flow.touch();
                if let Err(reason) = receive(shared, flow, received).await {
                    return reason;
                }
            }
            Some(bytes) = queue.recv() => {
                let message = as_message(bytes.clone());
                if let Err(reason) = write(shared, socket, message, settings).await {
                    return reason;
                }
                stream::sent(shared, flow, &bytes);
            }
            () = alarm.as_mut() => {
                if heartbeat.is_unanswered() {
                    count(&shared.counters.pings_unanswered_total);
                    return CloseReason::NoPong;
                }
                if heartbeat.is_due() {
                    let ping = Message::Ping(Bytes::new());
                    if let Err(reason) = write(shared, socket, ping, settings).await {
                        return reason;
                    }
                    heartbeat.pinged();
                }
                alarm.as_mut().reset(heartbeat.next);
            }
        }
    }
}

/// When to ping next, and whether the last ping was answered.
struct Heartbeat {
    interval: Duration,
    patience: Duration,
    pinged_at: Option<Instant>,
    ping_at: Instant,
    next: Instant,
}

impl Heartbeat {
    /// Intervals differ by up to a fifth between flows, so that the clients that reconnected
    /// together are not pinged together.
    fn new(flow: &FlowState, settings: &NetSettings) -> Self {
        let percent = 80 + u32::try_from(flow.id.0.wrapping_mul(37) % 21).unwrap_or(0);
        let interval = settings.websocket_ping_interval * percent / 100;
        let ping_at = Instant::now() + interval;
        let patience = settings.websocket_pong_timeout;
        Self { interval, patience, pinged_at: None, ping_at, next: ping_at }
    }

    fn heard(&mut self) {
        self.pinged_at = None;
    }

    fn is_unanswered(&self) -> bool {
        self.pinged_at.is_some_and(|at| at + self.patience <= Instant::now())
    }

    fn is_due(&mut self) -> bool {
        self.next = self.ping_at;
        self.ping_at <= Instant::now()
    }

    /// Wakes up when the patience ends; what was heard until then decides.
    fn pinged(&mut self) {
        let now = Instant::now();
        self.pinged_at = Some(now);
        self.ping_at = now + self.interval.max(self.patience);
        self.next = now + self.patience;
    }
}

/// Text when it is UTF-8, as browsers expect it; binary otherwise (RFC 7118 §4.2).
fn as_message(bytes: Bytes) -> Message {
    match Utf8Bytes::try_from(bytes.clone()) {
        Ok(text) => Message::Text(text),
        Err(_) => Message::Binary(bytes),
    }
}

async fn write<S>(
    shared: &Shared,
    socket: &mut WebSocketStream<S>,
    message: Message,
    settings: &NetSettings,
) -> Result<(), CloseReason>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limit = settings.websocket_write_timeout;
    match timeout(limit, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(ended(shared, error)),
        Err(_) => {
            count(&shared.counters.connections_not_draining_total);
            Err(CloseReason::NotDraining(limit))
        }
    }
}

async fn receive(
    shared: &Shared,
    flow: &FlowState,
    received: Option<Result<Message, Error>>,
) -> Result<(), CloseReason> {
    match received {
        None => Err(CloseReason::Broken("connection ended without a close frame".into())),
        Some(Err(error)) => Err(ended(shared, error)),
        Some(Ok(Message::Text(text))) => message(shared, flow, text.into()).await,
        Some(Ok(Message::Binary(bytes))) => message(shared, flow, bytes).await,
        Some(Ok(Message::Close(frame))) => {
            // What the library makes of a code that nobody may send (RFC 6455 §7.4), and answers. A
            // client that says 1002 by itself is counted with them.
            let forbidden = |frame: &CloseFrame| frame.code == CloseCode::Protocol;
            if frame.as_ref().is_some_and(forbidden) {
                count(&shared.counters.malformed_total);
            }
            let text = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
            Err(CloseReason::Peer(text))
        }
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
    }
}

/// A connection that ends in the middle of a message ends otherwise than one that is just gone.
fn cut_off<S>(shared: &Shared, edges: &Edges<S>, reason: CloseReason) -> CloseReason {
    if !matches!(reason, CloseReason::Broken(_)) || !edges.is_inside() {
        return reason;
    }
    count(&shared.counters.malformed_total);
    CloseReason::Broken("connection ended in the middle of a message".into())
}

/// SIP.js sends a double CRLF as keep-alive over WebSocket too, and expects one back.
async fn message(shared: &Shared, flow: &FlowState, bytes: Bytes) -> Result<(), CloseReason> {
    match bytes.as_ref() {
        b"\r\n\r\n" => {
            count(&shared.counters.keepalives_answered_total);
            stream::reply(flow, Bytes::from_static(b"\r\n"));
            Ok(())
        }
        b"\r\n" | b"" => Ok(()),
        _ => stream::deliver(shared, flow, bytes).await,
    }
}

/// Whose fault the end is.
fn ended(shared: &Shared, error: Error) -> CloseReason {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => CloseReason::Peer(String::new()),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            CloseReason::Broken("connection ended without a close frame".into())
        }
        Error::Capacity(CapacityError::MessageTooLong { max_size, .. }) => {
            count(&shared.counters.malformed_total);
            CloseReason::TooLarge(max_size)
        }
        Error::Utf8(_) => {
            count(&shared.counters.malformed_total);
            CloseReason::NotText
        }
        Error::Io(error) => CloseReason::Broken(error.to_string()),
        error => {
            count(&shared.counters.malformed_total);
            CloseReason::Malformed(error.to_string())
        }
    }
}

/// Sends the close frame with the reason and waits a moment for the client's.
async fn say_goodbye<S>(socket: &mut WebSocketStream<S>, reason: &CloseReason)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let code = match reason {
        CloseReason::Malformed(_) => CloseCode::Protocol,
        CloseReason::NotText => CloseCode::Invalid,
        CloseReason::TooLarge(_) => CloseCode::Size,
        CloseReason::NoRequest(_) => CloseCode::Policy,
        CloseReason::Shutdown => CloseCode::Away,
        CloseReason::TooMany => CloseCode::Again,
        CloseReason::Broken(_) | CloseReason::NotDraining(_) => return,
        _ => CloseCode::Normal,
    };
    let text = match reason {
        CloseReason::Peer(_) => String::new(),
        reason => reason.to_string(),
    };
    close_websocket(socket, code, text).await;
}

/// Sends a close frame and waits at most a second for the client's, and for the end of what it
/// was sending: a connection that is closed with bytes unread is reset, and a reset may overtake
/// the close frame. The text is cut to what a control frame holds.
pub async fn close_websocket<S>(socket: &mut WebSocketStream<S>, code: CloseCode, mut text: String)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let end = (0..=MAX_REASON_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.truncate(end);
    let goodbye = async {
        let frame = CloseFrame { code, reason: text.into() };
        // Errors mean that the client is gone already.
        let _ = socket.close(Some(frame)).await;
        while let Some(Ok(_)) = socket.next().await {}
        let _ = socket.get_mut().shutdown().await;
        let mut rest = (&mut *socket.get_mut()).take(MAX_DRAINED_BYTES);
        let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
    };
    let _ = timeout(CLOSE_PATIENCE, goodbye).await;
}
