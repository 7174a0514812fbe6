//! G.711 µ-law and A-law by tables, with concealment of losses.

use crate::coder::{CodecError, Decoder, Encoder};
use crate::format::{Format, MAX_SAMPLES};
use crate::plc::Concealer;

/// The two laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// µ-law: North America and Japan.
    Mu,
    /// A-law: elsewhere.
    A,
}

/// Codes for magnitudes of 14 bits, sign apart.
static MU_ENCODE: [u8; 8193] = mu_encode_table();
/// Codes for magnitudes of 12 bits, sign apart.
static A_ENCODE: [u8; 4096] = a_encode_table();
static MU_DECODE: [i16; 256] = mu_decode_table();
static A_DECODE: [i16; 256] = a_decode_table();

/// The code of a sample.
#[must_use]
pub fn encode_mu(sample: i16) -> u8 {
    // Decision values are multiples of four in 16 bits.
    let code = MU_ENCODE[usize::from(sample.unsigned_abs() >> 2)];
    if sample < 0 { code & 0x7f } else { code }
}

/// The sample of a code.
#[must_use]
pub fn decode_mu(code: u8) -> i16 {
    MU_DECODE[usize::from(code)]
}

/// The code of a sample.
#[must_use]
pub fn encode_a(sample: i16) -> u8 {
    if sample < 0 {
        A_ENCODE[usize::from(!sample.cast_unsigned() >> 3)] & 0x7f
    } else {
        A_ENCODE[usize::from(sample.cast_unsigned() >> 3)]
    }
}

/// The sample of a code.
#[must_use]
pub fn decode_a(code: u8) -> i16 {
    A_DECODE[usize::from(code)]
}

const fn mu_encode_table() -> [u8; 8193] {
    let mut table = [0; 8193];
    let mut magnitude = 0;
    while magnitude <= 8192 {
        // ITU-T G.711 table 2: 33 is added so that each segment starts at a power of two.
        let clipped = if magnitude > 8158 { 8158 } else { magnitude };
        let biased = clipped + 33;
        let segment = (31 - (biased as u32).leading_zeros()) - 5;
        let step = (biased >> (segment + 1)) & 0x0f;
        table[magnitude] = !(((segment as u8) << 4) | step as u8);
        magnitude += 1;
    }
    table
}

const fn mu_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let plain = !(code as u8);
        let segment = (plain >> 4) & 7;
        let magnitude = (((((plain & 0x0f) as i16) << 3) + 0x84) << segment) - 0x84;
        table[code] = if plain & 0x80 != 0 { -magnitude } else { magnitude };
        code += 1;
    }
    table
}

const fn a_encode_table() -> [u8; 4096] {
    let mut table = [0; 4096];
    let mut magnitude = 0;
    while magnitude < 4096 {
        // ITU-T G.711 table 1: the first two segments have the same step.
        let (segment, step) = if magnitude < 32 {
            (0, magnitude >> 1)
        } else {
            let segment = (31 - (magnitude as u32).leading_zeros()) - 4;
            (segment, (magnitude >> segment) & 0x0f)
        };
        // Even bits are inverted; the top bit says plus.
        table[magnitude] = (((segment as u8) << 4) | step as u8) ^ 0xd5;
        magnitude += 1;
    }
    table
}

const fn a_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let plain = (code as u8) ^ 0x55;
        let segment = (plain >> 4) & 7;
        let step = ((plain & 0x0f) as i16) << 4;
        let magnitude = if segment == 0 { step + 8 } else { (step + 0x108) << (segment - 1) };
        table[code] = if plain & 0x80 != 0 { magnitude } else { -magnitude };
        code += 1;
    }
    table
}

/// Encodes one octet for each sample.
#[derive(Debug)]
pub struct G711Encoder {
    law: Law,
}

impl G711Encoder {
    /// An encoder for one of the laws.
    #[must_use]
    pub fn new(law: Law) -> Self {
        Self { law }
    }
}

impl Encoder for G711Encoder {
    fn format(&self) -> Format {
        format(self.law)
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError> {
        let payload = payload.get_mut(..pcm.len()).ok_or(CodecError::NoRoom)?;
        let code = match self.law {
            Law::Mu => encode_mu,
            Law::A => encode_a,
        };
        for (octet, sample) in payload.iter_mut().zip(pcm) {
            *octet = code(*sample);
        }
        Ok(pcm.len())
    }
}

/// Decodes one sample for each octet.
#[derive(Debug)]
pub struct G711Decoder {
    law: Law,
    concealer: Concealer,
}

impl G711Decoder {
    /// A decoder for one of the laws.
    #[must_use]
    pub fn new(law: Law) -> Self {
        Self { law, concealer: Concealer::new(8_000, 1) }
    }
}

impl Decoder for G711Decoder {
    fn format(&self) -> Format {
        format(self.law)
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        if payload.len() > MAX_SAMPLES / 6 {
            return Err(CodecError::TooLong);
        }
        let pcm = pcm.get_mut(..payload.len()).ok_or(CodecError::NoRoom)?;
        let table = match self.law {
            Law::Mu => &MU_DECODE,
            Law::A => &A_DECODE,
        };
        for (sample, octet) in pcm.iter_mut().zip(payload) {
            *sample = table[usize::from(*octet)];
        }
        self.concealer.heard(pcm);
        Ok(payload.len())
    }

