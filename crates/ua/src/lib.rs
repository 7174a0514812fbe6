//! SIP user agent core without I/O: transactions, dialogs, the INVITE usage, and digest
//! authentication. Third step of the walk: after parsing, before `pbx`.
//!
//! [`api`] is what the owner says and hears, [`Stack`] the machine behind it, [`digest`] stands
//! alone: the owner asks it before it accepts a request. [`registration`] is the machine of our own
//! registration with another server.

#![forbid(unsafe_code)]

pub mod api;
mod dialog;
pub mod digest;
#[doc(hidden)]
pub mod fuzz;
mod ingress;
mod print;
pub mod registration;
pub mod settings;
mod stack;
mod transaction;

#[cfg(test)]
mod testing;
#[cfg(test)]
#[path = "../tests/unit/mod.rs"]
mod tests;

pub use settings::{ResponsePort, SessionTimers, Settings, TimerMode};
pub use stack::{DialogIdentity, Snapshot, Stack};
