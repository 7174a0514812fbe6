//! One file per kind of object: its type, how it is built from a section, what is checked.

pub mod aor;
pub mod asterisk;
pub mod auth;
pub mod codec_prefs;
pub mod codecs;
pub mod codecs_conf;
pub mod contact;
pub mod dynamic_features;
pub mod endpoint;
pub mod fax;
pub mod features;
pub mod global;
pub mod hold;
pub mod http;
pub mod identify;
pub mod logger;
pub mod music;
pub mod parking;
pub mod registration;
pub(crate) mod routes;
pub mod rtp;
pub mod speech;
pub mod stun_monitor;
pub mod transport;
