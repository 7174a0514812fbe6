//! GosubIf: a subroutine under a condition.

use super::contents::Invocation;
use super::gosub;
use crate::target::{is_true, split_condition};
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "GosubIf",
    synopsis: "Runs one of two subroutines",
    syntax: "condition?[iftrue[(args)]][:iffalse[(args)]]",
    arguments: &[
        ("condition", "Usually $[…]; neither empty nor 0"),
        ("iftrue", "A destination as for Gosub"),
        ("iffalse", "A destination as for Gosub"),
    ],
    see_also: &["Gosub", "GotoIf"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    let (condition, then, otherwise) = split_condition(call.arguments);
    match if is_true(condition) { then } else { otherwise } {
        Some(arguments) => gosub::run(host, Invocation { arguments, ..call }).await,
        None => Ok(Flow::Next),
    }
}
