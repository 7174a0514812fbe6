//! One RTP packet (RFC 3550 §5.1): a view that copies nothing, a writer, and setters that rewrite
//! a header in place, which is all a relay needs.
//!
//! [`RtpView::parse`] wants a packet in clear; [`RtpView::parse_protected`] reads the header of an
//! SRTP packet, whose padding and payload are not known before decryption. What the payload means
//! is the codec's business.

use std::fmt;
use std::ops::Range;

use crate::extension::{self, Elements};

/// Bytes of a header without contributing sources and extensions.
pub const HEADER_LEN: usize = 12;

/// A synchronisation source (RFC 3550 §3): the number that names one stream of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ssrc(pub u32);

impl fmt::Display for Ssrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// Why bytes are not an RTP packet. Always the peer's fault: drop the packet and count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtpError {
    /// Fewer bytes than the header announces.
    Truncated,
    /// The version is not 2.
    WrongVersion,
    /// The padding count is zero or larger than the payload.
    BadPadding,
    /// The output buffer has no room; this one is ours.
    NoRoom,
}

impl fmt::Display for RtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "peer sent an RTP packet shorter than its header says",
            Self::WrongVersion => "peer sent a packet that is not RTP version 2",
            Self::BadPadding => "peer sent an RTP packet whose padding exceeds its payload",
            Self::NoRoom => "the buffer for an RTP packet is too small",
        })
    }
}

impl std::error::Error for RtpError {}

/// The fixed fields of a header, to write a new packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Start of a talk spurt, or last packet of a video frame.
    pub marker: bool,
    /// Payload type, 0–127.
    pub payload_type: u8,
    /// Sequence number; wraps.
    pub sequence: u16,
    /// Timestamp in units of the payload's clock rate; wraps.
    pub timestamp: u32,
    /// The stream.
    pub ssrc: Ssrc,
}

impl Header {
    /// Writes the twelve bytes of a header without extension to the start of `out`.
    ///
    /// # Errors
    /// [`RtpError::NoRoom`] when `out` is shorter than [`HEADER_LEN`].
    pub fn write(&self, out: &mut [u8]) -> Result<usize, RtpError> {
        let out = out.get_mut(..HEADER_LEN).ok_or(RtpError::NoRoom)?;
        out[0] = 0x80;
        out[1] = (u8::from(self.marker) << 7) | (self.payload_type & 0x7f);
        out[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        out[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        out[8..12].copy_from_slice(&self.ssrc.0.to_be_bytes());
        Ok(HEADER_LEN)
    }

    /// Writes header, extension elements (pairs of id and value; none: no extension) and payload,
    /// and returns the length of the packet.
    ///
    /// # Errors
    /// [`RtpError::NoRoom`] when `out` is too small or an element does not fit its form.
    pub fn write_packet(
        &self,
        out: &mut [u8],
        elements: &[(u8, &[u8])],
        payload: &[u8],
    ) -> Result<usize, RtpError> {
        let mut len = self.write(out)?;
        if !elements.is_empty() {
            let rest = out.get_mut(len..).ok_or(RtpError::NoRoom)?;
            len += extension::write(rest, elements)?;
            out[0] |= 0x10;
        }
        let end = len.checked_add(payload.len()).ok_or(RtpError::NoRoom)?;
        out.get_mut(len..end).ok_or(RtpError::NoRoom)?.copy_from_slice(payload);
        Ok(end)
    }
}

/// A parsed packet over borrowed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpView<'a> {
    bytes: &'a [u8],
    csrc_end: u8,
    header_len: usize,
    payload_end: usize,
}

impl<'a> RtpView<'a> {
    /// Reads a packet in clear, padding included.
    ///
    /// # Errors
    /// See [`RtpError`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RtpError> {
        let mut view = Self::parse_protected(bytes)?;
        if bytes[0] & 0x20 != 0 {
            let padding = usize::from(*bytes.last().ok_or(RtpError::Truncated)?);
            if padding == 0 || padding > bytes.len() - view.header_len {
                return Err(RtpError::BadPadding);
            }
            view.payload_end = bytes.len() - padding;
        }
        Ok(view)
    }

    /// Reads the header of a packet whose payload is encrypted: the padding bit is ignored and the
    /// payload runs to the end of the bytes.
    ///
    /// # Errors
    /// See [`RtpError`].
    pub fn parse_protected(bytes: &'a [u8]) -> Result<Self, RtpError> {
        let (csrc_end, header_len) = header_lengths(bytes)?;
        Ok(Self { bytes, csrc_end, header_len, payload_end: bytes.len() })
    }

    /// The marker bit.
    #[must_use]
    pub fn marker(&self) -> bool {
        self.bytes[1] & 0x80 != 0
    }

    /// The payload type, 0–127.
    #[must_use]
    pub fn payload_type(&self) -> u8 {
        self.bytes[1] & 0x7f
    }

    /// The sequence number.
    #[must_use]
    pub fn sequence(&self) -> u16 {
        u16::from_be_bytes([self.bytes[2], self.bytes[3]])
    }

