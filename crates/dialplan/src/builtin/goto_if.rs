//! GotoIf.

use super::contents::Invocation;
use super::go;
use crate::target::{is_true, split_condition};
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "GotoIf",
    synopsis: "Goes to one of two places",
    syntax: "condition?[iftrue][:iffalse]",
    description: "Where a destination is missing, the dialplan goes on with the next priority.",
    arguments: &[
        ("condition", "Usually $[…]; neither empty nor 0"),
        ("iftrue", "A destination as for Goto"),
        ("iffalse", "A destination as for Goto"),
    ],
    see_also: &["Goto", "GotoIfTime", "GosubIf"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    let (condition, then, otherwise) = split_condition(call.arguments);
    match if is_true(condition) { then } else { otherwise } {
        Some(destination) => go(host, destination, call.position),
        None => Ok(Flow::Next),
    }
}
