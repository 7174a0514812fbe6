//! ExecIf: an application under a condition.

use super::contents::Invocation;
use super::exec;
use crate::target::{is_true, split_condition};
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "ExecIf",
    synopsis: "Runs one of two applications",
    syntax: "condition?appiftrue(arguments)[:appiffalse(arguments)]",
    arguments: &[
        ("condition", "Usually $[…]; neither empty nor 0"),
        ("appiftrue", "Runs if the condition holds"),
        ("appiffalse", "Runs if not"),
    ],
    see_also: &["Exec", "GotoIf", "ExecIfTime"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    let (condition, then, otherwise) = split_condition(call.arguments);
    match if is_true(condition) { then } else { otherwise } {
        Some(arguments) => exec::run(host, Invocation { arguments, ..call }).await,
        None => Ok(Flow::Next),
    }
}