    /// The timestamp in units of the payload's clock rate.
    #[must_use]
    pub fn timestamp(&self) -> u32 {
        be32(&self.bytes[4..8])
    }

    /// The stream.
    #[must_use]
    pub fn ssrc(&self) -> Ssrc {
        Ssrc(be32(&self.bytes[8..12]))
    }

    /// The fixed fields together.
    #[must_use]
    pub fn header(&self) -> Header {
        Header {
            marker: self.marker(),
            payload_type: self.payload_type(),
            sequence: self.sequence(),
            timestamp: self.timestamp(),
            ssrc: self.ssrc(),
        }
    }

    /// The contributing sources a mixer listed, at most 15.
    pub fn csrcs(&self) -> impl Iterator<Item = Ssrc> + 'a {
        let list = &self.bytes[HEADER_LEN..usize::from(self.csrc_end)];
        list.chunks_exact(4).map(|word| Ssrc(be32(word)))
    }

    /// The header extension: its profile number and its content.
    #[must_use]
    pub fn extension(&self) -> Option<(u16, &'a [u8])> {
        if self.bytes[0] & 0x10 == 0 {
            return None;
        }
        let block = self.bytes.get(usize::from(self.csrc_end)..self.header_len)?;
        let profile = u16::from_be_bytes([*block.first()?, *block.get(1)?]);
        Some((profile, block.get(4..)?))
    }

    /// The elements of an RFC 8285 extension; empty when there is none or it has another profile.
    #[must_use]
    pub fn elements(&self) -> Elements<'a> {
        match self.extension() {
            Some((profile, content)) => Elements::new(profile, content),
            None => Elements::new(0, &[]),
        }
    }

    /// The value of the extension element negotiated as `id`.
    #[must_use]
    pub fn element(&self, id: u8) -> Option<&'a [u8]> {
        self.elements().find(|element| element.id == id).map(|element| element.value)
    }

    /// Bytes before the payload.
    #[must_use]
    pub fn header_len(&self) -> usize {
        self.header_len
    }

    /// The payload without padding.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        &self.bytes[self.header_len..self.payload_end]
    }

    /// Where the payload lies in the packet.
    #[must_use]
    pub fn payload_range(&self) -> Range<usize> {
        self.header_len..self.payload_end
    }

    /// Bytes of padding at the end of the packet.
    #[must_use]
    pub fn padding_len(&self) -> usize {
        self.bytes.len() - self.payload_end
    }

    /// The whole packet.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// Where the list of contributing sources ends, and where the payload begins.
fn header_lengths(bytes: &[u8]) -> Result<(u8, usize), RtpError> {
    let first = *bytes.first().ok_or(RtpError::Truncated)?;
    if first >> 6 != 2 {
        return Err(RtpError::WrongVersion);
    }
    // At most 12 + 15 × 4 = 72, which fits a byte.
    let csrc_end = 12 + (first & 0x0f) * 4;
    let mut header_len = usize::from(csrc_end);
    if first & 0x10 != 0 {
        let words = bytes.get(header_len + 2..header_len + 4).ok_or(RtpError::Truncated)?;
        header_len += 4 + usize::from(u16::from_be_bytes([words[0], words[1]])) * 4;
    }
    if bytes.len() < header_len { Err(RtpError::Truncated) } else { Ok((csrc_end, header_len)) }
}

/// A packet whose header is rewritten in place. Made only over bytes that parse.
#[derive(Debug)]
pub struct RtpMut<'a> {
    bytes: &'a mut [u8],
}

impl<'a> RtpMut<'a> {
    /// Checks the header and gives write access to it.
    ///
    /// # Errors
    /// See [`RtpError`].
    pub fn parse(bytes: &'a mut [u8]) -> Result<Self, RtpError> {
        header_lengths(bytes)?;
        Ok(Self { bytes })
    }

    /// Sets or clears the marker bit.
    pub fn set_marker(&mut self, marker: bool) {
        self.bytes[1] = (self.bytes[1] & 0x7f) | (u8::from(marker) << 7);
    }

    /// Sets the payload type; the top bit of the argument is ignored.
    pub fn set_payload_type(&mut self, payload_type: u8) {
        self.bytes[1] = (self.bytes[1] & 0x80) | (payload_type & 0x7f);
    }

    /// Sets the sequence number.
    pub fn set_sequence(&mut self, sequence: u16) {
        self.bytes[2..4].copy_from_slice(&sequence.to_be_bytes());
    }

    /// Sets the timestamp.
    pub fn set_timestamp(&mut self, timestamp: u32) {
        self.bytes[4..8].copy_from_slice(&timestamp.to_be_bytes());
    }

    /// Sets the stream.
    pub fn set_ssrc(&mut self, ssrc: Ssrc) {
        self.bytes[8..12].copy_from_slice(&ssrc.0.to_be_bytes());
    }

    /// The value of the extension element negotiated as `id`, to overwrite with as many bytes.
    pub fn element_mut(&mut self, id: u8) -> Option<&mut [u8]> {
        let view = RtpView::parse_protected(self.bytes).ok()?;
        let start = usize::from(view.csrc_end) + 4;
        let range = view.elements().find(|element| element.id == id)?.range;
        self.bytes.get_mut(start + range.start..start + range.end)
    }

