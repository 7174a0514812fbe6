//! How a phone reaches the exchange: the exchange's own sockets over UDP and TCP, or the client
//! side of a WebSocket as a browser has it.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use sidetone_base::{Destination, Flow, FlowId, Transport};
use sidetone_net::sim::{Host, Stream};
use sidetone_net::{ListenerSpec, Net, NetEvent, NetSettings, Protocol};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::building::{EXCHANGE, SIP_PORT, WEBSOCKET_PORT};

/// Events that may wait for a phone.
const EVENTS: usize = 256;

/// What a phone's line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// SIP over UDP, plain RTP.
    Udp,
    /// SIP over TCP, plain RTP.
    Tcp,
    /// A browser: SIP over WebSocket, WebRTC.
    WebSocket,
}

impl Line {
    pub(crate) fn transport(self) -> Transport {
        match self {
            Self::Udp => Transport::Udp,
            Self::Tcp => Transport::Tcp,
            Self::WebSocket => Transport::Ws,
        }
    }
}

/// What a wire brings.
#[derive(Debug)]
pub(crate) enum Heard {
    Message(Flow, Bytes),
    Closed(FlowId),
    NotSent(Bytes),
}

#[derive(Debug)]
pub(crate) enum Wire {
    Sockets { net: Net, events: mpsc::Receiver<NetEvent>, transport: Transport },
    Browser { host: Host, socket: Option<Box<WebSocketStream<Stream>>>, flow: Flow },
}

impl Wire {
    pub(crate) async fn new(line: Line, host: Host) -> Self {
        let transport = line.transport();
        if line == Line::WebSocket {
            let flow = Flow {
                id: FlowId(0),
                transport,
                local: SocketAddr::new(host.ip(), 0),
                remote: SocketAddr::new(EXCHANGE, WEBSOCKET_PORT),
            };
            return Self::Browser { host, socket: None, flow };
        }
        let (sender, events) = mpsc::channel(EVENTS);
        let ip = host.ip();
        let net = Net::simulated(NetSettings::default(), sender, host);
        let protocol = if line == Line::Udp { Protocol::Udp } else { Protocol::Tcp };
        let spec = ListenerSpec::new("line", protocol, SocketAddr::new(ip, SIP_PORT));
        net.listen(spec).await.expect("the port is free");
        Self::Sockets { net, events, transport }
    }

    /// Where requests to the exchange go. A browser connects first if it is not connected.
    pub(crate) async fn destination(&mut self) -> Destination {
        match self {
            Self::Sockets { transport, .. } => Destination::Address {
                transport: *transport,
                remote: SocketAddr::new(EXCHANGE, SIP_PORT),
            },
            Self::Browser { host, socket, flow } => {
                if socket.is_none()
                    && let Ok(stream) = host.connect(flow.remote).await
                {
                    flow.local = stream.local_addr();
                    flow.id = FlowId(flow.id.0 + 1);
                    let open = WebSocketStream::from_raw_socket(stream, Role::Client, None);
                    *socket = Some(Box::new(open.await));
                }
                Destination::Flow(flow.id)
            }
        }
    }

    /// The flow of a browser, which the stack must be shown before it sends.
    pub(crate) fn flow(&self) -> Option<Flow> {
        match self {
            Self::Sockets { .. } => None,
            Self::Browser { flow, .. } => Some(*flow),
        }
    }

    /// Sends a message; `false` when it cannot leave.
    pub(crate) async fn send(&mut self, to: Destination, bytes: Bytes) -> bool {
        match self {
            Self::Sockets { net, .. } => net.send(to, bytes).is_ok(),
            Self::Browser { socket, .. } => {
                let Some(open) = socket else { return false };
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let sent = open.send(Message::Text(text.into())).await.is_ok();
                if !sent {
                    *socket = None;
                }
                sent
            }
        }
    }

    /// The next thing that arrives.
    pub(crate) async fn next(&mut self) -> Heard {
        match self {
            Self::Sockets { events, .. } => loop {
                match events.recv().await {
                    Some(NetEvent::Message(inbound)) => {
                        return Heard::Message(inbound.flow, inbound.bytes);
                    }
                    Some(NetEvent::FlowClosed { flow, .. }) => return Heard::Closed(flow.id),
                    Some(NetEvent::SendFailed { bytes, .. }) => return Heard::NotSent(bytes),
                    Some(NetEvent::FlowOpened(_)) => {}
                    None => std::future::pending().await,
                }
            },
            Self::Browser { socket, flow, .. } => loop {
                let Some(open) = socket else { std::future::pending().await };
                match open.next().await {
                    Some(Ok(Message::Text(text))) => {
                        return Heard::Message(*flow, Bytes::from(text.as_str().to_owned()));
                    }
                    Some(Ok(Message::Binary(bytes))) => return Heard::Message(*flow, bytes),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => {
                        *socket = None;
                        return Heard::Closed(flow.id);
                    }
                    Some(Ok(_)) => {}
                }
            },
        }
    }

    /// `sent-by` of our Via and the host of our Contact.
    pub(crate) fn sent_by(&self, ip: IpAddr) -> String {
        match self {
            Self::Sockets { .. } => format!("{ip}:{SIP_PORT}"),
            // RFC 7118 §5: a browser does not know its address.
            Self::Browser { .. } => "browser.invalid".to_owned(),
        }
    }
}
