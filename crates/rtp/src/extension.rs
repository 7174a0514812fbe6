//! Header extensions in the one-byte and two-byte forms of RFC 8285, and the values of the
//! elements that Sidetone uses. Which id means which element is negotiated in SDP (`extmap`); the
//! names stand in [`uri`].

use std::ops::Range;

use crate::packet::RtpError;

/// Profile number of the one-byte form (RFC 8285 §4.2).
pub const ONE_BYTE: u16 = 0xbede;
/// Profile number of the two-byte form with its application bits zero (RFC 8285 §4.3).
pub const TWO_BYTE: u16 = 0x1000;

/// The names under which elements are negotiated.
pub mod uri {
    /// Media identification (RFC 9143 §15).
    pub const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
    /// Identification of an encoding (RFC 8852).
    pub const RTP_STREAM_ID: &str = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
    /// Identification of the encoding a retransmission repairs (RFC 8852).
    pub const REPAIRED_RTP_STREAM_ID: &str =
        "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
    /// Audio level from client to mixer (RFC 6464).
    pub const AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
    /// Absolute send time, 24 bits of 6.18 fixed-point seconds.
    pub const ABS_SEND_TIME: &str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
    /// Transport-wide sequence number (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    pub const TRANSPORT_CC: &str =
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
}

/// One element of a header extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The negotiated id.
    pub id: u8,
    /// The bytes.
    pub value: &'a [u8],
    /// Where the value lies in the content of the extension.
    pub range: Range<usize>,
}

/// Walks the elements of an extension. Stops silently at the first malformed one: what was read
/// before it stays usable (RFC 8285 §4.2).
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    content: &'a [u8],
    at: usize,
    form: Form,
}

/// How id and length of an element are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    OneByte,
    TwoByte,
    Unknown,
}

impl<'a> Elements<'a> {
    /// Reads `content` by the form that `profile` names; other profiles have no elements.
    #[must_use]
    pub fn new(profile: u16, content: &'a [u8]) -> Self {
        let form = match profile {
            ONE_BYTE => Form::OneByte,
            // RFC 8285 §4.3: the low four bits belong to the application.
            0x1000..=0x100f => Form::TwoByte,
            _ => Form::Unknown,
        };
        Self { content, at: 0, form }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        loop {
            let first = *self.content.get(self.at)?;
            // A zero byte is padding in both forms.
            if first == 0 && self.form != Form::Unknown {
                self.at += 1;
                continue;
            }
            let (id, start, len) = match self.form {
                // RFC 8285 §4.2: id 15 ends the processing of the whole extension.
                Form::OneByte if first >> 4 == 15 => return None,
                Form::OneByte => (first >> 4, self.at + 1, usize::from(first & 0x0f) + 1),
                Form::TwoByte => (first, self.at + 2, usize::from(*self.content.get(self.at + 1)?)),
                Form::Unknown => return None,
            };
            let range = start..start + len;
            let value = self.content.get(range.clone())?;
            self.at = range.end;
            // Id 0 with a length is reserved in the one-byte form: skip it.
            if id != 0 {
                return Some(Element { id, value, range });
            }
        }
    }
}

/// Writes the extension block (profile, length, elements, padding to a whole word) to the start
/// of `out` and returns its length. The one-byte form is used when all elements fit it.
///
/// # Errors
/// [`RtpError::NoRoom`] when `out` is too small, an id is 0, or a value exceeds 255 bytes.
pub fn write(out: &mut [u8], elements: &[(u8, &[u8])]) -> Result<usize, RtpError> {
    let one_byte =
        elements.iter().all(|(id, value)| (1..15).contains(id) && (1..=16).contains(&value.len()));
    let mut at = 4;
    for (id, value) in elements {
        let length = u8::try_from(value.len()).map_err(|_| RtpError::NoRoom)?;
        if *id == 0 {
            return Err(RtpError::NoRoom);
        }
        if one_byte {
            *out.get_mut(at).ok_or(RtpError::NoRoom)? = (id << 4) | (length - 1);
            at += 1;
        } else {
            let head = out.get_mut(at..at + 2).ok_or(RtpError::NoRoom)?;
            head.copy_from_slice(&[*id, length]);
            at += 2;
        }
        let end = at + value.len();
        out.get_mut(at..end).ok_or(RtpError::NoRoom)?.copy_from_slice(value);
        at = end;
    }
    let end = at.next_multiple_of(4);
    out.get_mut(at..end).ok_or(RtpError::NoRoom)?.fill(0);
    let words = u16::try_from((end - 4) / 4).map_err(|_| RtpError::NoRoom)?;
    let profile = if one_byte { ONE_BYTE } else { TWO_BYTE };
    let head = out.get_mut(..4).ok_or(RtpError::NoRoom)?;
    head[..2].copy_from_slice(&profile.to_be_bytes());
    head[2..].copy_from_slice(&words.to_be_bytes());
    Ok(end)
}

