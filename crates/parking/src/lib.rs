//! Call parking: what a lot is ([`Lot`], written in `res_parking.conf`) and which call stands on
//! which of its spaces ([`Parking`]).
//!
//! Beside step 8 of the INVITE walk: applications and feature codes put a call here and take it
//! out again. The time is an argument, and nothing here waits or knows of a channel more than its
//! number and name.

#![forbid(unsafe_code)]

mod lot;
mod spaces;

pub use lot::{Lot, MOST_SPACES, Order, Party, Retrieval, Timeout, flattened, spaces};
pub use spaces::{Choice, Entry, Parked, Parking, Refused};
