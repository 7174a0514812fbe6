//! What makes the exchange an exchange: who is registered, who may call, and the channels and
//! bridges of every call.

#![forbid(unsafe_code)]

pub mod cause;
pub mod registrar;

pub use cause::Cause;
