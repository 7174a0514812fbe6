//! SIP messages as bytes and as values (RFC 3261 and its extensions).
//!
//! First steps of the walk: `net` finds message boundaries with [`framing`], [`Message::parse`]
//! splits a message into a start line, ordered header lines and a body, `ua` reads
//! [`Essentials`], and typed [`headers`] are read on demand. Nothing here knows transactions,
//! sockets or time.

#![forbid(unsafe_code)]

pub mod essentials;
pub mod framing;
#[doc(hidden)]
pub mod fuzz;
pub mod headers;
mod lex;
pub mod limits;
pub mod message;
pub mod method;
pub mod name;
pub mod params;
pub mod parse;
#[cfg(test)]
mod properties;
pub mod sipfrag;
pub mod status;
pub mod text;
#[cfg(test)]
mod torture;
pub mod uri;

pub use essentials::Essentials;
pub use headers::{Header, HeaderError, Headers, NameAddr, TypedHeader};
pub use limits::Limits;
pub use message::{Message, Request, Response};
pub use method::Method;
pub use name::{HeaderName, Name, NameRef};
pub use params::{Param, Params};
pub use parse::{Carrier, Fault, ParseError};
pub use status::Status;
pub use text::Text;
pub use uri::{Host, Scheme, SipUri, TelUri, Uri};