    fn conceal(&mut self, pcm: &mut [i16]) -> Result<(), CodecError> {
        self.concealer.conceal(pcm);
        Ok(())
    }
}

fn format(law: Law) -> Format {
    match law {
        Law::Mu => Format::ULAW,
        Law::A => Format::ALAW,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_codes_of_the_recommendation() {
        // ITU-T G.711 tables: silence, the smallest and the largest values.
        assert_eq!([encode_mu(0), encode_mu(32_767), encode_mu(-32_768)], [0xff, 0x80, 0x00]);
        assert_eq!([decode_mu(0xff), decode_mu(0x80), decode_mu(0x00)], [0, 32_124, -32_124]);
        assert_eq!([encode_a(0), encode_a(32_767), encode_a(-32_768)], [0xd5, 0xaa, 0x2a]);
        assert_eq!([decode_a(0xd5), decode_a(0xaa), decode_a(0x2a)], [8, 32_256, -32_256]);
    }

    #[test]
    fn every_code_survives_decoding_and_encoding() {
        for code in 0..=255 {
            assert_eq!(encode_a(decode_a(code)), code);
            // Minus zero of µ-law comes back as plus zero.
            let expected = if code == 0x7f { 0xff } else { code };
            assert_eq!(encode_mu(decode_mu(code)), expected);
        }
    }

    /// The values at which the intervals of one sign begin, and where the last ends: runs of steps
    /// of one size.
    fn decision_values(runs: &[(usize, i32)]) -> Vec<i32> {
        let mut values = vec![0];
        for size in runs.iter().flat_map(|&(steps, size)| std::iter::repeat_n(size, steps)) {
            values.push(values.last().unwrap() + size);
        }
        values
    }

    fn sample(value: i32) -> i16 {
        i16::try_from(value).unwrap()
    }

    #[test]
    fn all_codes_of_a_law_are_those_of_the_recommendation_for_every_sample() {
        // ITU-T G.711 table 1, in units of 13 bits.
        let values =
            decision_values(&[(32, 2), (16, 4), (16, 8), (16, 16), (16, 32), (16, 64), (16, 128)]);
        assert_eq!((values.len(), values[64], values[128]), (129, 256, 4_096));
        for (number, interval) in (0_u8..).zip(values.windows(2)) {
            let plus = (number | 0x80) ^ 0x55;
            let output = sample((interval[0] + interval[1]) / 2 * 8);
            assert_eq!([decode_a(plus), decode_a(plus ^ 0x80)], [output, -output], "{number}");
            for value in (interval[0] * 8..interval[1] * 8).map(sample) {
                assert_eq!([encode_a(value), encode_a(!value)], [plus, plus ^ 0x80], "{value}");
            }
        }
    }

    #[test]
    fn all_codes_of_mu_law_are_those_of_the_recommendation_for_every_sample() {
        // ITU-T G.711 table 2, in units of 14 bits. The first interval stands for zero itself.
        let mut runs = vec![(1, 1), (15, 2)];
        runs.extend((2..9).map(|power| (16, 1 << power)));
        let values = decision_values(&runs);
        assert_eq!((values.len(), values[64], values[128]), (129, 479, 8_159));
        for (number, interval) in (0_u8..).zip(values.windows(2)) {
            let plus = 0xff - number;
            let middle = if number == 0 { 0 } else { (interval[0] + interval[1]) / 2 };
            let output = sample(middle * 4);
            assert_eq!([decode_mu(plus), decode_mu(plus ^ 0x80)], [output, -output], "{number}");
            for value in (interval[0] * 4..interval[1] * 4).map(sample) {
                assert_eq!(encode_mu(value), plus, "{value}");
                // There is one zero among the samples, and it counts as positive.
                let minus = if value == 0 { plus } else { plus ^ 0x80 };
                assert_eq!(encode_mu(-value), minus, "-{value}");
            }
        }
        // Beyond the last value everything is clipped.
        assert!((8_159 * 4..=i16::MAX).all(|value| encode_mu(value) == 0x80));
        assert!((i16::MIN..=-8_159 * 4).all(|value| encode_mu(value) == 0x00));
    }

    proptest! {
        #[test]
        fn the_nearest_code_is_chosen(sample: i16) {
            for (encoded, decode) in [
                (encode_mu(sample), decode_mu as fn(u8) -> i16),
                (encode_a(sample), decode_a),
            ] {
                let error = |code| (i32::from(decode(code)) - i32::from(sample)).abs();
                let best = (0..=255).map(error).min().unwrap();
                // Where a segment ends its step doubles, and so may the error at the border.
                prop_assert!(error(encoded) <= best * 2 + 4, "{sample} {}", error(encoded));
            }
        }
    }

    #[test]
    fn more_than_120_ms_is_refused() {
        let mut decoder = G711Decoder::new(Law::A);
        let mut pcm = [0; MAX_SAMPLES];
        assert_eq!(decoder.decode(&[0; 961], &mut pcm), Err(CodecError::TooLong));
        assert_eq!(decoder.decode(&[0; 160], &mut pcm[..100]), Err(CodecError::NoRoom));
    }
}
