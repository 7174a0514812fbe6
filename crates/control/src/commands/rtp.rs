//! `rtp show settings`

use std::fmt::Write as _;

use super::{Context, text};
use crate::socket::Answer;

pub(super) async fn settings(context: &Context, _: &[&str]) -> Answer {
    let config = context.exchange.config();
    let rtp = &config.rtp;
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
    let stun = rtp.stun.as_ref().map(|stun| format!("{}:{}", stun.host, stun.port));
    row("STUN:", if stun.is_some() { "enabled" } else { "disabled" });
    let address = stun.unwrap_or_else(|| "0.0.0.0:0".to_owned());
    let _ = writeln!(out, "   {:<15} {address}", "Address:");
    text(out)
}
