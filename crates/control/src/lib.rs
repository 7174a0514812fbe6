//! The command line of the exchange: commands, the control socket that answers them, and the
//! console that asks.

#![forbid(unsafe_code)]

pub mod commands;
pub mod console;
pub mod frame;
#[doc(hidden)]
pub mod fuzz;
pub mod socket;
