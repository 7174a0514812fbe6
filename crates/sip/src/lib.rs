//! SIP messages as bytes and as values (RFC 3261 and its extensions).
//!
//! `net` finds message boundaries with [`framing`], [`Message::parse`] splits a message into a
//! start line, ordered header lines and a body, and typed headers are read on demand.

#![forbid(unsafe_code)]

pub mod framing;
pub mod limits;

pub use limits::Limits;
