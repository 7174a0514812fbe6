//! LOCAL: variables of one subroutine.

use crate::{Doc, FunctionError, Host, stack};

/// The reference page.
pub(super) const DOC: Doc = Doc {
    name: "LOCAL",
    synopsis: "Reads or sets a variable that lives until the subroutine returns",
    syntax: "varname",
    description: "After Return the variable has the value again that it had before, if any. Can \
                  only be set inside a Gosub.",
    arguments: &[("varname", "The variable")],
    see_also: &["Gosub", "Return", "LOCAL_PEEK()"],
    ..Doc::EMPTY
};

pub(super) fn read<H: Host>(host: &mut H, arguments: &str) -> Result<String, FunctionError> {
    Ok(host.variable(arguments.trim()).unwrap_or_default())
}

pub(super) fn write<H: Host>(host: &mut H, name: &str, value: &str) -> Result<(), FunctionError> {
    if stack::set_local(host, name.trim(), Some(value.to_owned())) {
        return Ok(());
    }
    let text = "outside of a Gosub there are no local variables; set the variable itself";
    Err(FunctionError::Failed(text.to_owned()))
}
