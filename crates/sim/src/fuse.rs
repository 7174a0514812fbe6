//! A fault of the exchange itself, when a story wants one: the next time a SIP stack draws a random
//! number it panics instead. A shard's stack is given nothing else from outside that runs code.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sidetone_base::{Random, SeededRandom};

/// Burns once after it is lit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fuse(Arc<AtomicBool>);

impl Fuse {
    /// The next number is a fault.
    pub(crate) fn light(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the fault is still to come.
    pub(crate) fn is_lit(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A generator with a fuse; its numbers are those of the seed.
#[derive(Debug)]
pub(crate) struct Fused {
    random: SeededRandom,
    fuse: Fuse,
}

impl Fused {
    pub(crate) fn new(random: SeededRandom, fuse: Fuse) -> Self {
        Self { random, fuse }
    }
}

impl Random for Fused {
    fn fill(&mut self, out: &mut [u8]) {
        let burns = self.fuse.0.swap(false, Ordering::Relaxed);
        assert!(!burns, "the story wants a fault here");
        self.random.fill(out);
    }
}
