//! A load generator and the benchmarks of `cargo xtask bench`.
//!
//! It plays the peers of an exchange: telephones over UDP, browsers over secure WebSocket with
//! ICE, DTLS and SRTP, built from the same pure machines as the exchange itself. The exchange
//! under test is the release binary in a process of its own, whose CPU time and memory are read
//! from `/proc`, so that what the generator costs is not counted.
//!
//! Deliberately not a tool against other hosts: every address is a [`Loopback`], and every run is
//! bounded in count and time.

#![deny(unsafe_code)]

pub mod agent;
pub mod allocations;
pub mod bare;
pub mod bench;
pub mod browser;
pub mod caller;
pub mod figure;
pub mod loopback;
pub mod phones;
mod plans;
pub mod process;
pub mod server;
pub mod telephone;
pub mod websocket;

pub use loopback::Loopback;

/// What a benchmark returns: its failure in words. Nobody decides by it, so it has no kinds.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
