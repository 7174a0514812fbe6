//! Return: the end of a subroutine.

use super::contents::Invocation;
use super::fail;
use crate::stack::{self, Popped};
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "Return",
    synopsis: "Returns from a subroutine",
    syntax: "[value]",
    description: "Without a Gosub to return to, the call is hung up.",
    arguments: &[("value", "Becomes GOSUB_RETVAL")],
    variables: &[("GOSUB_RETVAL", "The value")],
    see_also: &["Gosub", "StackPop"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, call: Invocation<'_>) -> Result<Flow, Stop> {
    let flow = match stack::pop(host) {
        Popped::To(position) => Flow::Goto(position),
        // The run loop sees that its frame is closed.
        Popped::Outside => Flow::Next,
        Popped::Empty => return fail(host, "Return without a Gosub"),
    };
    host.set_variable("GOSUB_RETVAL", Some(call.arguments.to_owned()));
    Ok(flow)
}
