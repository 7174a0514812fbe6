//! Follows the event bus and writes what operators want to see while it happens: registrations,
//! connections, calls, digits and security events.

use sidetone_events::{Bus, Event, Subscription};

/// Follows the bus until it is gone. Run it as a task of its own.
pub async fn follow(bus: Bus) {
    let mut events: Subscription = bus.subscribe();
    drop(bus);
    while let Some(event) = events.next().await {
        write(&event);
    }
}

fn write(event: &Event) {
    match event {
        Event::Bridged { caller, callee } => {
            tracing::info!(target: "verbose", "Channels {caller} and {callee} are bridged");
        }
        Event::ChannelCreated {
            name,
            context,
            exten,
            ..
        } if !exten.is_empty() => {
            tracing::info!(target: "verbose", "{name} calls {exten}@{context}");
        }
        Event::ChannelCreated { name, .. } => {
            tracing::info!(target: "verbose", "{name} is called");
        }
        Event::ChannelEnded {
            name, cause, words, ..
        } => {
            tracing::info!(target: "verbose", "{name} hung up: {words} ({cause})");
        }
        Event::ChannelState { name, state, .. } => {
            tracing::info!(target: "verbose", "{name} is {state}");
        }
        Event::ContactAdded {
            aor,
            uri,
            expires_s,
            refreshed,
        } => {
            let what = if *refreshed { "Refreshed" } else { "Added" };
            let text = format!("{what} contact '{uri}' of AOR '{aor}' for {expires_s} seconds");
            tracing::info!(target: "verbose", "{text}");
        }
        Event::ContactRemoved { aor, uri, why } => {
            let why = why.words();
            tracing::info!(target: "verbose", "Removed contact '{uri}' of AOR '{aor}': {why}");
        }
        Event::Dtmf {
            name,
            digit,
            duration_ms,
            ..
        } => {
            tracing::info!(target: "dtmf", "DTMF '{digit}' received on {name}, {duration_ms} ms");
        }
        Event::FlowOpened(flow) => {
            let (transport, remote) = (flow.transport, flow.remote);
            tracing::info!(target: "verbose", "{transport} connection from {remote} opened");
        }
        Event::FlowClosed { flow, why } => {
            let (transport, remote) = (flow.transport, flow.remote);
            tracing::info!(target: "verbose", "{transport} connection from {remote} closed: {why}");
        }
        Event::Media { name, words, .. } => {
            tracing::info!(target: "verbose", "{name}: {words}");
        }
        Event::Security(event) => {
            let now = jiff::Zoned::now()
                .strftime("%Y-%m-%dT%H:%M:%S.%3f%z")
                .to_string();
            tracing::info!(target: "security", "{}", event.line(&now));
        }
        Event::SipMessage {
            way,
            transport,
            remote,
            text,
        } => {
            let words = match way {
                sidetone_events::catalogue::Way::In => "Received SIP from",
                sidetone_events::catalogue::Way::Out => "Transmitting SIP to",
            };
            let text = format!("<--- {words} {transport}:{remote} --->\n{text}");
            tracing::info!(target: "verbose", "{text}");
        }
        Event::User { name, fields, .. } => {
            tracing::info!(target: "verbose", "UserEvent {name}: {fields:?}");
        }
    }
}
