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
    assign(host, name, value.get(1..).unwrap_or_default()).await;
    Ok(Flow::Next)
}

/// Sets a variable, or a function if the name has parentheses; what goes wrong is reported. For
/// applications that store a result where the user says.
pub async fn assign<H: Host>(host: &mut H, name: &str, value: &str) {
    let name = name.trim();
    if !name.contains('(') {
        if name.trim_start_matches('_').is_empty() {
            return expand::warn(host, "a variable without a name is not set");
        }
        return host.set_variable(name, Some(value.to_owned()));
    }
    let Some((function, arguments)) = split_call(name) else {
        return expand::warn(host, &format!("`{name}` has no closing parenthesis; nothing is set"));
    };
    if let Err(error) = functions::write(host, function, arguments, value).await {
        expand::warn(host, &format!("{name} is not set: {error}"));
    }
}
