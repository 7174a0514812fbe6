//! The embedded HTTP server: static files, status, pages, the web phone, and the WebSocket that
//! browsers phone through. Other parts of the program mount their routes on it.
//!
//! A browser's call enters here once: the upgrade request to `/ws` is judged and answered 101,
//! and the socket goes to [`sidetone_net::Net::adopt_websocket`]. This crate knows no SIP and no
//! HTTP/2; a reverse proxy may add the latter.

#![forbid(unsafe_code)]

mod accept;
mod assets;
mod body;
mod counters;
mod date;
#[doc(hidden)]
pub mod fuzz;
mod page;
mod path;
mod respond;
mod server;
mod session;
pub mod settings;
mod statics;
mod status;
pub mod websocket;

pub use assets::Asset;
pub use counters::Count;
pub use page::{LandingContext, default_landing};
pub use server::{HttpError, HttpServer, Landing, Pages};
pub use session::{Peer, Session};
pub use settings::{
    ClearWebSocket, HttpSettings, HttpsSettings, OriginPolicy, Redirect, Restriction, StatusPage,
    WebSocketSettings,
};
pub use status::StatusReport;
