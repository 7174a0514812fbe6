//! Whose texts run the dialplan now. There are so many seats in all and so many for each endpoint,
//! so that one sender whose texts take long keeps nobody else's out.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// Texts whose dialplan may run at once: each takes milliseconds, a thousand per second is more
/// than a flood limit lets through.
pub const TEXTS_AT_ONCE: usize = 100;

/// Of one endpoint: somebody who writes by hand needs one, a program that sends in bursts has its
/// texts through within milliseconds. Ten senders that loop fill all seats, for one
/// life of a text.
pub const TEXTS_OF_ONE: usize = 10;

/// The seats.
#[derive(Debug, Default)]
pub struct Seats {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// By endpoint; those without any are not listed.
    of: HashMap<String, usize>,
}

/// Which seats are full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// All there are.
    All,
    /// Those of this endpoint.
    Share,
}

/// A seat, until it is dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Arc<Seats>,
    endpoint: String,
}

impl Seats {
    /// A seat for a text of this endpoint.
    ///
    /// # Errors
    /// Which seats are full.
    pub fn take(self: &Arc<Self>, endpoint: &str) -> Result<Seat, Full> {
        let mut taken = self.taken.lock();
        if taken.of.get(endpoint).is_some_and(|own| *own >= TEXTS_OF_ONE) {
            return Err(Full::Share);
        }
        if taken.all >= TEXTS_AT_ONCE {
            return Err(Full::All);
        }
        taken.all += 1;
        *taken.of.entry(endpoint.to_owned()).or_default() += 1;
        Ok(Seat { seats: Arc::clone(self), endpoint: endpoint.to_owned() })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        taken.all -= 1;
        if let Some(own) = taken.of.get_mut(&self.endpoint) {
            *own -= 1;
            if *own == 0 {
                taken.of.remove(&self.endpoint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_endpoint_has_its_share_and_all_have_what_there_is() {
        let seats = Arc::new(Seats::default());
        let mut held = Vec::new();
        for endpoint in 0..TEXTS_AT_ONCE / TEXTS_OF_ONE {
            let name = format!("e{endpoint}");
            held.extend((0..TEXTS_OF_ONE).map(|_| seats.take(&name).expect("a seat")));
            assert_eq!(seats.take(&name).expect_err("its share is taken"), Full::Share);
        }
        assert_eq!(seats.take("late").expect_err("all are taken"), Full::All);
        held.pop();
        assert!(seats.take("late").is_ok());
        held.clear();
        assert!(seats.taken.lock().of.is_empty());
    }
}
