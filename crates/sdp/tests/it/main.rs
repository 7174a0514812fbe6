//! The exchange as a whole, against descriptions of real peers and against itself.

mod addresses;
mod answers;
mod bundles;
mod parsing;
mod refusals;
mod reoffers;
mod sequences;
mod support;