    /// Reads the packet as it is now.
    ///
    /// # Errors
    /// See [`RtpError`]; only a bad padding count can fail here.
    pub fn view(&self) -> Result<RtpView<'_>, RtpError> {
        RtpView::parse(self.bytes)
    }
}

/// How far `sequence` is ahead of `reference`: negative when it is older. RFC 1982 arithmetic.
#[must_use]
pub fn sequence_delta(sequence: u16, reference: u16) -> i16 {
    sequence.wrapping_sub(reference).cast_signed()
}

/// Four bytes as a number; the caller has checked the length.
pub(crate) fn be32(word: &[u8]) -> u32 {
    word.iter().take(4).fold(0, |value, byte| (value << 8) | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ULAW: Header = Header {
        marker: true,
        payload_type: 0,
        sequence: 0xfffe,
        timestamp: 160,
        ssrc: Ssrc(0x1234_5678),
    };

    fn packet(elements: &[(u8, &[u8])], payload: &[u8]) -> Vec<u8> {
        let mut out = vec![0; 1500];
        let len = ULAW.write_packet(&mut out, elements, payload).unwrap();
        out.truncate(len);
        out
    }

    #[test]
    fn a_written_packet_reads_back() {
        let bytes = packet(&[(1, b"audio"), (5, &[1, 2])], &[7; 160]);
        let view = RtpView::parse(&bytes).unwrap();
        assert_eq!(view.header(), ULAW);
        assert_eq!(view.payload(), [7; 160]);
        assert_eq!(view.element(1), Some(&b"audio"[..]));
        assert_eq!(view.element(5), Some(&[1, 2][..]));
        assert_eq!(view.element(2), None);
    }

    #[test]
    fn padding_is_cut_off_and_bad_padding_refused() {
        let mut bytes = packet(&[], &[9, 9, 0, 0, 3]);
        bytes[0] |= 0x20;
        let view = RtpView::parse(&bytes).unwrap();
        assert_eq!((view.payload(), view.padding_len()), (&[9, 9][..], 3));
        for count in [0, 6, 255] {
            *bytes.last_mut().unwrap() = count;
            assert_eq!(RtpView::parse(&bytes), Err(RtpError::BadPadding));
        }
    }

    #[test]
    fn lies_about_lengths_are_refused() {
        assert_eq!(RtpView::parse(&[]), Err(RtpError::Truncated));
        assert_eq!(RtpView::parse(&[0x80; 11]), Err(RtpError::Truncated));
        assert_eq!(RtpView::parse(&[0x40; 12]), Err(RtpError::WrongVersion));
        assert_eq!(RtpView::parse(&[0x8f; 40]), Err(RtpError::Truncated));
        let mut bytes = packet(&[(1, b"a")], b"");
        bytes[15] = 0xff;
        assert_eq!(RtpView::parse(&bytes), Err(RtpError::Truncated));
    }

    #[test]
    fn contributing_sources_are_listed() {
        let mut bytes = packet(&[], &[0, 0, 0, 1, 0, 0, 0, 2, 42]);
        bytes[0] |= 2;
        let view = RtpView::parse(&bytes).unwrap();
        assert_eq!(view.csrcs().collect::<Vec<_>>(), [Ssrc(1), Ssrc(2)]);
        assert_eq!(view.payload(), [42]);
    }

    #[test]
    fn a_header_is_rewritten_in_place() {
        let mut bytes = packet(&[(3, &[0, 0])], b"x");
        let mut packet = RtpMut::parse(&mut bytes).unwrap();
        packet.set_marker(false);
        packet.set_payload_type(111);
        packet.set_sequence(1);
        packet.set_timestamp(2);
        packet.set_ssrc(Ssrc(3));
        packet.element_mut(3).unwrap().copy_from_slice(&[8, 9]);
        assert!(packet.element_mut(4).is_none());
        let view = packet.view().unwrap();
        let header =
            Header { marker: false, payload_type: 111, sequence: 1, timestamp: 2, ssrc: Ssrc(3) };
        assert_eq!(view.header(), header);
        assert_eq!(view.element(3), Some(&[8, 9][..]));
    }

    #[test]
    fn sequence_numbers_compare_across_the_wrap() {
        assert_eq!(sequence_delta(2, 0xffff), 3);
        assert_eq!(sequence_delta(0xffff, 2), -3);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            marker: bool, payload_type in 0u8..128, sequence: u16, timestamp: u32, ssrc: u32,
            payload in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let ssrc = Ssrc(ssrc);
            let header = Header { marker, payload_type, sequence, timestamp, ssrc };
            let mut out = [0; 400];
            let len = header.write_packet(&mut out, &[(2, &[1])], &payload).unwrap();
            let view = RtpView::parse(&out[..len]).unwrap();
            prop_assert_eq!(view.header(), header);
            prop_assert_eq!(view.payload(), &payload[..]);
        }
    }
}
