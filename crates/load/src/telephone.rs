//! A switchboard of telephones: one agent behind one UDP socket that makes and takes many calls.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use bytes::Bytes;
use nix::sys::socket::{setsockopt, sockopt};
use sidetone_base::Transport;
use sidetone_ua::api::Event;

use crate::agent::{Agent, Wants};
use crate::{Loopback, Outcome};

/// A datagram's largest size.
const MAX_DATAGRAM: usize = 65_536;
/// The longest nap, so that a bound in time is kept.
const NAP: Duration = Duration::from_millis(20);
/// Room for 1,000 messages that wait for this thread.
const SOCKET_BUFFER: usize = 4 << 20;

/// The agent and its socket.
#[derive(Debug)]
pub struct Switchboard {
    /// What speaks.
    pub agent: Agent,
    socket: UdpSocket,
    server: Loopback,
    buffer: Vec<u8>,
    invited: HashMap<Vec<u8>, Instant>,
    /// From each INVITE to its 100.
    pub trying: Vec<Duration>,
}

/// A socket that can hold a burst.
///
/// # Errors
/// When none can be bound.
pub fn signalling_socket() -> Outcome<UdpSocket> {
    let socket = UdpSocket::bind(Loopback::port(0).address())?;
    setsockopt(&socket, sockopt::RcvBuf, &SOCKET_BUFFER)?;
    Ok(socket)
}

impl Switchboard {
    /// A switchboard on a port of its own, or a given one.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub fn new(socket: UdpSocket, server: Loopback, seed: u64) -> Outcome<Self> {
        let local = Loopback::new(socket.local_addr()?)?;
        Ok(Self {
            agent: Agent::new(Transport::Udp, local, server, seed),
            socket,
            server,
            buffer: vec![0; MAX_DATAGRAM],
            invited: HashMap::new(),
            trying: Vec::new(),
        })
    }

    /// The next event, or `None` when none came until then.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn next(&mut self, until: Instant) -> Outcome<Option<Event>> {
        loop {
            let deadline = match self.agent.poll() {
                Wants::Event(event) => return Ok(Some(event)),
                Wants::Send(bytes) => {
                    self.send(&bytes)?;
                    continue;
                }
                Wants::Wait(deadline) => deadline,
            };
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                self.agent.handle_timeout(now);
                continue;
            }
            let wake = deadline.map_or(until, |deadline| deadline.min(until));
            let Some(left) = wake.checked_duration_since(now).filter(|left| !left.is_zero()) else {
                return Ok(None);
            };
            self.receive(left.min(NAP))?;
        }
    }

    fn send(&mut self, bytes: &Bytes) -> Outcome {
        if bytes.starts_with(b"INVITE ")
            && let Some(call_id) = call_id(bytes)
        {
            self.invited.insert(call_id.to_vec(), Instant::now());
        }
        self.socket.send_to(bytes, self.server.address())?;
        Ok(())
    }

    fn receive(&mut self, patience: Duration) -> Outcome {
        self.socket.set_read_timeout(Some(patience))?;
        let length = match self.socket.recv(&mut self.buffer) {
            Ok(length) => length,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let now = Instant::now();
        let bytes = Bytes::copy_from_slice(self.buffer.get(..length).unwrap_or_default());
        if bytes.starts_with(b"SIP/2.0 100 ")
            && let Some(sent) = call_id(&bytes).and_then(|call_id| self.invited.remove(call_id))
        {
            self.trying.push(now - sent);
        }
        self.agent.receive(now, &bytes);
        Ok(())
    }
}

/// The Call-ID of a message, looked up in its text: cheaper than parsing it twice.
fn call_id(bytes: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"\r\nCall-ID: ";
    let start = bytes.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
    let rest = bytes.get(start..)?;
    rest.get(..rest.iter().position(|byte| *byte == b'\r')?)
}
