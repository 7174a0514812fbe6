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
}