/// How loud a packet is (RFC 6464 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioLevel {
    /// Level below overload in decibel: 0 is the loudest, 127 is silence.
    pub below_overload_db: u8,
    /// Whether the sender thinks that it is speech.
    pub voice: bool,
}

impl AudioLevel {
    /// Reads the element's value.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let byte = *value.first()?;
        Some(Self { below_overload_db: byte & 0x7f, voice: byte & 0x80 != 0 })
    }

    /// The element's value.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 1] {
        [(u8::from(self.voice) << 7) | (self.below_overload_db & 0x7f)]
    }
}

/// Reads a transport-wide sequence number.
#[must_use]
pub fn parse_transport_sequence(value: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes([*value.first()?, *value.get(1)?]))
}

/// Reads an absolute send time: 24 bits of 6.18 fixed-point seconds, wraps every 64 s.
#[must_use]
pub fn parse_abs_send_time(value: &[u8]) -> Option<u32> {
    let (a, b, c) = (*value.first()?, *value.get(1)?, *value.get(2)?);
    Some(u32::from_be_bytes([0, a, b, c]))
}

/// The value of an absolute send time element for the moment `ntp`.
#[must_use]
pub fn abs_send_time(ntp: crate::NtpTime) -> [u8; 3] {
    // Bits 14–37 of the 32.32 time are six bits of seconds and 18 of fraction.
    let bytes = ((ntp.0 >> 14) as u32).to_be_bytes();
    [bytes[1], bytes[2], bytes[3]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(block: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let profile = u16::from_be_bytes([block[0], block[1]]);
        Elements::new(profile, &block[4..]).map(|e| (e.id, e.value.to_vec())).collect()
    }

    #[test]
    fn small_elements_use_the_one_byte_form() {
        let mut out = [0xff; 32];
        let len = write(&mut out, &[(1, &[7]), (14, &[1, 2, 3])]).unwrap();
        assert_eq!(out[..len], [0xbe, 0xde, 0, 2, 0x10, 7, 0xe2, 1, 2, 3, 0, 0]);
        assert_eq!(read(&out[..len]), [(1, vec![7]), (14, vec![1, 2, 3])]);
    }

    #[test]
    fn a_large_id_or_value_switches_to_the_two_byte_form() {
        let mut out = [0xff; 64];
        let long = [5; 20];
        let len = write(&mut out, &[(1, &long), (20, &[])]).unwrap();
        assert_eq!(out[..2], [0x10, 0x00]);
        assert_eq!(read(&out[..len]), [(1, long.to_vec()), (20, vec![])]);
    }

    #[test]
    fn padding_between_elements_is_skipped_and_id_15_stops() {
        let content = [0, 0x10, 1, 0, 0, 0x20, 2, 0xf0, 0x30, 3];
        let ids: Vec<u8> = Elements::new(ONE_BYTE, &content).map(|e| e.id).collect();
        assert_eq!(ids, [1, 2]);
    }

    #[test]
    fn an_element_longer_than_the_block_ends_the_walk() {
        let ids: Vec<u8> = Elements::new(ONE_BYTE, &[0x10, 1, 0x2f, 2]).map(|e| e.id).collect();
        assert_eq!(ids, [1]);
        assert_eq!(Elements::new(TWO_BYTE, &[1, 9, 0]).count(), 0);
        assert_eq!(Elements::new(0x1234, &[1, 1, 0]).count(), 0);
    }

    #[test]
    fn an_audio_level_reads_back() {
        let level = AudioLevel { below_overload_db: 30, voice: true };
        assert_eq!(AudioLevel::parse(&level.to_bytes()), Some(level));
    }

    #[test]
    fn absolute_send_time_is_six_bits_of_seconds() {
        let ntp = crate::NtpTime((65 << 32) | (1 << 31));
        assert_eq!(parse_abs_send_time(&abs_send_time(ntp)), Some((1 << 18) + (1 << 17)));
    }

    proptest! {
        #[test]
        fn written_elements_read_back(
            elements in proptest::collection::vec(
                (1u8..=255, proptest::collection::vec(any::<u8>(), 0..40)), 1..8)
        ) {
            let borrowed: Vec<(u8, &[u8])> =
                elements.iter().map(|(id, value)| (*id, &value[..])).collect();
            let mut out = [0; 512];
            let len = write(&mut out, &borrowed).unwrap();
            prop_assert_eq!(len % 4, 0);
            prop_assert_eq!(read(&out[..len]), elements);
        }
    }
}
