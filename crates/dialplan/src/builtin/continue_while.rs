//! ContinueWhile: the next turn of a loop.

use super::contents::Invocation;
use super::{block, fail};
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "ContinueWhile",
    synopsis: "Goes back to the While of the loop around it",
    see_also: &["While", "ExitWhile"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    match block::start(host, call.position, block::LOOP) {
        Some(start) => Ok(Flow::Goto(call.position.at(start))),
        None => fail(host, "this ContinueWhile stands outside of any While"),
    }
}
