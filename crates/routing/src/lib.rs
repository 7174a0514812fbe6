//! Routes by price: which carriers lead to a number, what each costs, and in what order they are
//! tried.
//!
//! On the call's walk this is asked by `apps/route`, which dials one route after the other; the
//! console shows the same answer (`route show NUMBER`). [`Table`] is `routes.conf`, [`State`] what
//! the calls do to it: who is full, who rests after a failure.
//!
//! It dials nothing and reads no file and no clock.

#![forbid(unsafe_code)]

mod choice;
#[doc(hidden)]
pub mod fuzz;
mod number;
mod price;
mod prices;
mod read;
mod sheet;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod verdict;

pub use choice::{Ask, Candidate, Choice, LeftOut, Moment, Reason};
pub use number::{Dialling, MAX_DIGITS, Number};
pub use price::Price;
pub use prices::{Draft, Found, MAX_PREFIX_DIGITS, MAX_PRICES, Prices, Rate};
pub use read::Lists;
pub use sheet::read_sheet;
pub use state::{Standing, State};
pub use table::{Route, Sort, Table};
pub use verdict::{Ending, REST_CAUSES, STOP_CAUSES, Verdict, causes};
