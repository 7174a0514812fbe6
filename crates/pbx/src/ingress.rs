//! Step 2 of the INVITE walk: what the flows bring is admitted, parsed and handed to the shard of
//! its Call-ID. What cannot be parsed is answered here, if it can be answered at all.

use sidetone_base::{Flow, Transport};
use sidetone_events::Event;
use sidetone_events::catalogue::Way;
use sidetone_net::{Inbound, NetEvent};
use sidetone_party::sources;
use sidetone_sip::{Carrier, Fault, Limits, Message, Name, ParseError};
use tokio::sync::mpsc;

use crate::counters::{Counters, Refusal};
use crate::exchange::Exchange;
use crate::guard::caught;
use crate::register;
use crate::shard::{ShardHandle, ShardInput};

/// Takes what the flows bring until they are gone.
pub(crate) async fn run(exchange: Exchange, mut events: mpsc::Receiver<NetEvent>) {
    while let Some(event) = events.recv().await {
        if caught(take(&exchange, event)).await.is_none() {
            tracing::error!("a fault of the exchange: what one peer sent is lost");
        }
    }
}

async fn take(exchange: &Exchange, event: NetEvent) {
    match event {
        NetEvent::Message(inbound) => message(exchange, inbound).await,
        NetEvent::FlowOpened(flow) => exchange.bus().publish(Event::FlowOpened(flow)),
        NetEvent::FlowClosed { flow, reason } => {
            let why = reason.to_string();
            exchange.bus().publish(Event::FlowClosed { flow, why });
            let changes = {
                let mut registrar = exchange.registrar();
                registrar.flow_closed(flow.id);
                registrar.take_changes()
            };
            register::publish(exchange, changes);
            exchange.registrations().flow_closed(&flow);
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

async fn message(exchange: &Exchange, inbound: Inbound) {
    let Inbound { flow, bytes, received_at, turn } = inbound;
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
            exchange.counters().count(Refusal::SipMalformed);
            if exchange.admits(received_at, &flow) {
                refuse(exchange, &flow, &error);
            }
            return;
        }
    };
    let is_admitted = sources::begins(&message) || sources::is_exempt(&flow);
    if is_admitted && !exchange.admits(received_at, &flow) {
        return;
    }
    let Some(call_id) = message.headers().value(Name::CallId) else {
        exchange.counters().count(Refusal::SipMalformed);
        if let Message::Request(request) = &message {
            refuse(exchange, &flow, &ParseError::of(Fault::Missing(Name::CallId), request));
        }
        return;
    };
    let shard = exchange.shard_of(call_id.as_bytes()).clone();
    let input = ShardInput::Message { flow, message: Box::new(message), is_admitted, turn };
    hand_in(&shard, flow, input, exchange.counters()).await;
}

/// Gives a message to its shard. A connection waits until there is room; a datagram is dropped
/// then and sent again by its sender.
async fn hand_in(shard: &ShardHandle, flow: Flow, input: ShardInput, counters: &Counters) {
    if flow.transport.is_reliable() {
        shard.deliver(input).await;
    } else if !shard.offer(input) {
        counters.count(Refusal::ShardBehind);
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

#[cfg(test)]
#[path = "../tests/unit/ingress.rs"]
mod tests;
