//! StackPop: a subroutine that will not return.

use super::contents::Invocation;
use crate::stack::{self, Popped};
use crate::{Doc, Flow, Host, Stop, expand};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "StackPop",
    synopsis: "Forgets where the current subroutine returns to",
    description: "For subroutines that leave with Goto. Local variables are put back.",
    see_also: &["Gosub", "Return"],
    ..Doc::EMPTY
};

pub(super) async fn run<H: Host>(host: &mut H, _: Invocation<'_>) -> Result<Flow, Stop> {
    if stack::pop(host) == Popped::Empty {
        expand::warn(host, "StackPop without a Gosub");
    }
    Ok(Flow::Next)
}
