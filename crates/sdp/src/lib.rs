//! SDP (RFC 8866) and the offer/answer exchange (RFC 3264, RFC 8829) as pure values.
//!
//! Three parts, each usable alone: [`session`] reads and prints descriptions, [`attributes`] holds
//! the typed views of `a=` lines, [`negotiation`] is the exchange for one leg over its life, with
//! everything that must not change between two exchanges. Its result is a [`plan::MediaPlan`],
//! which the media leg obeys, or a [`negotiation::Reject`], which says in words what to change.
//!
//! Not here: gathering candidates, certificates, sockets. They arrive as
//! [`plan::LocalTransport`]s.

#![forbid(unsafe_code)]

pub mod attribute;
pub mod attributes;
#[doc(hidden)]
pub mod fuzz;
pub mod limits;
pub mod line;
pub mod negotiation;
pub mod plan;
pub mod session;
pub mod trickle;

pub use negotiation::{Capabilities, CodecSpec, Negotiation, Reject, Requirements, Wish};
pub use session::{ParseError, Session};
