//! What every other crate stands on: identifiers, the randomness seam, the timer queue, the
//! bounded queue that counts what it refuses, totals by kind, and the wrapper that keeps personal
//! data out of logs.
//!
//! Nothing here reads a clock, opens a socket or draws unseeded randomness: time is an
//! [`std::time::Instant`] argument and randomness is a [`Random`] argument, so that the same code
//! runs in production, in the simulation and under the fuzzer.
//!
//! Allowed contents are the modules below and nothing else; this is not a place for helpers.

#![forbid(unsafe_code)]

pub mod flow;
pub mod id;
pub mod pii;
pub mod queue;
pub mod random;
pub mod timer;
pub mod totals;

pub use flow::{Destination, Flow, Transport};
pub use id::{BridgeId, ChannelId, FlowId, LegId};
pub use pii::Pii;
pub use queue::Queue;
pub use random::{Ahead, Random, SeededRandom};
pub use timer::TimerQueue;
pub use totals::{SharedTotals, Totals};
