//! The dialplan: `extensions.conf` parsed, dialled strings matched, `${…}` and `$[…]` expanded,
//! priorities run against a [`Host`].
//!
//! On the call's walk this crate comes after `pbx/incoming` has chosen a context and before the
//! applications (`apps/dial`, …): `pbx/channel` calls [`run`] and implements [`Host`]. The flow of
//! control (Goto, Gosub, While, Set, …) is done here, since it needs no channel; every other
//! application and function is the host's.
//!
//! It knows nothing of SIP, media or a runtime, reads no clock and opens no file.

#![forbid(unsafe_code)]

pub mod arguments;
pub mod builtin;
pub mod doc;
pub mod expand;
pub mod expression;
pub mod functions;
#[doc(hidden)]
pub mod fuzz;
pub mod host;
pub mod limits;
pub mod load;
pub mod lookup;
mod nearest;
pub mod pattern;
pub mod plan;
pub mod position;
pub mod run;
pub mod script;
pub mod show;
pub mod stack;
pub mod target;
#[cfg(test)]
mod tests;
pub mod timing;
pub mod variables;

pub use doc::Doc;
pub use expand::{ExpandError, expand};
pub use host::{Callable, Flow, FunctionError, Host, RunEvent, Stop};
pub use load::{load, load_with};
pub use lookup::{Found, Match, Query};
pub use plan::{Context, Dialplan, Extension, Hint, Priority, Settings};
pub use position::Position;
pub use run::{execute, hang_up, run, run_hangup_handlers, run_subroutine};
pub use stack::{Handler, Stack};
pub use timing::{CivilTime, TimeRange};
pub use variables::Variables;

/// A future as trait objects and recursive calls need it.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
