//! ElseIf: a part of an If block.

use super::contents::Invocation;
use super::{block, fail};
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "ElseIf",
    synopsis: "Another condition, tried when those before did not hold",
    syntax: "expr",
    see_also: &["If", "EndIf"],
    ..Doc::EMPTY
};

// If looks ahead for its branch, so that whoever arrives here has finished another one.
pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    match block::end(host, call.position, block::BRANCH) {
        Some(end) => Ok(Flow::Goto(call.position.at(end).following())),
        None => fail(host, "this ElseIf stands outside of any If"),
    }
}
