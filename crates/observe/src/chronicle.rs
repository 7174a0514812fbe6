//! Follows the event bus and writes what operators want to see while it happens: registrations,
//! connections, calls, digits and security events.

use sidetone_events::catalogue::Way;
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
        Event::Dtmf { name, digit, duration_ms, .. } => {
            tracing::info!(target: "dtmf", "DTMF '{digit}' received on {name}, {duration_ms} ms");
        }
        Event::Security(event) => {
            let now = jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S.%3f%z").to_string();
            tracing::info!(target: "security", "{}", event.line(&now));
        }
        // Asked for by `pjsip set logger`, so it is told whatever the verbosity.
        Event::SipMessage { is_shown: false, .. } => {}
        Event::SipMessage { .. } => {
            if let Some(text) = of_signalling(event) {
                tracing::info!(target: "verbose", level = 0, "{text}");
            }
        }
        event => {
            if let Some(text) = of_call(event).or_else(|| of_signalling(event)) {
                tracing::info!(target: "verbose", "{text}");
            }
        }
    }
}

fn of_call(event: &Event) -> Option<String> {
    Some(match event {
        Event::Bridged { caller, callee } => {
            format!("Channels {caller} and {callee} are bridged")
        }
        Event::ChannelCreated { name, context, exten, .. } if !exten.is_empty() => {
            format!("{name} calls {exten}@{context}")
        }
        Event::ChannelCreated { name, .. } => format!("{name} is called"),
        Event::ChannelEnded { name, cause, words, .. } => {
            format!("{name} hung up: {words} ({cause})")
        }
        Event::ChannelState { name, state, .. } => format!("{name} is {state}"),
        Event::Media { name, words, .. } => format!("{name}: {words}"),
        _ => return None,
    })
}

fn of_signalling(event: &Event) -> Option<String> {
    Some(match event {
        Event::ContactAdded { aor, uri, expires_s, refreshed } => {
            let what = if *refreshed { "Refreshed" } else { "Added" };
            format!("{what} contact '{uri}' of AOR '{aor}' for {expires_s} seconds")
        }
        Event::ContactRemoved { aor, uri, why } => {
            format!("Removed contact '{uri}' of AOR '{aor}': {}", why.words())
        }
        Event::NetworkChanged { from, to } => {
            format!("The public address was {from} and is {to} now")
        }
        Event::ContactStatus { aor, uri, reachable, rtt } => {
            let status = if *reachable { "Reachable" } else { "Unreachable" };
            let rtt = rtt.map(|rtt| format!("  RTT: {:.3} msec", rtt.as_secs_f64() * 1_000.0));
            format!("Contact {aor}/{uri} is now {status}.{}", rtt.unwrap_or_default())
        }
        Event::FlowOpened(flow) => {
            format!("{} connection from {} opened", flow.transport, flow.remote)
        }
        Event::FlowClosed { flow, why } => {
            format!("{} connection from {} closed: {why}", flow.transport, flow.remote)
        }
        Event::SipMessage { way, transport, remote, text, .. } => {
            let words = match way {
                Way::In => "Received SIP from",
                Way::Out => "Transmitting SIP to",
            };
            format!("<--- {words} {transport}:{remote} --->\n{text}")
        }
        _ => return None,
    })
}
