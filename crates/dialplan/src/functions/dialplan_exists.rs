//! DIALPLAN_EXISTS: whether a place in the dialplan exists.

use crate::lookup::Query;
use crate::{Doc, FunctionError, Host};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "DIALPLAN_EXISTS",
    synopsis: "Tells whether a context, extension or priority exists",
    syntax: "context[,extension[,priority]]",
    description: "1 if it exists, 0 if not. The extension is matched as if it were dialled.",
    arguments: &[
        ("context", "The context"),
        ("extension", "What could be dialled"),
        ("priority", "A number or a label; 1 by default"),
    ],
    ..Doc::EMPTY
};

pub(super) fn read<H: Host>(host: &mut H, arguments: &str) -> Result<String, FunctionError> {
    let mut parts = arguments.splitn(3, ',').map(str::trim);
    let context = parts.next().unwrap_or_default();
    if context.is_empty() {
        return Err(FunctionError::Arguments("a context is needed".to_owned()));
    }
    let plan = host.dialplan();
    let caller = host.caller_id_number();
    let exists = match parts.next().filter(|extension| !extension.is_empty()) {
        None => plan.context(context).is_some(),
        Some(extension) => {
            let now = || host.now();
            let query = Query { context, extension, caller: caller.as_deref(), now: &now };
            match parts.next().map(|priority| (priority, priority.parse())) {
                None => plan.find(&query, 1).is_some(),
                Some((_, Ok(number))) => plan.find(&query, number).is_some(),
                Some((label, Err(_))) => plan.find_label(&query, label).is_some(),
            }
        }
    };
    Ok(u8::from(exists).to_string())
}
