//! EndWhile: the foot of a loop.

use super::contents::Invocation;
use super::{block, fail};
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "EndWhile",
    synopsis: "Ends a loop and goes back to its While",
    see_also: &["While"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    match block::start(host, call.position, block::LOOP) {
        Some(start) => Ok(Flow::Goto(call.position.at(start))),
        None => fail(host, "this EndWhile has no While in the same extension"),
    }
}
