//! MSet: several variables.

use super::contents::Invocation;
use super::set;
use crate::arguments::{find_outside, split};
use crate::{Doc, Flow, Host, Stop, expand};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "MSet",
    synopsis: "Sets several variables or functions",
    syntax: "name1=value1[,name2=value2…]",
    description: "Values with commas need quotes, which are removed.",
    arguments: &[("name1", "As for Set"), ("value1", "Up to the next comma")],
    see_also: &["Set"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    for pair in split(call.arguments) {
        let Some(at) = find_outside(&pair, '=').or_else(|| pair.find('=')) else {
            expand::warn(host, &format!("MSet: `{pair}` has no `=` and sets nothing"));
            continue;
        };
        let (name, value) = pair.split_at(at);
        let flow = set::assign(host, name, value.get(1..).unwrap_or_default()).await;
        if flow != Flow::Next {
            return Ok(flow);
        }
    }
    Ok(Flow::Next)
}
