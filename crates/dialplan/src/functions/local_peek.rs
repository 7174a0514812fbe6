//! LOCAL_PEEK: a variable as an outer frame sees it.

use crate::{Doc, FunctionError, Host};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "LOCAL_PEEK",
    synopsis: "Reads a variable that a local variable hides",
    syntax: "n,varname",
    arguments: &[
        ("n", "How many Gosubs to look out of; 0 is the current one"),
        ("varname", "The variable"),
    ],
    see_also: &["Gosub", "LOCAL()"],
    ..Doc::EMPTY
};

pub(super) fn read<H: Host>(host: &mut H, arguments: &str) -> Result<String, FunctionError> {
    let parts = arguments.split_once(',');
    let Some((Ok(nth), name)) = parts.map(|(n, name)| (n.trim().parse(), name.trim())) else {
        return Err(FunctionError::Arguments("a number and a variable are needed".to_owned()));
    };
    let value = match host.stack().hidden(nth, name) {
        Some(hidden) => hidden,
        None => host.variable(name),
    };
    Ok(value.unwrap_or_default())
}
