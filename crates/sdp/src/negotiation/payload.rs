//! Which payload type means what, for the whole session: RFC 3264 §8.3.2 forbids that a number
//! ever changes its meaning, and bundled sections share one number space (RFC 9143 §9.1).

use super::variant::variant;
use crate::limits::MAX_REMEMBERED;

/// Everything any payload type has stood for in this session, in either direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PayloadBook(Vec<(u8, String)>);

/// The identity of a codec, retransmission or event format in the book.
pub(super) fn identity(name: &str, clock_rate: u32, channels: u8, fmtp: &str) -> String {
    format!("{name}/{clock_rate}/{channels}/{}", variant(name, fmtp))
}

/// Dynamic numbers in the order of use: 96…127, then 35…63 as browsers do. 64…95 would look like
/// RTCP on a muxed port (RFC 5761 §4).
fn dynamic() -> impl Iterator<Item = u8> {
    (96..=127).chain(35..=63)
}

impl PayloadBook {
    /// Records what a peer or an earlier exchange uses a number for.
    pub(super) fn record(&mut self, payload_type: u8, identity: &str) {
        let known = self.0.iter().any(|(pt, name)| *pt == payload_type && name == identity);
        if !known && self.0.len() < MAX_REMEMBERED {
            self.0.push((payload_type, identity.to_owned()));
        }
    }

    /// The number for an identity: the one it always had, else the preferred one if nothing else
    /// ever used it, else a free one. `None` when all are taken.
    pub(super) fn assign(&mut self, identity: &str, preferred: Option<u8>) -> Option<u8> {
        let used = |book: &Self, payload_type: u8| book.0.iter().any(|(pt, _)| *pt == payload_type);
        // A number that came to stand for something else as well is not offered again.
        let ours = |pt: u8| self.0.iter().all(|(other, name)| *other != pt || name == identity);
        let known = self.0.iter().find(|(pt, name)| name == identity && ours(*pt));
        if let Some((payload_type, _)) = known {
            return Some(*payload_type);
        }
        let preferred = preferred.filter(|payload_type| !used(self, *payload_type));
        let chosen = preferred.or_else(|| dynamic().find(|pt| !used(self, *pt)))?;
        self.record(chosen, identity);
        Some(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_meaning_and_taken_ones_are_avoided() {
        let mut book = PayloadBook::default();
        book.record(111, "opus/48000/2/");
        assert_eq!(book.assign("opus/48000/2/", Some(107)), Some(111));
        assert_eq!(book.assign("g726-32/8000/1/", Some(111)), Some(96));
        assert_eq!(book.assign("pcmu/8000/1/", Some(0)), Some(0));
        book.record(96, "vp8/90000/1/");
        assert_eq!(book.assign("g726-32/8000/1/", None), Some(97), "96 means two things");
    }

    #[test]
    fn a_full_book_gives_nothing_instead_of_a_clash() {
        let mut book = PayloadBook::default();
        let given = (0..100).filter_map(|i| book.assign(&format!("x{i}"), None)).count();
        assert_eq!(given, 61);
    }
}
