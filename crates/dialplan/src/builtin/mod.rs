//! The applications that are control flow and nothing else: one file each.
//!
//! They need no channel, only the [`Host`]'s variables and stack. The table [`BUILTINS`] is what
//! consoles and reference pages list; every other application is the host's.

mod block;
mod contents;
mod continue_while;
mod else_if;
mod else_mark;
mod end_if;
mod end_while;
mod exec;
mod exec_if;
mod exec_if_time;
mod exit_if;
mod exit_while;
mod gosub;
mod gosub_if;
mod goto;
mod goto_if;
mod goto_if_time;
mod if_mark;
mod mset;
mod no_op;
mod raise_exception;
mod return_value;
mod set;
mod stack_pop;
mod try_exec;
mod while_mark;

pub use contents::{BUILTINS, Builtin, find};
pub(crate) use set::assign;

use crate::host::Stop;
use crate::run::CAUSE_DIALPLAN_FAILURE;
use crate::target::Target;
use crate::{Flow, Host, Position, expand};

/// Goes to a destination as written; an invalid one hangs up, as there is nowhere to go on.
fn go<H: Host>(host: &mut H, text: &str, from: &Position) -> Result<Flow, Stop> {
    let to = Target::new(text).and_then(|target| target.resolve_for(host, from));
    match to {
        Some(to) => Ok(Flow::Goto(to)),
        None => fail(host, &format!("`{}` is no priority or label to go to", text.trim())),
    }
}

/// Reports what the dialplan's author did wrong and ends the call.
fn fail<H: Host>(host: &mut H, message: &str) -> Result<Flow, Stop> {
    expand::warn(host, message);
    Err(Stop::Hangup { cause: CAUSE_DIALPLAN_FAILURE })
}
