//! While: the head of a loop.

use super::contents::Invocation;
use super::{block, fail};
use crate::target::is_true;
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "While",
    synopsis: "Begins a loop",
    syntax: "expr",
    description: "The priorities up to EndWhile run again and again as long as the condition \
                  holds. Loops may contain loops.",
    arguments: &[("expr", "The condition, usually $[…]; it is computed at each turn")],
    see_also: &["EndWhile", "ExitWhile", "ContinueWhile"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    if is_true(call.arguments) {
        return Ok(Flow::Next);
    }
    match block::end(host, call.position, block::LOOP) {
        Some(end) => Ok(Flow::Goto(call.position.at(end).following())),
        None => fail(host, "this While has no EndWhile in the same extension"),
    }
}
