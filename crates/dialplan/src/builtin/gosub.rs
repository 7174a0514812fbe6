//! Gosub: a subroutine.

use super::contents::Invocation;
use super::fail;
use crate::target::Call;
use crate::{Doc, Flow, Host, Stop, stack};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "Gosub",
    synopsis: "Runs a subroutine of the dialplan",
    syntax: "[[context,]extension,]priority[(arg1[,...][,argN])]",
    description: "Return goes back to the priority after this one. Inside, the arguments are \
                  ARG1, ARG2, … and their number is ARGC; they and variables set with LOCAL() \
                  are put back on Return.",
    arguments: &[
        ("context", "The current one by default"),
        ("extension", "The current one by default"),
        ("priority", "A number or a label"),
        ("arg1", "Becomes ARG1"),
    ],
    variables: &[("GOSUB_RETVAL", "What Return was given")],
    see_also: &["GosubIf", "Return", "StackPop", "LOCAL()"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    let destination = Call::new(call.arguments);
    let Some((to, arguments)) = destination
        .and_then(|sub| Some((sub.target.resolve_for(host, call.position)?, sub.arguments)))
    else {
        let text = format!("`{}` is no subroutine to run", call.arguments);
        return fail(host, &text);
    };
    if !stack::push(host, Some(call.position.following()), &arguments) {
        return fail(host, "too many Gosubs without Return");
    }
    Ok(Flow::Goto(to))
}
