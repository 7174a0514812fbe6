//! The Asterisk `.conf` dialect as data: sections and values, each with the file, line and
//! column it came from, so that every later message can point at the line to change.
//!
//! On the call's walk this crate is read before the first call: `config` turns documents into
//! typed objects, `dialplan` turns `extensions.conf` into contexts.
//!
//! It deliberately opens no file and runs no command: both go through the caller's [`Source`].
//! It knows no option name either; quoting, lists and `${…}` belong to whoever reads the value.
//!
//! The dialect: `[name]`, templates `[name](!)`, inheritance `[name](a,b)`, additions
//! `[name](+)`, `name = value`, `name => value`, `name += more`, comments `;`, nested block
//! comments `;-- … --;`, the escape `\;`, `#include`, `#tryinclude` (files and globs) and
//! `#exec`.

#![forbid(unsafe_code)]

pub mod diagnostic;
pub mod document;
#[doc(hidden)]
pub mod fuzz;
mod glob;
mod header;
pub mod limits;
mod line;
mod load;
pub mod source;
#[cfg(test)]
mod tests;

pub use diagnostic::{Diagnostic, Severity, Span};
pub use document::{Document, Operator, Section, Value};
pub use load::{ExecIncludes, Options, load, parse};
pub use source::{MemorySource, ReadError, Source};
