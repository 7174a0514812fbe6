//! ExitIf: a part of an If block.

use super::contents::Invocation;
use super::{block, fail};
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "ExitIf",
    synopsis: "Leaves the block around it",
    syntax: "",
    see_also: &["If", "EndIf"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    match block::end(host, call.position, block::BRANCH) {
        Some(end) => Ok(Flow::Goto(call.position.at(end).following())),
        None => fail(host, "this ExitIf stands outside of any If"),
    }
}
