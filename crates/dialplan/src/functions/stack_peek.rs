//! STACK_PEEK: where a subroutine returns to.

use crate::{Doc, FunctionError, Host};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "STACK_PEEK",
    synopsis: "Tells where a Gosub returns to",
    syntax: "n,which[,suppress]",
    arguments: &[
        ("n", "Which Gosub, counted from the innermost, from 1"),
        ("which", "l for context,extension,priority; or c, e, p for one of them"),
        ("suppress", "Anything here: no warning when there is no such Gosub"),
    ],
    see_also: &["Gosub"],
    ..Doc::EMPTY
};

pub(super) fn read<H: Host>(host: &mut H, arguments: &str) -> Result<String, FunctionError> {
    let wrong = || FunctionError::Arguments("a number from 1 and one of l c e p are needed".into());
    let mut parts = arguments.split(',').map(str::trim);
    let nth = parts.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0).ok_or_else(wrong)?;
    let which = parts.next().and_then(|which| which.chars().next()).ok_or_else(wrong)?;
    let suppress = parts.next().is_some_and(|suppress| !suppress.is_empty());
    let Some(position) = host.stack().return_position(nth) else {
        let text = format!("there is no Gosub number {nth} to return from");
        return if suppress { Ok(String::new()) } else { Err(FunctionError::Failed(text)) };
    };
    match which.to_ascii_lowercase() {
        'l' => Ok(position.to_string()),
        'c' => Ok(position.context.to_string()),
        'e' => Ok(position.extension.to_string()),
        'p' => Ok(position.priority.to_string()),
        _ => Err(wrong()),
    }
}
