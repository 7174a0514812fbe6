//! RaiseException: to the `e` extension.

use super::contents::Invocation;
use super::fail;
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "RaiseException",
    synopsis: "Goes to the `e` extension of the current context",
    syntax: "reason",
    description: "Without an `e` extension the call is hung up.",
    arguments: &[("reason", "The text that EXCEPTION(reason) answers there")],
    see_also: &["EXCEPTION()"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    host.stack().raise(call.arguments, call.position);
    let to = call.position.extension("e");
    let plan = host.dialplan();
    let caller = host.caller_id_number();
    let query = crate::Query {
        context: &to.context,
        extension: &to.extension,
        caller: caller.as_deref(),
        now: &|| host.now(),
    };
    if plan.find(&query, 1).is_none() {
        return fail(host, "RaiseException finds no `e` extension in this context");
    }
    Ok(Flow::Goto(to))
}
