//! The exchange as a whole, against descriptions of real peers and against itself.

#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

mod addresses;
mod answers;
mod bundles;
mod fax_and_text;
mod parsing;
mod refusals;
mod reoffers;
mod sequences;
mod support;
