//! ExitWhile: out of a loop.

use super::contents::Invocation;
use super::{block, fail};
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "ExitWhile",
    synopsis: "Leaves the loop around it",
    description: "The dialplan goes on after EndWhile.",
    see_also: &["While", "ContinueWhile"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    match block::end(host, call.position, block::LOOP) {
        Some(end) => Ok(Flow::Goto(call.position.at(end).following())),
        None => fail(host, "this ExitWhile stands outside of any While"),
    }
}
