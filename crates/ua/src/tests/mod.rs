//! Stories of two parties, by name.

mod calls;
mod ingress;
mod races;
mod seeds;
mod sessions;
mod timers;
