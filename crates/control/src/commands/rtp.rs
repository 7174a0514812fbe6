//! `rtp show settings`, `rtp set capture`

use std::fmt::Write as _;
use std::net::IpAddr;

use sidetone_config::{NatServer, Rtp};
use sidetone_engine::nat::Health;

use super::{Context, text, wrong};
use crate::socket::Answer;

/// Headers of media for tools that count loss and jitter (RTC-09); payloads are not kept.
pub(super) async fn capture(context: &Context, args: &[&str]) -> Answer {
    let engine = context.exchange.engine();
    let (path, peer) = match args {
        ["off"] => {
            engine.watch(None).await;
            return text("The capture of media has ended\n");
        }
        [path] => (path, None),
        [path, address] => match address.parse::<IpAddr>() {
            Ok(ip) => (path, Some(ip.to_canonical())),
            Err(_) => return wrong(format!("'{address}' is no IP address\n")),
        },
        _ => return wrong("Usage: rtp set capture <file> [<address>]|off\n"),
    };
    // It is the exchange that writes, wherever the console is.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into()).display().to_string();
    match context.surroundings.media_capture(&path, peer) {
        Ok(watch) => {
            engine.watch(Some(watch)).await;
            text(format!(
                "Headers of media are written to {path}; end it with rtp set capture off\n"
            ))
        }
        Err(why) => wrong(format!("{path}: {why}\n")),
    }
}

pub(super) async fn settings(context: &Context, _: &[&str]) -> Answer {
    let config = context.exchange.config();
    let mut out = configured(&config.rtp);
    let status = context.exchange.engine().nat_status().await;
    for binding in &status.bindings {
        let mapped = binding.mapped.map_or_else(|| "unknown".to_owned(), |at| at.to_string());
        let health = match binding.health {
            Health::Asking => "asking",
            Health::Answering => "ok",
            Health::Dead => "no answer",
        };
        let _ =
            writeln!(out, "   {:<15} {} is {mapped} outside ({health})", "Mapping:", binding.base);
    }
    for relay in &status.relays {
        let relayed = relay.relayed.map_or_else(|| "none".to_owned(), |at| at.to_string());
        let (server, peers) = (&relay.server, relay.peers);
        let _ = writeln!(out, "   {:<15} {relayed} at {server}, {peers} peers", "Relay:");
    }
    text(out)
}

/// What the files say, as the reference prints it, and what we have beyond.
fn configured(rtp: &Rtp) -> String {
    let yes = |on: bool| if on { "Yes" } else { "No" };
    let strict = match rtp.strict {
        sidetone_config::StrictRtp::No => "No",
        sidetone_config::StrictRtp::Yes => "Yes",
        sidetone_config::StrictRtp::Sequence => "SeqNo",
    };
    let mut out = String::from("\n\nGeneral Settings:\n----------------\n");
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(out, "  {name:<16} {value}");
    };
    row("Port start:", &rtp.ports.start().to_string());
    row("Port end:", &rtp.ports.end().to_string());
    row("Checksums:", yes(rtp.checksums));
    row("DTMF Timeout:", &rtp.dtmf_timeout_samples.to_string());
    row("Strict RTP:", strict);
    if strict == "Yes" {
        row("Probation:", &format!("{} frames", rtp.probation));
    }
    row("Replay Protect:", yes(rtp.srtp_replay_protection));
    row("ICE support:", yes(rtp.ice_support));
    if rtp.ice_lite {
        row("ICE lite:", "Yes");
    }
    let address = |server: &NatServer| format!("{}:{}", server.host, server.port);
    let stun = rtp.stun.as_ref().map(address);
    row("STUN:", if stun.is_some() { "enabled" } else { "disabled" });
    let stun = stun.unwrap_or_else(|| "0.0.0.0:0".to_owned());
    let _ = writeln!(out, "   {:<15} {stun}", "Address:");
    if let Some(turn) = &rtp.turn {
        let _ = writeln!(out, "  {:<16} enabled over {}", "TURN:", turn.transport);
        let _ = writeln!(out, "   {:<15} {}", "Address:", address(&turn.server));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NAT-20: without a file, the lines of the reference.
    #[test]
    fn the_settings_in_force_are_printed_as_the_reference_does() {
        let rtp = Rtp { ports: 20_000..=32_000, ..Rtp::default() };
        let reference = "\n\nGeneral Settings:\n----------------\n  Port start:      20000\n  \
            Port end:        32000\n  Checksums:       Yes\n  DTMF Timeout:    1200\n  \
            Strict RTP:      Yes\n  Probation:       4 frames\n  Replay Protect:  Yes\n  \
            ICE support:     Yes\n  STUN:            disabled\n   Address:        0.0.0.0:0\n";
        assert_eq!(configured(&rtp), reference);
        let stun = Some(NatServer { host: "stun.example".to_owned(), port: 3478 });
        let shown = configured(&Rtp { stun, ..rtp });
        let stun = "  STUN:            enabled\n   Address:        stun.example:3478\n";
        assert!(shown.ends_with(stun), "{shown}");
    }
}
