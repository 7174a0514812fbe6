//! The system's random generator behind the [`Random`] seam. Unseeded randomness is I/O, so it
//! lives in this layer and is handed down to the pure crates.

use sidetone_base::Random;

/// The operating system's generator (`getrandom(2)`), fit for keys and tokens.
///
/// # Panics
/// `fill` panics when the system has no randomness to give: a server that cannot make
/// unpredictable nonces must not go on. Linux answers always once it has booted.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&mut self, out: &mut [u8]) {
        if let Err(error) = getrandom::fill(out) {
            panic!("the operating system gives no random bytes: {error}");
        }
    }
}

/// The system's generator as the boxed seam that the pure crates take.
#[must_use]
pub fn system_random() -> Box<dyn Random> {
    Box::new(SystemRandom)
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
