//! What operators read: log channels as `logger.conf` describes them, and the security log that
//! ban lists follow. Subscribes to events and `tracing`; never calls into the exchange.

#![forbid(unsafe_code)]

pub mod capture;
pub mod chronicle;
pub mod log;
mod ration;
pub mod writer;

pub use log::{Channel, Level, LevelSet, Log, LogSettings, Palette};
