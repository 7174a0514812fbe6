//! Step 1 of the INVITE walk, with `stream` and `websocket`. SIP over UDP: one task per socket
//! reads datagrams, finds their flow and hands them up.
//!
//! Keep-alives are answered here: STUN binding requests (RFC 5626 §4.4.2); datagrams of nothing
//! but line ends or zeros, which old phones send to hold a NAT binding, are dropped.

use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sidetone_base::Transport;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;

use crate::counters::{add, count};
use crate::event::{Inbound, NetEvent, Turn};
use crate::flow::{FlowOrigin, FlowState, NewFlow, Out};
use crate::net::{ListenerKind, ListenerState, Shared};
use crate::socket::Datagrams;
use crate::start_line::is_sip;
use crate::stun;

/// Datagrams read in one turn before other tasks get theirs.
const BATCH: usize = 64;
/// Time between walks that forget idle flows.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);
/// A socket that only gives errors is asked this often.
const ERROR_PAUSE: Duration = Duration::from_millis(10);

/// Reads a listener's socket until it is stopped.
pub(crate) async fn run(shared: Arc<Shared>, listener: Arc<ListenerState>) {
    let ListenerKind::Udp(socket) = &listener.kind else {
        return;
    };
    let mut buffer = vec![0; 65_536];
    let mut sweep = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        let first = tokio::select! {
            () = listener.stop.cancelled() => break,
            _ = sweep.tick() => {
                shared.table.lock().sweep(shared.limits());
                continue;
            }
            received = socket.recv_from(&mut buffer) => received,
        };
        // A fault must cost these datagrams and not the listener.
        let read = AssertUnwindSafe(|| drain(&shared, &listener, socket, &mut buffer, first));
        let outcome = std::panic::catch_unwind(read).unwrap_or_else(|_| {
            tracing::error!("transport '{}': a fault lost up to {BATCH} datagrams", listener.name);
            Ok(())
        });
        if outcome.is_err() {
            tokio::time::sleep(ERROR_PAUSE).await;
        }
        tokio::task::yield_now().await;
    }
    let mut table = shared.table.lock();
    let ours: Vec<_> = table
        .iter()
        .filter(|flow| matches!(&flow.out, Out::Datagram(of) if Arc::ptr_eq(of, socket)))
        .cloned()
        .collect();
    ours.iter().for_each(|flow| table.remove(flow));
}

/// Handles what was received and what waits behind it, up to a batch.
fn drain(
    shared: &Arc<Shared>,
    listener: &Arc<ListenerState>,
    socket: &Arc<Datagrams>,
    buffer: &mut [u8],
    first: io::Result<(usize, SocketAddr)>,
) -> io::Result<()> {
    let mut received = first;
    for _ in 0..BATCH {
        match received {
            Ok((length, remote)) => {
                let datagram = buffer.get(..length).unwrap_or_default();
                receive(shared, listener, socket, datagram, remote);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => {
                tracing::debug!("transport '{}': reading failed: {error}", listener.name);
                return Err(error);
            }
        }
        received = socket.try_recv_from(buffer);
    }
    // The last one read belongs to no turn yet.
    if let Ok((length, remote)) = received {
        receive(shared, listener, socket, buffer.get(..length).unwrap_or_default(), remote);
    }
    Ok(())
}

fn receive(
    shared: &Arc<Shared>,
    listener: &Arc<ListenerState>,
    socket: &Arc<Datagrams>,
    datagram: &[u8],
    remote: SocketAddr,
) {
    let counters = &shared.counters;
    if let Some(answer) = stun::binding_answer(datagram, remote) {
        // Lost like any datagram when the system does not take it.
        let _ = socket.try_send_to(&answer, remote);
        count(&counters.keepalives_answered_total);
        return;
    }
    if datagram.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0 | b' ')) {
        return;
    }
    if !is_sip(datagram) {
        count(&counters.malformed_total);
        return;
    }
    let Some(flow) = flow(shared, listener, socket, remote) else {
        count(&counters.udp_sources_refused_total);
        return;
    };
    tracing::debug!(target: "walk", step = 1, "net/udp");
    flow.received(datagram.len());
    count(&counters.messages_in_total);
    add(&counters.bytes_in_total, datagram.len());
    let message = Inbound {
        flow: flow.flow(),
        bytes: Bytes::copy_from_slice(datagram),
        received_at: Instant::now().into_std(),
        turn: Turn::default(),
    };
    if let Err(TrySendError::Full(_)) = shared.events.try_send(NetEvent::Message(message)) {
        count(&counters.datagrams_unheard_total);
    }
}

/// The flow between a listener's socket and a remote address, made when it is new.
pub(crate) fn flow(
    shared: &Shared,
    listener: &ListenerState,
    socket: &Arc<Datagrams>,
    remote: SocketAddr,
) -> Option<Arc<FlowState>> {
    let new = || NewFlow {
        transport: Transport::Udp,
        local: Some(listener.local),
        remote,
        listener: Arc::clone(&listener.name),
        origin: FlowOrigin::Datagram,
        server_name: None,
        out: Out::Datagram(Arc::clone(socket)),
    };
    shared.table.lock().datagram_flow(listener.local, remote, shared.limits(), new)
}
