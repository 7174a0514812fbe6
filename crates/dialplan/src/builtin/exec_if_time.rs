//! ExecIfTime: an application at certain times.

use super::contents::Invocation;
use super::{exec, fail};
use crate::target::split_condition;
use crate::timing::TimeRange;
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "ExecIfTime",
    synopsis: "Runs an application at certain times",
    syntax: "times,weekdays,mdays,months[,timezone]?appname(arguments)",
    arguments: &[
        ("times", "The condition is written as for GotoIfTime"),
        ("appname", "Runs if the time lies within"),
    ],
    see_also: &["GotoIfTime", "ExecIf"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    let (condition, then, otherwise) = split_condition(call.arguments);
    let within = match TimeRange::new(condition) {
        Ok(range) => range.contains(&host.now()),
        Err(error) => return fail(host, &error.to_string()),
    };
    match if within { then } else { otherwise } {
        Some(arguments) => exec::run(host, Invocation { arguments, ..call }).await,
        None => Ok(Flow::Next),
    }
}
