//! Redundant payloads (RFC 2198) as text uses them (RFC 4103 §4): headers of the repeated blocks,
//! the header of the new one, then all blocks. What a relay does with them: it writes the numbers
//! of another leg into the headers, or takes the new block out.

/// Repetitions in one packet. Text has two; a packet with more than this is none of ours.
pub const MAX_REPEATED: usize = 16;
/// Bytes of the header of a repeated block: the bit that more follow, 7 bits of payload type, 14 of
/// age, 10 of length.
const HEADER_LEN: usize = 4;

/// A payload whose headers were checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedundantView<'a> {
    payload: &'a [u8],
    repeated: usize,
    primary: &'a [u8],
}

impl<'a> RedundantView<'a> {
    /// Checks a payload; `None` when its blocks do not fit it.
    #[must_use]
    pub fn parse(payload: &'a [u8]) -> Option<Self> {
        let (mut rest, mut repeated, mut lengths) = (payload, 0, 0);
        while let [0x80..=0xff, _, high, low, behind @ ..] = rest {
            lengths += usize::from(u16::from_be_bytes([high & 3, *low]));
            repeated += 1;
            if repeated > MAX_REPEATED {
                return None;
            }
            rest = behind;
        }
        let [0..=0x7f, blocks @ ..] = rest else {
            return None;
        };
        let primary = blocks.get(lengths..)?;
        Some(Self { payload, repeated, primary })
    }

    /// How many repeated blocks there are.
    #[must_use]
    pub fn repeated(&self) -> usize {
        self.repeated
    }

    /// The new block; empty when there are only repetitions.
    #[must_use]
    pub fn primary(&self) -> &'a [u8] {
        self.primary
    }

    /// Copies the payload with this payload type for all blocks; the bytes written, or `None` when
    /// there is no room.
    #[must_use]
    pub fn relabel(&self, payload_type: u8, out: &mut [u8]) -> Option<usize> {
        let out = out.get_mut(..self.payload.len())?;
        out.copy_from_slice(self.payload);
        for header in 0..=self.repeated {
            let byte = out.get_mut(header * HEADER_LEN)?;
            *byte = *byte & 0x80 | payload_type & 0x7f;
        }
        Some(self.payload.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The blocks of RFC 4103 §4: repetitions oldest first, then the new text.
    fn payload(number: u8, repeated: &[&[u8]], primary: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for block in repeated {
            let [high, low] = (block.len() as u16).to_be_bytes();
            bytes.extend([0x80 | number, 0x12, high, low]);
        }
        bytes.push(number);
        repeated.iter().for_each(|block| bytes.extend(*block));
        bytes.extend(primary);
        bytes
    }

    #[test]
    fn the_new_text_is_taken_out_and_the_numbers_are_changed() {
        let bytes = payload(98, &[b"he", b"", b"l"], b"lo");
        let view = RedundantView::parse(&bytes).unwrap();
        assert_eq!((view.repeated(), view.primary()), (3, &b"lo"[..]));
        let mut out = [0; 64];
        let len = view.relabel(109, &mut out).unwrap();
        assert_eq!(out[..len], payload(109, &[b"he", b"", b"l"], b"lo"));
        assert_eq!(view.relabel(109, &mut [0; 8]), None);
    }

    #[test]
    fn blocks_that_do_not_fit_are_refused() {
        for bytes in [&[][..], &[0x80 | 98, 0, 0], &[0x80 | 98, 0, 0, 9, 98, b'x'], &[0xe2; 4]] {
            assert_eq!(RedundantView::parse(bytes), None, "{bytes:?}");
        }
        let many: Vec<&[u8]> = vec![b""; MAX_REPEATED + 1];
        assert_eq!(RedundantView::parse(&payload(98, &many, b"")), None);
        let empty = payload(98, &[], b"");
        assert_eq!(RedundantView::parse(&empty).unwrap().primary(), b"");
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            blocks in proptest::collection::vec(
                proptest::collection::vec(any::<u8>(), 0..40), 0..MAX_REPEATED),
            primary in proptest::collection::vec(any::<u8>(), 0..40),
            number in 0_u8..128,
        ) {
            let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
            let bytes = payload(96, &blocks, &primary);
            let view = RedundantView::parse(&bytes).unwrap();
            prop_assert_eq!((view.repeated(), view.primary()), (blocks.len(), &primary[..]));
            let mut out = [0; 1024];
            let len = view.relabel(number, &mut out).unwrap();
            prop_assert_eq!(&out[..len], payload(number, &blocks, &primary));
        }
    }
}
