//! `channel request hangup`

use std::fmt::Write as _;

use sidetone_pbx::Cause;

use super::{Context, text, wrong};
use crate::socket::Answer;

/// Ends one call, or all of them; each ends in its own task a moment later.
pub(super) async fn request_hangup(context: &Context, args: &[&str]) -> Answer {
    let live = context.exchange.live();
    let [name] = args else {
        return wrong("Usage: channel request hangup <channel>|all\n");
    };
    let names: Vec<String> = match *name {
        "all" => live.all().into_iter().map(|facts| facts.name).collect(),
        name => vec![name.to_owned()],
    };
    let mut out = String::new();
    for name in &names {
        if context.exchange.hang_up(name, Cause::NORMAL) {
            let _ = writeln!(out, "Requested Hangup on channel '{name}'");
        } else if *args != ["all"] {
            return wrong(format!(
                "'{name}' is not a known channel; 'core show channels' lists them\n"
            ));
        }
    }
    text(out)
}
