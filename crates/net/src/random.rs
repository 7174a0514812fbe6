//! The system's random generator behind the [`Random`] seam. Unseeded randomness is I/O, so it
//! lives in this layer and is handed down to the pure crates.

use sidetone_base::{Ahead, Random};

/// The operating system's generator (`getrandom(2)`), fit for keys and tokens, as the boxed seam
/// that the pure crates take. It is asked for 256 bytes at a time ([`Ahead`]).
///
/// # Panics
/// Drawing panics when the system has no randomness to give: a server that cannot make
/// unpredictable nonces must not go on. Linux answers always once it has booted.
#[must_use]
pub fn system_random() -> Box<dyn Random> {
    Box::new(Ahead::new(|bytes| {
        if let Err(error) = getrandom::fill(bytes) {
            panic!("the operating system gives no random bytes: {error}");
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tokens_differ() {
        let mut random = system_random();
        assert_ne!(random.token(24), random.token(24));
    }
}
