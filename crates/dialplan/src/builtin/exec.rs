//! Exec: an application whose name is computed.

use super::contents::Invocation;
use super::fail;
use crate::arguments::split_call;
use crate::run::execute_nested;
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "Exec",
    synopsis: "Runs an application whose name is computed",
    syntax: "appname(arguments)",
    arguments: &[("appname", "The application with its arguments, usually from a variable")],
    see_also: &["ExecIf", "TryExec"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    match split_call(call.arguments) {
        Some(("", _)) => Ok(Flow::Next),
        Some((name, arguments)) => {
            execute_nested(host, name, arguments, call.position, call.depth + 1).await
        }
        None => fail(host, &format!("`{}` has no closing parenthesis", call.arguments)),
    }
}
