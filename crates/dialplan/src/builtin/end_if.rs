//! EndIf: the foot of an If block.

use super::contents::Invocation;
use crate::{Doc, Flow, Host, Stop};

/// The reference page.
pub(super) const DOC: Doc =
    Doc { name: "EndIf", synopsis: "Ends an If block", see_also: &["If"], ..Doc::EMPTY };

pub(super) async fn run<H: Host>(_: &mut H, _: Invocation<'_>) -> Result<Flow, Stop> {
    Ok(Flow::Next)
}
