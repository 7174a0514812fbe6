//! TryExec: an application that may be unknown.

use super::contents::Invocation;
use super::{exec, find};
use crate::arguments::split_call;
use crate::host::Callable;
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "TryExec",
    synopsis: "Runs an application if there is one of that name",
    syntax: "appname(arguments)",
    arguments: &[("appname", "The application with its arguments")],
    variables: &[("TRYSTATUS", "SUCCESS, FAILED or NOAPP")],
    see_also: &["Exec"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    let name = split_call(call.arguments).map_or("", |(name, _)| name);
    let exists = find(name).is_some() || host.knows_application(name);
    let known = exists && host.switched_off(Callable::Application(name)).is_none();
    if !known {
        host.set_variable("TRYSTATUS", Some("NOAPP".to_owned()));
        return Ok(Flow::Next);
    }
    let outcome = exec::run(host, call).await;
    // A Goto or a hangup is not for TryExec to swallow: only the status tells.
    let status = if outcome.is_ok() { "SUCCESS" } else { "FAILED" };
    host.set_variable("TRYSTATUS", Some(status.to_owned()));
    outcome
}
