//! Sans-IO SIP user agent core: transactions, dialogs, the INVITE usage, and digest
//! authentication.
//!
//! [`api`] is the agreed surface: `pbx` is being written against it.
//! [`digest`] is complete. The machine behind the surface is
//! `Stack::{new, handle_input, handle_timeout, poll_output, snapshot}`.

#![forbid(unsafe_code)]

pub mod digest;

pub mod api;
