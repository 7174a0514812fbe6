//! The exchange's own database. So far it holds AstDB: what the dialplan keeps with `DB()` and an
//! operator with `database put`, over restarts.
//!
//! [`AstDb`] has every entry in memory, so that no call waits for a disk; one task (`writer`)
//! brings the file of SQLite in line with it (`file`). Tables that configuration or calls are read
//! from are not here.

#![forbid(unsafe_code)]

mod astdb;
mod file;
mod writer;

pub use astdb::{AstDb, Entry, MAX_BYTES, MAX_KEY_BYTES, MAX_VALUE_BYTES, MAX_WAITING, Refused};
pub use file::{MAX_ROWS, QueryError, Row};
pub use writer::{PAUSE, RETRY};
