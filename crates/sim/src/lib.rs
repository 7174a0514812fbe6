//! A seeded world in which the real exchange runs: the same code from the sockets to the media
//! workers, on a network in memory, in one thread, on the clock of the runtime. On tokio's paused
//! clock one seed is one run, and an hour takes as long as what happens in it.
//!
//! Around the exchange stand phones over UDP and TCP and browsers over WebSocket with WebRTC
//! media, made of the exchange's own parts: `ua`, `sdp` and the media engine. A scenario reads
//! like a story:
//!
//! ```text
//! let (alice, bob) = (world.phone("alice", Line::Udp), world.phone("bob", Line::Udp));
//! alice.register().await?;
//! alice.dial("bob").await;
//! world.run_until("they talk", secs(35), |w| w.talking(&alice, &bob)).await;
//! world.assert_no_leaks().await;
//! ```
//!
//! What is deliberately not here: TLS and the HTTP handshake of a WebSocket, which have tests of
//! their own beside the sockets, and any second implementation of SIP or media; the exchange
//! meets those in `e2e`.

#![forbid(unsafe_code)]

mod building;
pub mod configuration;
mod fuse;
mod ladder;
pub mod phone;
pub mod registrar;
pub mod script;
mod sound;
mod stranger;
mod wire;
pub mod world;

pub use configuration::Configuration;
pub use phone::{CallState, CallView, Hold, Keys, Manner, Media, Offer, Phone, Saying};
pub use script::Script;
pub use sound::Sound;
pub use stranger::Stranger;
pub use wire::Line;
pub use world::{Weather, World, secs};
