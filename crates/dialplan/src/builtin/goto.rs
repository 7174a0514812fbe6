//! Goto.

use super::contents::Invocation;
use super::go;
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "Goto",
    synopsis: "Goes to another place in the dialplan",
    syntax: "[[context,]extension,]priority",
    description: "An extension that does not exist leads to `i` of its context. A label that \
                  does not exist hangs up.",
    arguments: &[
        ("context", "The current one by default"),
        ("extension", "The current one by default"),
        ("priority", "A number, a label, or a distance such as +2"),
    ],
    see_also: &["GotoIf", "GotoIfTime", "Gosub"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    go(host, call.arguments, call.position)
}
