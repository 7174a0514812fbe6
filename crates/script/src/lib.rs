//! `extensions.lua`: extensions of the dialplan that are functions in Lua.
//!
//! On a call's walk it stands beside the priorities of `extensions.conf`:
//! `dialplan/run/function.rs` resumes a function, which yields whenever it wants an application or
//! a variable, and is resumed with the outcome. So a function that waits for a caller is a
//! coroutine that rests, and holds no thread.
//!
//! [`load`] reads the file once and compiles it; each channel that comes to a function runs the
//! compiled file in a Lua state of its own, which is dropped with the channel (decision 85). What
//! a state may do, how long it may compute and how much memory it may take is bounded
//! ([`Limits`]). The crate opens no file: `require` and `dofile` read through the caller's source
//! while the file is loaded, and never during a call.

#![forbid(unsafe_code)]

mod chunk;
mod contents;
mod libraries;
mod limits;
mod load;
mod meter;
mod orders;
mod session;
#[cfg(test)]
mod tests;
mod text;
mod wording;

pub use limits::Limits;
pub use load::{FILE, Loaded, load};
