//! The tables that each datagram passes: who owns a socket, and the hash of a source on a shared
//! one. Both are looked up with cold memory, so they are small and the hash is short.

use std::hash::{BuildHasher, Hasher};

use sidetone_base::Random;

use super::LegKey;
use crate::path::PathId;

/// Who owns a socket.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner {
    Shared,
    /// The leg and which of its transports.
    Leg(LegKey, usize),
    /// The same, of a transport that carries a fax: what arrives is no RTP, whatever it looks like.
    Fax(LegKey, usize),
}

/// The owner of each socket, at the place of its number: the worker gives out small ones.
#[derive(Debug, Default)]
pub(super) struct Owners(Vec<Option<Owner>>);

impl Owners {
    pub(super) fn get(&self, path: PathId) -> Option<Owner> {
        self.0.get(path.0 as usize).copied().flatten()
    }

    pub(super) fn set(&mut self, path: PathId, owner: Owner) {
        let index = path.0 as usize;
        if index >= self.0.len() {
            self.0.resize(index + 1, None);
        }
        if let Some(place) = self.0.get_mut(index) {
            *place = Some(owner);
        }
    }

    pub(super) fn clear(&mut self, path: PathId) {
        if let Some(place) = self.0.get_mut(path.0 as usize) {
            *place = None;
        }
    }
}

/// Hashes the addresses of peers. Each graph has a secret of its own: a peer that chooses its
/// ports cannot choose where they fall in the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed([u64; 2]);

impl Seed {
    pub(super) fn new(random: &mut dyn Random) -> Self {
        Self([random.u64(), random.u64() | 1])
    }
}

impl BuildHasher for Seed {
    type Hasher = Folded;

    fn build_hasher(&self) -> Folded {
        let Self([state, factor]) = *self;
        Folded { state, factor }
    }
}

/// Multiplies each word into the state and folds the halves of the product together.
#[derive(Debug)]
pub(super) struct Folded {
    state: u64,
    factor: u64,
}

impl Hasher for Folded {
    fn finish(&self) -> u64 {
        fold(self.state, self.factor)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            for (place, byte) in word.iter_mut().zip(chunk) {
                *place = *byte;
            }
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u16(&mut self, number: u16) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.state = fold(self.state ^ number, self.factor);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

/// The 128-bit product has both halves by construction of the shift.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::SocketAddr;

    use sidetone_base::SeededRandom;

    use super::*;

    #[test]
    fn sources_that_differ_in_one_bit_fall_apart() {
        let seed = Seed::new(&mut SeededRandom::new(1));
        let mut places = HashSet::new();
        for port in 0..4_096_u16 {
            let source = SocketAddr::from(([198, 51, 100, 1], port));
            places.insert(seed.hash_one((PathId(0), source)) >> 48);
        }
        // 4,096 balls in 65,536 places: some 3,970 differ.
        assert!(places.len() > 3_800, "{}", places.len());
    }

    #[test]
    fn a_socket_has_one_owner_until_it_is_cleared() {
        let mut owners = Owners::default();
        assert!(owners.get(PathId(3)).is_none());
        owners.set(PathId(3), Owner::Shared);
        assert!(matches!(owners.get(PathId(3)), Some(Owner::Shared)));
        assert!(owners.get(PathId(2)).is_none());
        owners.clear(PathId(3));
        assert!(owners.get(PathId(3)).is_none());
    }
}
