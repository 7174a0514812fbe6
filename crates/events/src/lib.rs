//! The catalogue of everything that happens, as typed values, and the bus that carries them.
//!
//! Whoever does something publishes what was done; logs, records, metrics and control surfaces
//! subscribe. Nobody calls back down the layers: calls go down, events come up (design §3).

#![forbid(unsafe_code)]

pub mod bus;
pub mod catalogue;
pub mod cause;
pub mod refusal;
pub mod security;
pub mod sip_log;

pub use bus::{Bus, Subscription};
pub use catalogue::Event;
pub use cause::Cause;
pub use security::{SecurityEvent, SecurityKind};
