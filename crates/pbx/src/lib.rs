//! What makes the exchange an exchange: who is registered, who may call, and the channels and
//! bridges of every call. Steps 2 to 8 of the INVITE walk are here: `ingress`, `shard`,
//! `incoming`, `channel`, `outgoing`, `bridge`.

#![forbid(unsafe_code)]

pub mod application;
pub mod authenticate;
pub mod bridge;
pub mod channel;
pub mod counters;
pub mod exchange;
pub mod guard;
pub mod incoming;
mod ingress;
pub mod live;
pub mod local;
pub mod music;
pub mod originate;
pub mod outgoing;
pub mod proxy;
mod referral;
mod register;
mod replaces;
pub mod shard;
pub mod text;
pub mod transfer;

pub use application::{Application, Catalogue, Execution};
pub use channel::Channel;
pub use exchange::Exchange;
pub use sidetone_engine::reach;
pub use sidetone_events::cause::{self, Cause};
pub use sidetone_events::sip_log;
pub use sidetone_party as party;
pub(crate) use sidetone_party::message;
pub use sidetone_registrar as registrar;
pub use sidetone_registrar::registrations;
