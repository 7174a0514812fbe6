//! If: the head of a branch.

use super::contents::Invocation;
use super::{block, fail};
use crate::target::is_true;
use crate::{Doc, Flow, Host, Stop, expand};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "If",
    synopsis: "Begins priorities that run only under a condition",
    syntax: "expr",
    description: "If the condition does not hold, the conditions of the following ElseIf are \
                  tried in order; then Else, if any. EndIf ends the block.",
    arguments: &[("expr", "The condition, usually $[…]")],
    see_also: &["ElseIf", "Else", "EndIf", "ExitIf"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    if is_true(call.arguments) {
        return Ok(Flow::Next);
    }
    let Some(lines) = block::rest(host, call.position, block::BRANCH) else {
        return fail(host, "this If has no EndIf in the same extension");
    };
    for line in lines {
        let taken = if line.is("ElseIf") {
            match expand(host, &line.arguments).await {
                Ok(condition) => is_true(&condition),
                Err(error) => return fail(host, &format!("ElseIf does not run: {error}")),
            }
        } else {
            line.is("Else") || line.is("EndIf")
        };
        if taken {
            return Ok(Flow::Goto(call.position.at(line.number).following()));
        }
    }
    Ok(Flow::Next)
}
