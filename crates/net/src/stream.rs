//! SIP over TCP and TLS: accepting, dialling, and the task of one connection.
//!
//! A connection's task reads, cuts into messages with [`crate::splitter`], answers keep-alives and
//! writes its queue. It ends a connection that carries no request in time, stalls in the middle
//! of a message, does not drain, or speaks no SIP.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rustls::pki_types::ServerName;
use sidetone_sip::limits::Limits;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::TlsConnector;

use crate::complaints::Complaints;
use crate::counters::{add, count};
use crate::event::{CloseReason, Inbound, NetEvent, Turn};
use crate::flow::{FlowOrigin, FlowState, NewFlow, Out};
use crate::net::{ListenerKind, ListenerState, Shared};
use crate::socket::{Listener, Stream};
use crate::splitter::{Piece, next_piece};
use crate::start_line::is_sip;
use crate::stun;
use crate::tls::ClientTls;

/// Room made for one read: most SIP messages fit, and an idle connection holds no more.
const READ_BYTES: usize = 4_096;
/// Goodbyes (TLS close_notify, FIN) are said within this time or not at all.
const GOODBYE: Duration = Duration::from_secs(1);
/// The keep-alive of who opened the connection (RFC 5626 §4.4.1).
const PING: &[u8] = b"\r\n\r\n";
/// Pause after `accept` failed for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until the listener is stopped.
pub(crate) async fn accept(shared: Arc<Shared>, listener: Arc<ListenerState>, socket: Listener) {
    let failures = Complaints::about("connections that were not accepted");
    loop {
        let accepted = tokio::select! {
            () = listener.stop.cancelled() => return,
            accepted = socket.accept(listener.spec.keepalive) => accepted,
        };
        match accepted {
            Ok((stream, remote)) => admit(&shared, &listener, stream, remote),
            Err(error) => {
                if failures.admit(listener.spec.bind.ip()) {
                    tracing::warn!("transport '{}': accepting failed: {error}", listener.name);
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn admit(shared: &Arc<Shared>, listener: &Arc<ListenerState>, stream: Stream, remote: SocketAddr) {
    let (sender, queue) = mpsc::channel(shared.settings.load().out_queue_depth.max(1));
    let new = NewFlow {
        transport: listener.spec.protocol.transport(),
        local: Some(stream.local_addr().unwrap_or(listener.local)),
        remote,
        listener: Arc::clone(&listener.name),
        origin: FlowOrigin::Accepted,
        server_name: None,
        out: Out::Queue(sender),
    };
    let added = shared.table.lock().add_connection(new, shared.limits());
    let Some(flow) = added else {
        count(&shared.counters.connections_refused_total);
        return;
    };
    count(&shared.counters.connections_accepted_total);
    shared.tasks.spawn(accepted(Arc::clone(shared), Arc::clone(listener), flow, stream, queue));
}

/// The life of an accepted connection.
async fn accepted(
    shared: Arc<Shared>,
    listener: Arc<ListenerState>,
    flow: Arc<FlowState>,
    stream: Stream,
    mut queue: mpsc::Receiver<Bytes>,
) {
    let deadline = Instant::now() + shared.settings.load().request_deadline;
    let reason = match &listener.kind {
        ListenerKind::Tls { gate, .. } => {
            let handshake = tokio::select! {
                handshake = gate.accept(stream, flow.remote) => handshake.ok(),
                _ = flow.stopped() => None,
            };
            let Some(stream) = handshake else {
                // Never reported as open, so nothing to report as closed.
                shared.table.lock().remove(&flow);
                return;
            };
            Box::pin(serve(&shared, &flow, stream, &mut queue, Some(deadline))).await
        }
        ListenerKind::Tcp | ListenerKind::Udp(_) => {
            Box::pin(serve(&shared, &flow, stream, &mut queue, Some(deadline))).await
        }
    };
    finish(&shared, &flow, queue, reason).await;
}

/// The life of a dialled connection.
pub(crate) async fn dial(
    shared: Arc<Shared>,
    listener: Arc<ListenerState>,
    flow: Arc<FlowState>,
    mut queue: mpsc::Receiver<Bytes>,
) {
    let limit = shared.settings.load().connect_timeout;
    let connect = timeout(limit, shared.sockets.connect(&listener.spec, flow.remote));
    let connected = tokio::select! {
        connected = connect => match connected {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(CloseReason::ConnectFailed(error.to_string())),
            Err(_) => Err(CloseReason::ConnectFailed(format!("no answer in {limit:?}"))),
        },
        reason = flow.stopped() => Err(reason),
    };
    let reason = match connected {
        Err(reason) => {
            count(&shared.counters.connects_failed_total);
            reason
        }
        Ok(stream) => {
            count(&shared.counters.connections_dialled_total);
            if let Ok(local) = stream.local_addr() {
                flow.established(local);
            }
            match &listener.kind {
                ListenerKind::Tls { client, .. } => {
                    match shake_hands(&shared, &flow, client, stream).await {
                        Ok(stream) => {
                            Box::pin(serve(&shared, &flow, stream, &mut queue, None)).await
                        }
                        Err(reason) => reason,
                    }
                }
                _ => Box::pin(serve(&shared, &flow, stream, &mut queue, None)).await,
            }
        }
    };
    finish(&shared, &flow, queue, reason).await;
}

/// TLS as client. The name to prove is the one dialled, or the address when there is none.
async fn shake_hands(
    shared: &Shared,
    flow: &FlowState,
    client: &ClientTls,
    stream: Stream,
) -> Result<tokio_rustls::client::TlsStream<Stream>, CloseReason> {
    let name = match flow.server_name.as_deref() {
        Some(name) => ServerName::try_from(name.to_owned())
            .map_err(|_| CloseReason::TlsFailed(format!("'{name}' is no host name")))?,
        None => ServerName::IpAddress(flow.remote.ip().into()),
    };
    let limit = shared.settings.load().connect_timeout;
    let connector = TlsConnector::from(client.config());
    let failure = tokio::select! {
        shaken = timeout(limit, connector.connect(name, stream)) => match shaken {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => CloseReason::TlsFailed(error.to_string()),
            Err(_) => CloseReason::TlsFailed(format!("not finished within {limit:?}")),
        },
        reason = flow.stopped() => return Err(reason),
    };
    count(&shared.counters.tls_failures_total);
    tracing::error!("Problem setting up ssl connection: {failure}");
    tracing::error!("Unable to set up ssl connection with peer '{}'", flow.remote);
    Err(failure)
}

/// Takes the flow out of the table and tells what became of it and its unsent messages.
pub(crate) async fn finish(
    shared: &Shared,
    flow: &FlowState,
    mut queue: mpsc::Receiver<Bytes>,
    reason: CloseReason,
) {
    shared.table.lock().remove(flow);
    queue.close();
    while let Ok(bytes) = queue.try_recv() {
        if !is_keepalive(&bytes) {
            let (flow, reason) = (flow.flow(), reason.clone());
            shared.tell(NetEvent::SendFailed { flow, bytes, reason }).await;
        }
    }
    let flow = flow.flow();
    tracing::debug!("flow {} {} {} closed: {reason}", flow.id, flow.transport, flow.remote);
    shared.tell(NetEvent::FlowClosed { flow, reason }).await;
}

fn is_keepalive(bytes: &[u8]) -> bool {
    bytes == b"\r\n" || bytes == PING || stun::looks_like_stun(bytes)
}

/// Carries an established stream until it ends.
async fn serve<S>(
    shared: &Shared,
    flow: &Arc<FlowState>,
    stream: S,
    queue: &mut mpsc::Receiver<Bytes>,
    deadline: Option<Instant>,
) -> CloseReason
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    shared.tell(NetEvent::FlowOpened(flow.flow())).await;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let reason = tokio::select! {
        reason = read(shared, flow, &mut reader) => reason,
        reason = write(shared, flow, &mut writer, queue) => reason,
        reason = flow.stopped() => reason,
        reason = no_request(shared, flow, deadline) => reason,
    };
    // A peer that is gone or hostile does not hold us up.
    let _ = timeout(GOODBYE, writer.shutdown()).await;
    reason
}

/// Resolves when a connection has carried no valid message until its deadline (FAQ-01).
pub(crate) async fn no_request(
    shared: &Shared,
    flow: &FlowState,
    deadline: Option<Instant>,
) -> CloseReason {
    let Some(deadline) = deadline else {
        return std::future::pending().await;
    };
    sleep_until(deadline).await;
    if flow.is_kept() {
        return std::future::pending().await;
    }
    let limit = shared.settings.load().request_deadline;
    let reason = CloseReason::NoRequest(limit);
    count(&shared.counters.connections_without_request_total);
    let (transport, remote) = (flow.transport, flow.remote);
    tracing::info!("Shutting down transport '{transport} to {remote}' since {reason}");
    reason
}

async fn write<W>(
    shared: &Shared,
    flow: &FlowState,
    writer: &mut W,
    queue: &mut mpsc::Receiver<Bytes>,
) -> CloseReason
where
    W: AsyncWrite + Unpin,
{
    loop {
        let bytes = tokio::select! {
            biased;
            bytes = queue.recv() => match bytes {
                Some(bytes) => bytes,
                None => break,
            },
            () = silence_is_long(shared, flow) => Bytes::from_static(PING),
        };
        let limit = shared.settings.load().stream_write_timeout;
        let written = async {
            writer.write_all(&bytes).await?;
            writer.flush().await
        };
        match timeout(limit, written).await {
            Ok(Ok(())) => sent(shared, flow, &bytes),
            Ok(Err(error)) => return CloseReason::Broken(error.to_string()),
            Err(_) => {
                count(&shared.counters.connections_not_draining_total);
                return CloseReason::NotDraining(limit);
            }
        }
    }
    CloseReason::Requested("no longer wanted".into())
}

/// Resolves when it is time to show whoever sits between us and a peer that we connected to that
/// the connection is in use. A peer that connected to us does that itself.
async fn silence_is_long(shared: &Shared, flow: &FlowState) {
    let interval = shared.settings.load().keep_alive_interval;
    match interval.filter(|_| flow.origin == FlowOrigin::Dialled) {
        Some(interval) => sleep(interval).await,
        None => std::future::pending().await,
    }
}

pub(crate) fn sent(shared: &Shared, flow: &FlowState, bytes: &[u8]) {
    if is_keepalive(bytes) {
        flow.touch();
        return;
    }
    flow.sent(bytes.len());
    count(&shared.counters.messages_out_total);
    add(&shared.counters.bytes_out_total, bytes.len());
}

async fn read<R>(shared: &Shared, flow: &FlowState, reader: &mut R) -> CloseReason
where
    R: AsyncRead + Unpin,
{
    let settings = shared.settings.load_full();
    let limits = Limits { message_bytes: settings.max_message_bytes, ..Limits::DEFAULT };
    let mut buffer = BytesMut::new();
    let mut partial_since: Option<Instant> = None;
    loop {
        let received = async {
            buffer.reserve(READ_BYTES);
            reader.read_buf(&mut buffer).await
        };
        let received = match partial_since {
            None => received.await,
            Some(since) => match timeout_at(since + settings.request_deadline, received).await {
                Some(received) => received,
                None => return malformed(shared, "message was not finished in time"),
            },
        };
        match received {
            Ok(0) if partial_since.is_some() => return cut_off(shared),
            // TLS without its close_notify.
            Err(error) if partial_since.is_some() && error.kind() == ErrorKind::UnexpectedEof => {
                return cut_off(shared);
            }
            Ok(0) => return CloseReason::Peer(String::new()),
            Ok(_) => flow.touch(),
            Err(error) => return CloseReason::Broken(error.to_string()),
        }
        match take_messages(shared, flow, &mut buffer, &limits).await {
            // What is left is the start of another message: a busy trunk may always have one.
            Ok(Progress::Some) => partial_since = None,
            Ok(Progress::None) => {}
            Err(reason) => return reason,
        }
        // Half a ping may wait for ever, half a message may not.
        let partial = buffer.iter().any(|byte| !matches!(byte, b'\r' | b'\n'));
        partial_since = partial.then(|| partial_since.unwrap_or_else(Instant::now));
    }
}

fn cut_off(shared: &Shared) -> CloseReason {
    count(&shared.counters.malformed_total);
    CloseReason::Peer("in the middle of a message".to_owned())
}

async fn timeout_at<F: Future>(deadline: Instant, future: F) -> Option<F::Output> {
    tokio::time::timeout_at(deadline, future).await.ok()
}

/// Whether a read completed a message.
enum Progress {
    None,
    Some,
}

/// Takes everything complete out of the buffer.
async fn take_messages(
    shared: &Shared,
    flow: &FlowState,
    buffer: &mut BytesMut,
    limits: &Limits,
) -> Result<Progress, CloseReason> {
    let mut progress = Progress::None;
    loop {
        match next_piece(buffer, limits).map_err(|text| malformed(shared, &text))? {
            None => break,
            Some(Piece::Message(message)) => {
                deliver(shared, flow, message).await?;
                progress = Progress::Some;
            }
            Some(Piece::Stun(request)) => answer_stun(shared, flow, &request),
            Some(Piece::Ping) => {
                count(&shared.counters.keepalives_answered_total);
                reply(flow, Bytes::from_static(b"\r\n"));
            }
        }
    }
    if buffer.is_empty() {
        // Gives the memory of a large message back.
        *buffer = BytesMut::new();
    }
    Ok(progress)
}

fn malformed(shared: &Shared, text: &str) -> CloseReason {
    count(&shared.counters.malformed_total);
    CloseReason::Malformed(text.to_owned())
}

fn answer_stun(shared: &Shared, flow: &FlowState, request: &[u8]) {
    match stun::binding_answer(request, flow.remote) {
        Some(answer) => {
            count(&shared.counters.keepalives_answered_total);
            reply(flow, Bytes::from(answer));
        }
        None => count(&shared.counters.malformed_total),
    }
}

/// A keep-alive answer that finds the queue full is not missed: the queue itself is traffic.
pub(crate) fn reply(flow: &FlowState, bytes: Bytes) {
    if let Out::Queue(queue) = &flow.out {
        let _ = queue.try_send(bytes);
    }
}

/// Hands one message up, when it is its turn, and notes that the flow has carried it.
pub(crate) async fn deliver(
    shared: &Shared,
    flow: &FlowState,
    bytes: Bytes,
) -> Result<(), CloseReason> {
    if !is_sip(&bytes) {
        return Err(malformed(shared, "the first line is no SIP"));
    }
    if !flow.is_proven() {
        shared.table.lock().prove(flow);
    }
    let name = flow.transport.param_name();
    tracing::debug!(target: "walk", step = 1, "net/{name}");
    flow.received(bytes.len());
    count(&shared.counters.messages_in_total);
    add(&shared.counters.bytes_in_total, bytes.len());
    let received_at = Instant::now().into_std();
    let turn = Turn::take(&flow.turns).await;
    let message = Inbound { flow: flow.flow(), bytes, received_at, turn };
    shared.events.send(NetEvent::Message(message)).await.map_err(|_| CloseReason::Shutdown)
}
