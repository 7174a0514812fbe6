//! From the configuration of an endpoint to what its calls may agree to and must obey: codecs and
//! their order, encryption, how keys travel, session timers, the timers of a leg. Beside steps 5
//! and 7 of the INVITE walk: `pbx` asks here before it answers or offers.
//!
//! Not here: addresses and certificates, which depend on where the peer is.

#![forbid(unsafe_code)]

pub mod capabilities;
pub mod codec;
pub mod leg;
pub mod session;
pub mod streams;

pub use capabilities::{capabilities, dtmf};
