//! UDPTL datagrams (ITU-T T.38 §9.1): what a fax over UDP travels in. They are passed on as they
//! are; only what a relay must know is read, the number and whether the first packet lies inside.
//!
//! A datagram is the sequence number in two bytes, the packet as an open type of ASN.1 PER (a
//! length, then as many bytes), and behind it the repetitions or parity that repair losses. The
//! machines at the ends use those, so nothing is lost by not reading them here.

/// Bytes of the shortest datagram: number, a packet of one byte, and an empty list of repetitions.
pub const MIN_LEN: usize = 5;

/// Why a datagram is no UDPTL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdptlError {
    /// Shorter than [`MIN_LEN`].
    Short,
    /// The packet is empty, ends behind the datagram, or is longer than any fax machine sends.
    Length,
}

impl std::fmt::Display for UdptlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Short => "too short for UDPTL",
            Self::Length => "the packet does not fit the datagram",
        })
    }
}

impl std::error::Error for UdptlError {}

/// A datagram whose frame was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdptlView<'a> {
    sequence: u16,
    primary: &'a [u8],
    repair: &'a [u8],
}

impl<'a> UdptlView<'a> {
    /// Checks a datagram.
    ///
    /// # Errors
    /// [`UdptlError`] when it cannot be UDPTL.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, UdptlError> {
        let [high, low, rest @ ..] = datagram else {
            return Err(UdptlError::Short);
        };
        if datagram.len() < MIN_LEN {
            return Err(UdptlError::Short);
        }
        let (len, rest) = length(rest).ok_or(UdptlError::Length)?;
        let (primary, repair) = rest.split_at_checked(len).ok_or(UdptlError::Length)?;
        if primary.is_empty() || repair.is_empty() {
            return Err(UdptlError::Length);
        }
        Ok(Self { sequence: u16::from_be_bytes([*high, *low]), primary, repair })
    }

    /// The number of the datagram; the next one's is higher by one.
    #[must_use]
    pub fn sequence(&self) -> u16 {
        self.sequence
    }

    /// The packet (IFP) that is new in it.
    #[must_use]
    pub fn primary(&self) -> &'a [u8] {
        self.primary
    }

    /// What repairs losses: repetitions or parity, not read.
    #[must_use]
    pub fn repair(&self) -> &'a [u8] {
        self.repair
    }
}

/// A length of PER (X.691 §11.9): 7 bits, or 14 behind the bits `10`. The fragments behind `11`
/// begin at 16 KiB, which fit no datagram.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [short @ 0..=0x7f, rest @ ..] => Some((usize::from(*short), rest)),
        [high @ 0x80..=0xbf, low, rest @ ..] => {
            Some((usize::from(u16::from_be_bytes([high & 0x3f, *low])), rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A datagram without repetitions.
    fn datagram(sequence: u16, packet: &[u8]) -> Vec<u8> {
        let mut bytes = sequence.to_be_bytes().to_vec();
        match packet.len() {
            len @ 0..=0x7f => bytes.push(len as u8),
            len => bytes.extend((0x8000 | len as u16).to_be_bytes()),
        }
        bytes.extend(packet);
        bytes.extend([0, 0]);
        bytes
    }

    #[test]
    fn a_datagram_of_the_recommendation_is_taken_apart() {
        // "no signal", as every gateway sends it first, without repetitions.
        let bytes = [0x00, 0x07, 0x01, 0x00, 0x00, 0x00];
        let view = UdptlView::parse(&bytes).unwrap();
        assert_eq!((view.sequence(), view.primary(), view.repair()), (7, &[0][..], &[0, 0][..]));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        use UdptlError::{Length, Short};
        let check = |bytes: &[u8], expected| assert_eq!(UdptlView::parse(bytes), Err(expected));
        check(&[], Short);
        check(&[0, 1, 1, 0], Short);
        check(&[0, 1, 0, 0, 0, 0], Length);
        check(&[0, 1, 5, 0, 0, 0], Length);
        check(&[0, 1, 3, 0, 0, 0], Length);
        check(&[0, 1, 0x81, 0, 0, 0], Length);
        check(&[0, 1, 0xc1, 0, 0, 0], Length);
    }

    proptest! {
        #[test]
        fn what_was_framed_is_read(
            sequence: u16,
            packet in proptest::collection::vec(any::<u8>(), 1..1400),
        ) {
            let bytes = datagram(sequence, &packet);
            let view = UdptlView::parse(&bytes).unwrap();
            prop_assert_eq!((view.sequence(), view.primary()), (sequence, packet.as_slice()));
        }

        #[test]
        fn a_datagram_cut_short_is_refused_or_keeps_its_packet(
            packet in proptest::collection::vec(any::<u8>(), 1..300),
            cut in 0_usize..300,
        ) {
            let bytes = datagram(1, &packet);
            if let Ok(view) = UdptlView::parse(bytes.get(..cut).unwrap_or(&bytes)) {
                prop_assert_eq!(view.primary(), packet.as_slice());
            }
        }
    }
}
