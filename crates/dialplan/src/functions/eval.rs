//! EVAL: expands a value once more.

use crate::Doc;

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "EVAL",
    synopsis: "Expands variables and expressions in a value once more",
    syntax: "text",
    description: "A variable whose content holds ${…} or $[…] is not expanded again by itself. \
                  EVAL does it. Never use it on anything the caller can choose.",
    arguments: &[("text", "What is to be expanded")],
    ..Doc::EMPTY
};
