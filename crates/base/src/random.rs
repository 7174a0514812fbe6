//! The randomness seam: pure crates take a [`Random`]; the binary hands in the system's generator
//! and tests hand in [`SeededRandom`].

/// A source of random bytes. In production it must be fit for keys and tokens.
pub trait Random: Send {
    /// Fills the buffer with random bytes.
    fn fill(&mut self, out: &mut [u8]);

    /// A random 32-bit number.
    fn u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    /// A random 64-bit number.
    fn u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number in `0..bound`; 0 when `bound` is 0. The bias is below 2⁻³² for bounds under 2³².
    fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.u64() % bound }
    }

    /// A token of `length` characters out of `a-z A-Z 0-9`, about 5.95 bits each.
    fn token(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let mut token = String::with_capacity(length);
        let mut bytes = [0; 32];
        while token.len() < length {
            self.fill(&mut bytes);
            // 248 is the largest multiple of 62 in a byte: larger values would favour `a`-`h`.
            let usable = bytes.iter().filter(|byte| **byte < 248);
            let letters = usable.map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
            token.extend(letters.take(length - token.len()));
        }
        token
    }
}

impl<R: Random + ?Sized> Random for Box<R> {
    fn fill(&mut self, out: &mut [u8]) {
        (**self).fill(out);
    }
}

/// The operating system's generator behind the seam, asked for [`Ahead::BYTES`] at a time: a call
/// draws some twenty numbers of a few bytes, and a system call costs more than all of them. Each
/// byte is wiped once it was given out. The system call is the caller's: this crate does no I/O.
pub struct Ahead {
    fetch: fn(&mut [u8]),
    bytes: [u8; Self::BYTES],
    left: usize,
}

impl Ahead {
    /// Bytes fetched at a time: Linux gives up to 256 without interruption.
    pub const BYTES: usize = 256;

    /// Nothing is fetched before the first draw. `fetch` fills the whole buffer or does not
    /// return: there are no safe keys without randomness.
    #[must_use]
    pub fn new(fetch: fn(&mut [u8])) -> Self {
        Self { fetch, bytes: [0; Self::BYTES], left: 0 }
    }
}

impl std::fmt::Debug for Ahead {
    /// Without the bytes: they become keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ahead").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Random for Ahead {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(Self::BYTES) {
            if self.left < chunk.len() {
                // Nothing counts as fetched should it fail.
                self.left = 0;
                (self.fetch)(&mut self.bytes);
                self.left = Self::BYTES;
            }
            let rest = self.left - chunk.len();
            if let Some(next) = self.bytes.get_mut(rest..self.left) {
                chunk.copy_from_slice(next);
                next.fill(0);
            }
            self.left = rest;
        }
    }
}

/// A repeatable generator (SplitMix64) for tests, fuzzing and simulation. Never for production.
#[derive(Clone, Debug)]
pub struct SeededRandom(u64);

impl SeededRandom {
    /// The same seed gives the same sequence for ever.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl Random for SeededRandom {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let bytes = self.next().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_repeats() {
        let (mut a, mut b) = (SeededRandom::new(7), SeededRandom::new(7));
        assert_eq!(a.token(40), b.token(40));
        assert_eq!(a.token(40).len(), 40);
        assert_ne!(a.u64(), SeededRandom::new(8).u64());
    }

    #[test]
    fn what_is_fetched_ahead_is_given_out_once() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static FETCHED: AtomicUsize = AtomicUsize::new(0);
        fn fetch(out: &mut [u8]) {
            // No byte is zero and no two pieces of eight are alike: a repetition would be seen.
            for piece in out.chunks_mut(8) {
                let number = FETCHED.fetch_add(1, Ordering::Relaxed) as u64 + 1;
                piece.copy_from_slice(&(number | 0x0101_0101_0000_0000).to_le_bytes());
            }
        }
        let mut random = Ahead::new(fetch);
        let mut drawn: Vec<u64> = (0..100).map(|_| random.u64()).collect();
        assert_eq!(FETCHED.load(Ordering::Relaxed), 128, "100 draws, four fetches of 32");
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 100);
        let mut large = [0; 1_000];
        random.fill(&mut large);
        assert!(large.chunks(8).all(|piece| piece.iter().any(|byte| *byte != 0)));
        assert!(!format!("{random:?}").contains("bytes"));
    }
}
