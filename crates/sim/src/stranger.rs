//! Somebody at an address of the network who has no SIP stack: writes bytes over UDP or a
//! connection and shows what comes back. For messages that no stack of ours would write.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use sidetone_net::sim::Host;
use tokio::time::{Instant, timeout_at};

use crate::Line;
use crate::wire::{Heard, Wire};

/// A raw wire to the exchange.
#[derive(Debug)]
pub struct Stranger {
    ip: IpAddr,
    wire: Wire,
}

impl Stranger {
    pub(crate) async fn new(line: Line, host: Host) -> Self {
        Self { ip: host.ip(), wire: Wire::new(line, host).await }
    }

    /// Where it is.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// Sends these bytes, as one datagram or down the connection.
    pub async fn say(&mut self, bytes: impl Into<Bytes>) {
        let to = self.wire.destination().await;
        self.wire.send(to, bytes.into()).await;
    }

    /// What arrives next; `None` when the world is over.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            if let Heard::Message(_, bytes) = self.wire.next().await {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
    }

    /// What arrives within this time, in order.
    pub async fn hear(&mut self, within: Duration) -> Vec<String> {
        let (end, mut heard) = (Instant::now() + within, Vec::new());
        while let Ok(next) = timeout_at(end, self.wire.next()).await {
            if let Heard::Message(_, bytes) = next {
                heard.push(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        heard
    }
}
