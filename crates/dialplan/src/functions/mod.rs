//! The functions that concern the dialplan itself: its stack, its exceptions, its text.
//!
//! All others belong to the host. The table [`BUILTINS`] is what consoles and reference pages
//! list.

mod dialplan_exists;
mod eval;
mod exception;
mod local;
mod local_peek;
mod stack_peek;

use crate::host::Callable;
use crate::{Doc, ExpandError, FunctionError, Host, expand};

/// Every function that needs no host.
pub const BUILTINS: &[Doc] = &[
    dialplan_exists::DOC,
    eval::DOC,
    exception::DOC,
    local::DOC,
    local_peek::DOC,
    stack_peek::DOC,
];

/// Evaluates a function of this crate, or says that one of either is switched off; `None` when
/// the host has to know it.
pub(crate) async fn read<H: Host>(
    host: &mut H,
    name: &str,
    arguments: &str,
    depth: usize,
) -> Result<Option<Result<String, FunctionError>>, ExpandError> {
    if let Some(why) = host.switched_off(Callable::Function(name)) {
        return Ok(Some(Err(FunctionError::SwitchedOff(why))));
    }
    Ok(Some(match name {
        "EVAL" => Ok(expand::expand_nested(host, arguments, depth).await?),
        "DIALPLAN_EXISTS" => dialplan_exists::read(host, arguments),
        "EXCEPTION" => exception::read(host, arguments),
        "LOCAL" => local::read(host, arguments),
        "LOCAL_PEEK" => local_peek::read(host, arguments),
        "STACK_PEEK" => stack_peek::read(host, arguments),
        _ => return Ok(None),
    }))
}

/// Sets `NAME(arguments)` to a value, be the function of this crate or of the host. For Set, and
/// for applications that store results where the user says.
///
/// # Errors
/// As the function says.
pub async fn write<H: Host>(
    host: &mut H,
    name: &str,
    arguments: &str,
    value: &str,
) -> Result<(), FunctionError> {
    if let Some(why) = host.switched_off(Callable::Function(name)) {
        return Err(FunctionError::SwitchedOff(why));
    }
    match name {
        "LOCAL" => local::write(host, arguments, value),
        _ if BUILTINS.iter().any(|doc| doc.name == name) => Err(FunctionError::NotWritable),
        _ => host.write_function(name, arguments, value).await,
    }
}
