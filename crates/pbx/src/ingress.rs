//! Step 2 of the INVITE walk: what the flows bring is admitted, parsed and handed to the shard of
//! its Call-ID. What cannot be parsed is answered here, if it can be answered at all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use sidetone_base::{Flow, Transport};
use sidetone_events::Event;
use sidetone_events::catalogue::Way;
use sidetone_net::{Inbound, NetEvent};
use sidetone_sip::{Carrier, Fault, Limits, Message, Method, Name, ParseError};
use tokio::sync::mpsc;

use crate::exchange::Exchange;
use crate::register;
use crate::shard::ShardInput;

/// Requests outside dialogs that one source may send per second, on average and at once. An
/// office behind one address that loses its uplink registers again within seconds: 500 phones at
/// once, then 100 per second, is far above any honest use and far below what would delay a call.
const SOURCE_RATE: f64 = 200.0;
const SOURCE_BURST: f64 = 1_000.0;

/// Sources remembered; beyond it the table is emptied of those that are quiet.
const MAX_SOURCES: usize = 50_000;

/// Takes what the flows bring until they are gone.
pub(crate) async fn run(exchange: Exchange, mut events: mpsc::Receiver<NetEvent>) {
    let mut gate = Gate::default();
    while let Some(event) = events.recv().await {
        match event {
            NetEvent::Message(inbound) => message(&exchange, &mut gate, inbound).await,
            NetEvent::FlowOpened(flow) => exchange.bus().publish(Event::FlowOpened(flow)),
            NetEvent::FlowClosed { flow, reason } => {
                let why = reason.to_string();
                exchange.bus().publish(Event::FlowClosed { flow, why });
                let changes = {
                    let mut registrar = exchange.registrar();
                    registrar.flow_closed(flow.id);
                    registrar.take_changes()
                };
                register::publish(&exchange, changes);
                for shard in exchange.shards() {
                    shard.deliver(ShardInput::FlowClosed(flow.id)).await;
                }
            }
            NetEvent::SendFailed { bytes, .. } => {
                if let Ok(message) = Message::parse(&bytes, Carrier::Stream, &Limits::default())
                    && let Some(call_id) = message.headers().value(Name::CallId)
                {
                    let shard = exchange.shard_of(call_id.as_bytes());
                    shard.deliver(ShardInput::SendFailed(bytes)).await;
                }
            }
        }
    }
}

async fn message(exchange: &Exchange, gate: &mut Gate, inbound: Inbound) {
    let Inbound { flow, bytes, received_at } = inbound;
    exchange.show_message(Way::In, &flow, &bytes);
    let carrier = match flow.transport {
        Transport::Tcp | Transport::Tls => Carrier::Stream,
        Transport::Udp | Transport::Ws | Transport::Wss => Carrier::Datagram,
    };
    tracing::debug!(target: "walk", step = 2, "pbx/ingress");
    let message = match Message::parse(&bytes, carrier, &Limits::default()) {
        Ok(message) => message,
        Err(error) => {
            tracing::debug!("from {}: {error}", flow.remote);
            if gate.admit(received_at, &flow) {
                refuse(exchange, &flow, &error);
            }
            return;
        }
    };
    if opens(&message) && !gate.admit(received_at, &flow) {
        return;
    }
    let Some(call_id) = message.headers().value(Name::CallId) else {
        if let Message::Request(request) = &message {
            refuse(exchange, &flow, &ParseError::of(Fault::Missing(Name::CallId), request));
        }
        return;
    };
    let shard = exchange.shard_of(call_id.as_bytes()).clone();
    let input = ShardInput::Message { flow, message: Box::new(message) };
    if flow.transport.is_reliable() {
        shard.deliver(input).await;
    } else if !shard.offer(input) {
        tracing::debug!("a datagram of {} was dropped: its shard is behind", flow.remote);
    }
}

/// Answers what cannot be used, if it may be answered.
fn refuse(exchange: &Exchange, flow: &Flow, error: &ParseError) {
    if let Some(response) = error.response() {
        // The peer is broken or hostile; whether it reads the refusal is its affair.
        let destination = sidetone_base::Destination::Flow(flow.id);
        let _ = exchange.send(destination, response.to_bytes());
    }
}

/// Whether the message is a request that may begin something: only those are limited, so that a
/// flood never touches calls that run.
fn opens(message: &Message) -> bool {
    match message {
        Message::Response(_) => false,
        Message::Request(request) => {
            !matches!(request.method, Method::Ack | Method::Bye | Method::Cancel | Method::Prack)
                && !has_to_tag(message)
        }
    }
}

fn has_to_tag(message: &Message) -> bool {
    let to = message.headers().typed::<sidetone_sip::headers::To>();
    matches!(to, Ok(Some(to)) if to.tag().is_some())
}

/// A token bucket per source address.
#[derive(Debug, Default)]
struct Gate {
    sources: HashMap<IpAddr, Bucket>,
    refused_total: u64,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Gate {
    fn admit(&mut self, now: Instant, flow: &Flow) -> bool {
        // Loopback is the operator's own proxy or test: its sources are counted there.
        if flow.remote.ip().is_loopback() {
            return true;
        }
        if self.sources.len() >= MAX_SOURCES {
            self.sources.retain(|_, bucket| {
                now.saturating_duration_since(bucket.at) < Duration::from_secs(10)
            });
        }
        let fresh = Bucket { tokens: SOURCE_BURST, at: now };
        let bucket = self.sources.entry(flow.remote.ip()).or_insert(fresh);
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * SOURCE_RATE).min(SOURCE_BURST);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            self.refused_total += 1;
            if self.refused_total.is_power_of_two() {
                let (source, total) = (flow.remote.ip(), self.refused_total);
                tracing::warn!("{source} sends too many requests: {total} refused so far");
            }
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidetone_base::FlowId;

    fn flow(remote: &str) -> Flow {
        Flow {
            id: FlowId(1),
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().expect("an address"),
            remote: remote.parse().expect("an address"),
        }
    }

    #[test]
    fn a_flood_from_one_source_leaves_the_others_alone() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        let flooder = flow("198.51.100.1:5060");
        let admitted = (0..5_000).filter(|_| gate.admit(now, &flooder)).count();
        assert_eq!(admitted, 1_000);
        assert!(gate.admit(now, &flow("198.51.100.2:5060")));
        assert!(gate.admit(now + Duration::from_secs(1), &flooder));
    }
}
