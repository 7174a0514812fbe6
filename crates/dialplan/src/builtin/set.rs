//! Set: variables and functions.

use super::contents::Invocation;
use crate::arguments::{find_outside, split_call};
use crate::{Doc, Flow, Host, Stop, expand, functions};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "Set",
    synopsis: "Sets a variable or a function",
    syntax: "name=value",
    description: "One variable only: commas belong to the value. Channels created by this one \
                  inherit a variable whose name begins with _ (first generation) or __ (all).",
    arguments: &[
        ("name", "A variable, or a function such as CALLERID(name)"),
        ("value", "Everything after the first =, quotes included"),
    ],
    see_also: &["MSet", "GLOBAL()"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    let text = call.arguments;
    // An equals sign inside a function's parentheses belongs to its arguments.
    let Some(at) = find_outside(text, '=').or_else(|| text.find('=')) else {
        expand::warn(host, &format!("Set({text}) has no `=` and sets nothing"));
        return Ok(Flow::Next);
    };
    let (name, value) = text.split_at(at);
    Ok(assign(host, name, value.get(1..).unwrap_or_default()).await)
}

/// Sets a variable, or a function if the name has parentheses. What goes wrong is reported, and
/// the run goes on; not so with a function that is not there.
pub(crate) async fn assign<H: Host>(host: &mut H, name: &str, value: &str) -> Flow {
    let name = name.trim();
    if !name.contains('(') {
        if name.trim_start_matches('_').is_empty() {
            expand::warn(host, "a variable without a name is not set");
        } else {
            host.set_variable(name, Some(value.to_owned()));
        }
        return Flow::Next;
    }
    let Some((function, arguments)) = split_call(name) else {
        expand::warn(host, &format!("`{name}` has no closing parenthesis; nothing is set"));
        return Flow::Next;
    };
    match functions::write(host, function, arguments, value).await {
        Err(error) if error.is_missing() => Flow::Missing(format!("{name} is not set: {error}")),
        Err(error) => {
            expand::warn(host, &format!("{name} is not set: {error}"));
            Flow::Next
        }
        Ok(()) => Flow::Next,
    }
}
