//! `pjsip set logger`

use super::{Context, text, wrong};
use crate::socket::Answer;

pub(super) async fn set(context: &Context, args: &[&str]) -> Answer {
    match args.first().copied() {
        Some("on") => {
            context.exchange.set_sip_log(true);
            text("PJSIP Logging enabled\n")
        }
        Some("off") => {
            context.exchange.set_sip_log(false);
            text("PJSIP Logging disabled\n")
        }
        _ => wrong("Usage: pjsip set logger on|off\n"),
    }
}
