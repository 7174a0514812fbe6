//! GSM full rate (ETSI EN 300 961, GSM 06.10; RTP: RFC 3551 §4.5.8): 33 bytes for 20 ms, 13
//! kbit/s. Written from the fixed-point description of chapter 4, whose arithmetic every coder
//! repeats bit for bit.

mod analysis;
mod arithmetic;
mod filter;
mod frame;
mod synthesis;

use analysis::Analyser;
use filter::FRAME;
use frame::{FRAME_LEN, Frame};
use synthesis::Synthesiser;

use crate::coder::{CodecError, Decoder, Encoder};
use crate::format::{Format, MAX_PACKET};
use crate::plc::Concealer;

/// Writes frames of 20 ms.
#[derive(Debug)]
pub struct GsmEncoder {
    analyser: Box<Analyser>,
}

impl GsmEncoder {
    /// An encoder at rest.
    #[must_use]
    pub fn new() -> Self {
        Self { analyser: Box::new(Analyser::new()) }
    }
}

impl Default for GsmEncoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder for GsmEncoder {
    fn format(&self) -> Format {
        Format::GSM
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError> {
        let (frames, rest) = pcm.as_chunks::<FRAME>();
        if !rest.is_empty() {
            return Err(CodecError::FrameSize);
        }
        let len = frames.len() * FRAME_LEN;
        let payload = payload.get_mut(..len).ok_or(CodecError::NoRoom)?;
        for (frame, octets) in frames.iter().zip(payload.as_chunks_mut::<FRAME_LEN>().0) {
            self.analyser.frame(frame).write(octets);
        }
        Ok(len)
    }
}

/// Reads frames of 20 ms, any number in a packet.
#[derive(Debug)]
pub struct GsmDecoder {
    synthesiser: Box<Synthesiser>,
    concealer: Concealer,
}

impl GsmDecoder {
    /// A decoder at rest.
    #[must_use]
    pub fn new() -> Self {
        Self { synthesiser: Box::new(Synthesiser::new()), concealer: Concealer::new(8_000, 1) }
    }
}

impl Default for GsmDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder for GsmDecoder {
    fn format(&self) -> Format {
        Format::GSM
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        let (frames, rest) = payload.as_chunks::<FRAME_LEN>();
        if !rest.is_empty() || frames.is_empty() {
            return Err(CodecError::Malformed);
        }
        let count = frames.len() * FRAME;
        if count > Format::GSM.samples(MAX_PACKET) {
            return Err(CodecError::TooLong);
        }
        let pcm = pcm.get_mut(..count).ok_or(CodecError::NoRoom)?;
        // All or nothing: a packet that is half heard would count as lost all the same.
        if frames.iter().any(|octets| Frame::read(octets).is_none()) {
            return Err(CodecError::Malformed);
        }
        for (octets, samples) in frames.iter().zip(pcm.as_chunks_mut::<FRAME>().0) {
            if let Some(frame) = Frame::read(octets) {
                self.synthesiser.samples(&frame, samples);
            }
        }
        self.concealer.heard(pcm);
        Ok(count)
    }

    fn conceal(&mut self, pcm: &mut [i16]) -> Result<(), CodecError> {
        self.concealer.conceal(pcm);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::coded_vector;
    use proptest::prelude::*;

    #[test]
    fn bits_are_those_of_another_implementation() {
        // What the coder of Degener and Bormann (libgsm 1.0.19) made of the same samples.
        let (encoded, decoded, first) = coded_vector(Format::GSM, 1_600);
        let expected = [
            0xd5, 0x24, 0xd4, 0xfe, 0xe3, 0x50, 0x14, 0x0f, 0x43, 0xac, 0xcd, 0x14, 0x56, 0x10,
            0x78, 0xdb, 0x72, 0x29, 0x1b, 0xdc, 0x2a, 0x78, 0xf3, 0x73, 0xa3, 0x5a, 0xd8, 0xac,
            0x5b, 0x6c, 0x4e, 0xd0, 0xa4,
        ];
        assert_eq!(first, expected);
        assert_eq!(encoded, 0x7801_912c_86a1_39cf);
        assert_eq!(decoded, 0xc329_4107_66e2_036b);
    }

    #[test]
    fn a_homing_frame_is_coded_as_the_standard_says() {
        // SEQ06H.INP and SEQ06H.COD of EN 300 961 §6.3.3.1, from §4.2 and tables 4.1a and 4.1b.
        let mut parts = [frame::SubFrame { lag: 40, pulses: [4; 13], ..Default::default() }; 4];
        parts[3].pulses[4] = 3;
        let expected = Frame { ratios: [9, 23, 15, 8, 7, 3, 3, 2], parts };
        let mut octets = [0; FRAME_LEN];
        GsmEncoder::new().encode(&[8; FRAME], &mut octets).unwrap();
        assert_eq!(Frame::read(&octets), Some(expected));
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let mut decoder = GsmDecoder::new();
        let mut pcm = [0; 2_000];
        let mut frame = [0; FRAME_LEN];
        assert_eq!(decoder.decode(&[], &mut pcm), Err(CodecError::Malformed));
        assert_eq!(decoder.decode(&frame[1..], &mut pcm), Err(CodecError::Malformed));
        assert_eq!(decoder.decode(&frame, &mut pcm), Err(CodecError::Malformed), "no signature");
        frame[0] = 0xd0;
        assert_eq!(decoder.decode(&frame, &mut pcm), Ok(FRAME));
        assert_eq!(decoder.decode(&frame.repeat(7), &mut pcm), Err(CodecError::TooLong));
        assert_eq!(GsmEncoder::new().encode(&[0; 161], &mut frame), Err(CodecError::FrameSize));
    }

    proptest! {
        #[test]
        fn frames_read_back(octets in any::<[u8; FRAME_LEN]>()) {
            let mut octets = octets;
            octets[0] = octets[0] & 0x0f | 0xd0;
            let mut again = [0; FRAME_LEN];
            Frame::read(&octets).unwrap().write(&mut again);
            prop_assert_eq!(again, octets);
        }

        #[test]
        fn no_sound_and_no_bits_overflow(
            pcm in proptest::collection::vec(any::<i16>(), 480),
            octets in any::<[u8; FRAME_LEN]>(),
        ) {
            let (mut encoder, mut decoder) = (GsmEncoder::new(), GsmDecoder::new());
            let (mut payload, mut out) = ([0; 3 * FRAME_LEN], [0; 480]);
            encoder.encode(&pcm, &mut payload).unwrap();
            prop_assert_eq!(decoder.decode(&payload, &mut out), Ok(480));
            let mut octets = octets;
            octets[0] |= 0xd0;
            let _ = decoder.decode(&octets, &mut out);
        }
    }
}
