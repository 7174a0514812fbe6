//! EXCEPTION: why the `e` extension was entered.

use crate::{Doc, FunctionError, Host};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "EXCEPTION",
    synopsis: "Tells why and from where a special extension was entered",
    syntax: "field",
    description: "Empty when nothing has happened yet.",
    arguments: &[(
        "field",
        "reason (INVALID, RESPONSETIMEOUT, ABSOLUTETIMEOUT, ERROR or the text given to \
         RaiseException), context, exten or priority",
    )],
    see_also: &["RaiseException"],
    ..Doc::EMPTY
};

pub(super) fn read<H: Host>(host: &mut H, arguments: &str) -> Result<String, FunctionError> {
    let exception = host.stack().exception();
    let field = |value: fn(&crate::stack::Exception) -> String| exception.map(value);
    let value = match arguments.trim().to_ascii_lowercase().as_str() {
        "reason" => field(|exception| exception.reason.clone()),
        "context" => field(|exception| exception.position.context.to_string()),
        "exten" => field(|exception| exception.position.extension.to_string()),
        "priority" => field(|exception| exception.position.priority.to_string()),
        _ => {
            let text = "the field must be reason, context, exten or priority";
            return Err(FunctionError::Arguments(text.to_owned()));
        }
    };
    Ok(value.unwrap_or_default())
}
