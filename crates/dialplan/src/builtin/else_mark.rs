//! Else: a part of an If block.

use super::contents::Invocation;
use super::{block, fail};
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "Else",
    synopsis: "Begins what runs when no condition held",
    syntax: "",
    see_also: &["If", "EndIf"],
    ..Doc::EMPTY
};

// If looks ahead for its branch, so that whoever arrives here has finished another one.
pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    match block::end(host, call.position, block::BRANCH) {
        Some(end) => Ok(Flow::Goto(call.position.at(end).following())),
        None => fail(host, "this Else stands outside of any If"),
    }
}
