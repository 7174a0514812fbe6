//! GotoIfTime.

use super::contents::Invocation;
use super::{fail, go};
use crate::target::split_condition;
use crate::timing::TimeRange;
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "GotoIfTime",
    synopsis: "Goes to one of two places depending on the time",
    syntax: "times,weekdays,mdays,months[,timezone]?[iftrue][:iffalse]",
    description: "Each field is *, a value, a range (both ends belong to it) or several of them \
                  joined with &.",
    arguments: &[
        ("times", "9:00-17:30"),
        ("weekdays", "mon-fri"),
        ("mdays", "1-31"),
        ("months", "jan-dec"),
        ("timezone", "Europe/Berlin; the system's by default"),
        ("iftrue", "A destination as for Goto"),
        ("iffalse", "A destination as for Goto"),
    ],
    see_also: &["GotoIf", "ExecIfTime", "IFTIME()"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    let (condition, then, otherwise) = split_condition(call.arguments);
    let within = match TimeRange::new(condition) {
        Ok(range) => range.contains(&host.now()),
        Err(error) => return fail(host, &error.to_string()),
    };
    match if within { then } else { otherwise } {
        Some(destination) => go(host, destination, call.position),
        None => Ok(Flow::Next),
    }
}
