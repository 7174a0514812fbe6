//! Where one stream stands: its highest packet index, which of the last packets were seen
//! (RFC 3711 §3.3.1 and §3.3.2), and the watch for a peer that started over.

/// Packets that the replay window of a stream covers. A video stream at 4 Mbit/s sends about 400
/// packets a second and retransmits for up to two.
pub const WINDOW_PACKETS: usize = 1024;

/// Packets in a row, each authentic and following the last, after which a stream that went back
/// or lost its rollover counter is taken to have started over: 160 ms of audio.
pub const RESYNC_PACKETS: u8 = 8;

/// The same for packets that look like duplicates: some networks repeat a burst of packets, and
/// 64 in a row (1.3 s of audio) is more than any burst.
pub const RESYNC_DUPLICATES: u8 = 64;

/// How often one stream may start over. Peers do so at re-INVITEs; more looks like an attack.
pub const MAX_RESYNCS: u8 = 8;

/// Packets that may be missing between two packets of a stream that is starting over.
const RESYNC_GAP: u64 = 8;

/// What the replay list says about an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// Not seen before.
    Fresh,
    /// Seen before.
    Duplicate,
    /// Below the window.
    TooOld,
}

/// The last `64 × WORDS` indices of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<const WORDS: usize> {
    highest: u64,
    seen: [u64; WORDS],
}

impl<const WORDS: usize> Window<WORDS> {
    const SIZE: u64 = 64 * WORDS as u64;

    /// A window whose highest index is `highest`, which is not yet marked as seen.
    pub(super) fn new(highest: u64) -> Self {
        Self { highest, seen: [0; WORDS] }
    }

    /// The highest index accepted.
    pub(super) fn highest(&self) -> u64 {
        self.highest
    }

    /// Asks without changing anything.
    pub(super) fn check(&self, index: u64) -> Freshness {
        if index > self.highest {
            return Freshness::Fresh;
        }
        if self.highest - index >= Self::SIZE {
            return Freshness::TooOld;
        }
        let (word, bit) = Self::place(index);
        if self.seen[word] & bit == 0 { Freshness::Fresh } else { Freshness::Duplicate }
    }

    /// Marks an index as seen and moves the window up to it.
    pub(super) fn mark(&mut self, index: u64) {
        if index > self.highest {
            if index - self.highest >= Self::SIZE {
                self.seen = [0; WORDS];
            } else {
                for skipped in self.highest + 1..index {
                    let (word, bit) = Self::place(skipped);
                    self.seen[word] &= !bit;
                }
            }
            self.highest = index;
        } else if self.highest - index >= Self::SIZE {
            return;
        }
        let (word, bit) = Self::place(index);
        self.seen[word] |= bit;
    }

    /// Counts every index up to `highest` as seen.
    pub(super) fn mark_all(&mut self) {
        self.seen = [u64::MAX; WORDS];
    }

    fn place(index: u64) -> (usize, u64) {
        // The modulus makes the cast lossless.
        let at = (index % Self::SIZE) as usize;
        (at / 64, 1 << (at % 64))
    }
}

/// The index of the packet with `sequence` that is nearest to `highest` (RFC 3711 §3.3.1), never
/// below zero.
pub(super) fn nearest_index(highest: u64, sequence: u16) -> u64 {
    // The mask keeps the low 16 bits.
    let reference = (highest & 0xffff) as u16;
    let ahead = sequence.wrapping_sub(reference);
    let index = highest + u64::from(ahead);
    // RFC 3711 §3.3.1 takes exactly half way round as ahead when s_l is in the lower half, and as
    // the same rollover counter otherwise; only packets 32,768 apart notice.
    if ahead > 0x8000 || (ahead == 0x8000 && reference >= 0x8000) {
        return index.checked_sub(0x1_0000).unwrap_or(index);
    }
    index
}

/// Watches packets that are authentic but do not fit, for a stream that is starting over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ResyncWatch {
    last: Option<u64>,
    in_a_row: u8,
    done: u8,
}

impl ResyncWatch {
    /// An ordinary packet arrived: the old sequence is alive.
    pub(super) fn clear(&mut self) {
        self.in_a_row = 0;
        self.last = None;
    }

    /// Whether the stream may start over again.
    pub(super) fn is_open(&self) -> bool {
        self.done < MAX_RESYNCS
    }

    /// Notes an authentic packet that does not fit. True when the stream continues from it.
    pub(super) fn note(&mut self, index: u64, needed: u8) -> bool {
        let follows = self.last.is_some_and(|last| index > last && index - last <= 1 + RESYNC_GAP);
        self.in_a_row = if follows { self.in_a_row.saturating_add(1) } else { 1 };
        self.last = Some(index);
        if self.in_a_row < needed || !self.is_open() {
            return false;
        }
        self.done += 1;
        self.clear();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_nearest_index_crosses_the_wrap_in_both_directions() {
        assert_eq!(nearest_index(0xffff, 0), 0x1_0000);
        assert_eq!(nearest_index(0x1_0001, 0xffff), 0xffff);
        assert_eq!(nearest_index(0x2_1000, 0x1001), 0x2_1001);
        assert_eq!(nearest_index(5, 0xffff), 0xffff, "there is nothing before the first round");
    }

    #[test]
    fn a_window_tells_fresh_seen_and_old() {
        let mut window = Window::<1>::new(100);
        window.mark(100);
        assert_eq!(window.check(100), Freshness::Duplicate);
        assert_eq!(window.check(99), Freshness::Fresh);
        assert_eq!(window.check(36), Freshness::TooOld);
        window.mark(164);
        assert_eq!(window.check(101), Freshness::Fresh);
        assert_eq!(window.check(100), Freshness::TooOld);
    }

    proptest! {
        #[test]
        fn a_window_agrees_with_a_set(indices in proptest::collection::vec(0u64..400, 1..200)) {
            let mut window = Window::<2>::new(indices[0]);
            let mut seen = BTreeSet::new();
            for index in indices {
                let expected = if index + 128 <= window.highest() {
                    Freshness::TooOld
                } else if seen.contains(&index) {
                    Freshness::Duplicate
                } else {
                    Freshness::Fresh
                };
                prop_assert_eq!(window.check(index), expected);
                window.mark(index);
                seen.insert(index);
            }
        }
    }
}
