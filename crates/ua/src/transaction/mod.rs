//! Transactions: one request, its repetitions and its responses (RFC 3261 §17, RFC 6026).

mod client;
mod elsewhere;
mod key;
mod login;
mod server;

pub(crate) use client::{Client, ClientId, ClientKey, Purpose};
pub(crate) use key::{MergeKey, ServerKey, merge_key, server_key, unique_key};
pub(crate) use server::{Server, ServerOwner, ServerState};
