//! DVI4 (RFC 3551 §4.5.1): the adaptive differences of the Interactive Multimedia Association at
//! four bits a sample, as `adpcm` at 8 kHz. Each packet begins with the state of the predictor, so
//! that a loss does not last.

use crate::coder::{CodecError, Decoder, Encoder};
use crate::format::{Format, MAX_PACKET};
use crate::plc::Concealer;

/// Step sizes.
const STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66,
    73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449,
    494, 544, 598, 658, 724, 796, 876, 963, 1_060, 1_166, 1_282, 1_411, 1_552, 1_707, 1_878, 2_066,
    2_272, 2_499, 2_749, 3_024, 3_327, 3_660, 4_026, 4_428, 4_871, 5_358, 5_894, 6_484, 7_132,
    7_845, 8_630, 9_493, 10_442, 11_487, 12_635, 13_899, 15_289, 16_818, 18_500, 20_350, 22_385,
    24_623, 27_086, 29_794, 32_767,
];
/// What a code does to the index of the step.
const INDEX: [i32; 8] = [-1, -1, -1, -1, 2, 4, 6, 8];
/// Predicted value (16 bits), index, and a reserved octet.
const HEADER_LEN: usize = 4;

#[derive(Clone, Copy, Debug, Default)]
struct Predictor {
    value: i32,
    index: usize,
}

impl Predictor {
    fn header(self) -> [u8; HEADER_LEN] {
        let [high, low] = (self.value as i16).to_be_bytes();
        // 89 steps.
        [high, low, self.index as u8, 0]
    }

    /// `None` for a step that is not there.
    fn of_header(header: [u8; HEADER_LEN]) -> Option<Self> {
        let [high, low, index, _] = header;
        let index = usize::from(index);
        let value = i32::from(i16::from_be_bytes([high, low]));
        (index < STEPS.len()).then_some(Self { value, index })
    }

    /// The code whose difference is nearest below.
    fn code(self, sample: i16) -> u8 {
        let mut rest = i32::from(sample) - self.value;
        let mut code = if rest < 0 { 8 } else { 0 };
        rest = rest.abs();
        let mut step = STEPS[self.index];
        for bit in [4, 2, 1] {
            if rest >= step {
                code |= bit;
                rest -= step;
            }
            step >>= 1;
        }
        code
    }

    fn take(&mut self, code: u8) -> i16 {
        let step = STEPS[self.index];
        let mut difference = step >> 3;
        for (bit, part) in [(4, step), (2, step >> 1), (1, step >> 2)] {
            difference += if code & bit != 0 { part } else { 0 };
        }
        self.value += if code & 8 != 0 { -difference } else { difference };
        self.value = self.value.clamp(-32_768, 32_767);
        let index = self.index.cast_signed() as i32 + INDEX[usize::from(code & 7)];
        self.index = index.clamp(0, 88).unsigned_abs() as usize;
        // The clamp makes the cast exact.
        self.value as i16
    }
}

/// Writes two samples to an octet, the first in the high half.
#[derive(Debug, Default)]
pub struct Dvi4Encoder {
    predictor: Predictor,
}

impl Dvi4Encoder {
    /// An encoder at rest.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Encoder for Dvi4Encoder {
    fn format(&self) -> Format {
        Format::ADPCM
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError> {
        let (pairs, rest) = pcm.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(CodecError::FrameSize);
        }
        let len = HEADER_LEN + pairs.len();
        let payload = payload.get_mut(..len).ok_or(CodecError::NoRoom)?;
        let (header, codes) = payload.split_at_mut(HEADER_LEN);
        header.copy_from_slice(&self.predictor.header());
        for (octet, pair) in codes.iter_mut().zip(pairs) {
            let [first, second] = pair.map(|sample| {
                let code = self.predictor.code(sample);
                self.predictor.take(code);
                code
            });
            *octet = first << 4 | second;
        }
        Ok(len)
    }
}

/// Reads packets, each by its own header.
#[derive(Debug)]
pub struct Dvi4Decoder {
    concealer: Concealer,
}

impl Dvi4Decoder {
    /// A decoder at rest.
    #[must_use]
    pub fn new() -> Self {
        Self { concealer: Concealer::new(8_000, 1) }
    }
}

impl Default for Dvi4Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder for Dvi4Decoder {
    fn format(&self) -> Format {
        Format::ADPCM
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        let (header, codes) = payload.split_first_chunk().ok_or(CodecError::Malformed)?;
        let mut predictor = Predictor::of_header(*header).ok_or(CodecError::Malformed)?;
        let count = codes.len() * 2;
        if count > Format::ADPCM.samples(MAX_PACKET) {
            return Err(CodecError::TooLong);
        }
        let pcm = pcm.get_mut(..count).ok_or(CodecError::NoRoom)?;
        for (pair, octet) in pcm.as_chunks_mut::<2>().0.iter_mut().zip(codes) {
            *pair = [predictor.take(octet >> 4), predictor.take(octet & 15)];
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
        // What `audioop` of Python 3 made of the same samples, with the header of the RFC before
        // each packet.
        let (encoded, decoded, first) = coded_vector(Format::ADPCM, 1_600);
        assert_eq!(first[..8], [0x00, 0x00, 0x00, 0x00, 0xff, 0xf7, 0x77, 0x77]);
        assert_eq!((encoded, decoded), (0xdbf0_ee57_3aed_3132, 0xad2a_e42c_e6bc_2f0f));
    }

    #[test]
    fn a_packet_needs_nothing_of_those_before() {
        let pcm = crate::testing::vector_signal();
        let mut encoder = Dvi4Encoder::new();
        let mut payload = [0; 84];
        let (mut whole, mut alone) = ([0; 160], [0; 160]);
        let mut decoder = Dvi4Decoder::new();
        for frame in pcm.chunks_exact(160) {
            assert_eq!(encoder.encode(frame, &mut payload), Ok(84));
            decoder.decode(&payload, &mut whole).unwrap();
            Dvi4Decoder::new().decode(&payload, &mut alone).unwrap();
            assert_eq!(whole, alone);
        }
    }

    #[test]
    fn a_step_that_is_not_there_is_refused() {
        let mut pcm = [0; 10];
        let mut decoder = Dvi4Decoder::new();
        assert_eq!(decoder.decode(&[0, 0, 89, 0, 1], &mut pcm), Err(CodecError::Malformed));
        assert_eq!(decoder.decode(&[0, 0, 88], &mut pcm), Err(CodecError::Malformed));
        assert_eq!(decoder.decode(&[0, 0, 88, 0, 1], &mut pcm), Ok(2));
    }

    proptest! {
        #[test]
        fn no_sound_and_no_bits_overflow(
            pcm in proptest::collection::vec(any::<i16>(), 640),
            octets in proptest::collection::vec(any::<u8>(), 4..324),
        ) {
            let mut decoder = Dvi4Decoder::new();
            let (mut payload, mut out) = ([0; 324], [0; 640]);
            Dvi4Encoder::new().encode(&pcm, &mut payload).unwrap();
            prop_assert_eq!(decoder.decode(&payload, &mut out), Ok(640));
            let _ = decoder.decode(&octets, &mut out);
        }
    }
}
