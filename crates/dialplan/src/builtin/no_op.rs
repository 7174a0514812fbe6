//! NoOp: a line for the console.

use super::contents::Invocation;
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "NoOp",
    synopsis: "Does nothing",
    syntax: "[text]",
    description: "The text is shown on the console with its variables expanded, like the \
                  arguments of every application.",
    arguments: &[("text", "Anything")],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(_: &mut H, _: Invocation<'_>) -> Result<Flow, Stop> {
    Ok(Flow::Next)
}
