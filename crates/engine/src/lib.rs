//! Media workers: pinned threads that own sockets, legs and timers, and the handle through which
//! the control plane creates legs and steers them.
//!
//! On a call's walk: `pbx` creates a leg here before it writes an SDP offer or answer (it needs
//! our addresses), applies the agreed plan, sets routes, and waits for events. Packets never
//! leave the worker; the control plane sees plain values only. What happens to a packet is
//! `media`'s business, this crate only moves datagrams and time.

#![deny(unsafe_code)]

pub mod certificate;
mod command;
mod handle;
mod links;
pub mod nat;
mod os;
mod pace;
mod ports;
pub mod reach;
mod ring;
mod settings;
pub mod sim;
pub mod socket;
mod start;
pub mod tap;
mod traversal;
mod worker;

pub use handle::{Engine, EngineSnapshot, LegHandle, WorkerSnapshot};
pub use nat::{NatEvent, NatSettings, NatStatus, TurnSettings};
pub use settings::{CertificateChoice, EngineSettings, LegError, LegSpec, PipeSpec, PortChoice};
pub use sidetone_media as media;
