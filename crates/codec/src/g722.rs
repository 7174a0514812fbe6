//! G.722 at 64 kbit/s (ITU-T G.722, mode 1), written from the block descriptions of clauses 3 and
//! 4 of the Recommendation: two sub-bands, each coded by adaptive differences with a predictor
//! of two poles and six zeros. Names of blocks are cited at each step.

use crate::coder::{CodecError, Decoder, Encoder};
use crate::format::{Format, MAX_PACKET};
use crate::plc::Concealer;

/// Half of the symmetric filter that splits and joins the bands (table 11).
const QMF: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
/// Decision levels of the lower band (table 14).
const LOW_LEVELS: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023,
    1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];
/// Output of the six-bit inverse quantiser (table 17).
const LOW_OUTPUT_6: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232,
    -9360, -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776,
    -2400, -2032, -1688, -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280,
    11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776,
    2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];
/// Output of the four-bit inverse quantiser, which drives the predictor (table 17).
const LOW_OUTPUT_4: [i32; 16] = [
    0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584,
    1200, 0,
];
/// Output of the inverse quantiser of the higher band (table 19).
const HIGH_OUTPUT: [i32; 4] = [-7408, -1616, 7408, 1616];
/// Adaptation of the lower band's step for each four-bit code (table 18).
const LOW_ADAPTATION: [i32; 16] =
    [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60];
/// Adaptation of the higher band's step (table 20).
const HIGH_ADAPTATION: [i32; 4] = [798, -214, 798, -214];
/// Powers of two in steps of 1/32 (table 15).
const POWERS: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];

fn saturate(value: i32) -> i32 {
    value.clamp(-32_768, 32_767)
}

/// Which half of the spectrum a predictor serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Band {
    Low,
    High,
}

/// Adaptive predictor and quantiser step of one band. All values have 16 bits.
#[derive(Clone, Debug)]
struct SubBand {
    band: Band,
    /// Predicted signal.
    predicted: i32,
    /// Part of it from the zeros.
    from_zeros: i32,
    /// Reconstructed signal, newest first.
    reconstructed: [i32; 2],
    /// Partially reconstructed signal, newest first.
    partial: [i32; 2],
    /// Coefficients of the poles.
    poles: [i32; 2],
    /// Coefficients of the zeros.
    zeros: [i32; 6],
    /// Quantised differences, newest first.
    differences: [i32; 6],
    /// Logarithm of the step.
    log_step: i32,
    step: i32,
}

impl SubBand {
    fn new(band: Band) -> Self {
        Self {
            band,
            predicted: 0,
            from_zeros: 0,
            reconstructed: [0; 2],
            partial: [0; 2],
            poles: [0; 2],
            zeros: [0; 6],
            differences: [0; 6],
            log_step: 0,
            step: if band == Band::Low { 32 } else { 8 },
        }
    }

    /// Blocks LOGSCL/LOGSCH and SCALEL/SCALEH: the step follows the size of the codes.
    fn adapt_step(&mut self, change: i32) {
        let (limit, shift) = match self.band {
            Band::Low => (18_432, 8),
            Band::High => (22_528, 10),
        };
        self.log_step = (((self.log_step * 127) >> 7) + change).clamp(0, limit);
        let power = POWERS[((self.log_step >> 6) & 31).unsigned_abs() as usize];
        let exponent = shift - (self.log_step >> 11);
        self.step = if exponent < 0 { power << -exponent } else { power >> exponent } << 2;
    }

    /// Takes the quantised difference and predicts the next value (blocks RECONS, PARREC, UPPOL2,
    /// UPPOL1, UPZERO, FILTEP, FILTEZ and PREDIC).
    fn predict(&mut self, difference: i32) {
        let reconstructed = saturate(self.predicted + difference);
        let partial = saturate(self.from_zeros + difference);
        self.adapt_poles(partial);
        self.adapt_zeros(difference);
        self.reconstructed = [reconstructed, self.reconstructed[0]];
        self.partial = [partial, self.partial[0]];
        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
        let [newest, older] = self.reconstructed;
        let from_poles = ((self.poles[0] * saturate(newest * 2)) >> 15)
            + ((self.poles[1] * saturate(older * 2)) >> 15);
        let products = self.zeros.iter().zip(&self.differences);
        let from_zeros = products.map(|(zero, past)| (zero * saturate(past * 2)) >> 15).sum();
        self.from_zeros = saturate(from_zeros);
        self.predicted = saturate(saturate(from_poles) + self.from_zeros);
    }

    fn adapt_poles(&mut self, partial: i32) {
        let [newest, older] = self.partial;
        let same_sign = |other: i32| (partial < 0) == (other < 0);
        let four = saturate(self.poles[0] * 4);
        let turned = if same_sign(newest) { saturate(-four) } else { four };
        let pull = if same_sign(older) { 128 } else { -128 };
        let second = pull + (turned >> 7) + ((self.poles[1] * 32_512) >> 15);
        let second = second.clamp(-12_288, 12_288);
        let pull = if same_sign(newest) { 192 } else { -192 };
        let first = saturate(pull + ((self.poles[0] * 32_640) >> 15));
        // The pair stays stable.
        let limit = saturate(15_360 - second);
        self.poles = [first.clamp(-limit, limit), second];
    }

    fn adapt_zeros(&mut self, difference: i32) {
        let pull = if difference == 0 { 0 } else { 128 };
        for (zero, past) in self.zeros.iter_mut().zip(&self.differences) {
            let pull = if (*past < 0) == (difference < 0) { pull } else { -pull };
            *zero = saturate(pull + ((*zero * 32_640) >> 15));
        }
    }
}

/// The lower band's four-bit inverse quantiser and its adaptation, common to both directions.
fn adapt_low(band: &mut SubBand, code: u8) {
    let index = usize::from(code >> 2) & 15;
    let difference = (band.step * LOW_OUTPUT_4[index]) >> 15;
    band.adapt_step(LOW_ADAPTATION[index]);
    band.predict(difference);
}

/// The higher band's inverse quantiser; returns the difference.
fn adapt_high(band: &mut SubBand, code: u8) -> i32 {
    let index = usize::from(code) & 3;
    let difference = (band.step * HIGH_OUTPUT[index]) >> 15;
    band.adapt_step(HIGH_ADAPTATION[index]);
    band.predict(difference);
    difference
}

/// Block QUANTL: the six-bit code of a difference.
fn quantise_low(difference: i32, step: i32) -> u8 {
    let magnitude = if difference >= 0 { difference } else { -(difference + 1) };
    let below = LOW_LEVELS.iter().take_while(|level| magnitude >= (**level * step) >> 12);
    // At most 29.
    let interval = below.count() as u8;
    // Table 16: codes fall from 61 for plus; for minus from 63, 62, then from 31.
    match (difference >= 0, interval) {
        (true, interval) => 61 - interval,
        (false, 0) => 63,
        (false, 1) => 62,
        (false, interval) => 33 - interval,
    }
}

/// Block QUANTH: the two-bit code of a difference.
fn quantise_high(difference: i32, step: i32) -> u8 {
    let magnitude = if difference >= 0 { difference } else { -(difference + 1) };
    let large = magnitude >= (564 * step) >> 12;
    match (difference >= 0, large) {
        (true, false) => 3,
        (true, true) => 2,
        (false, false) => 1,
        (false, true) => 0,
    }
}

/// Encodes two samples at 16 kHz into one octet.
#[derive(Debug)]
pub struct G722Encoder {
    low: SubBand,
    high: SubBand,
    /// The last 24 samples, oldest first.
    delay: [i32; 24],
}

impl Default for G722Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl G722Encoder {
    /// An encoder at rest.
    #[must_use]
    pub fn new() -> Self {
        Self { low: SubBand::new(Band::Low), high: SubBand::new(Band::High), delay: [0; 24] }
    }

    fn encode_pair(&mut self, first: i16, second: i16) -> u8 {
        self.delay.copy_within(2.., 0);
        (self.delay[22], self.delay[23]) = (i32::from(first), i32::from(second));
        let (mut even, mut odd) = (0, 0);
        for (tap, pair) in self.delay.chunks_exact(2).enumerate() {
            even += pair[0] * QMF[tap];
            odd += pair[1] * QMF[11 - tap];
        }
        self.encode_bands((even + odd) >> 14, (odd - even) >> 14)
    }

    /// One sample of each band, of 15 bits: where the test sequences of appendix II enter.
    fn encode_bands(&mut self, low: i32, high: i32) -> u8 {
        let low_code = quantise_low(saturate(low - self.low.predicted), self.low.step);
        let high_code = quantise_high(saturate(high - self.high.predicted), self.high.step);
        adapt_low(&mut self.low, low_code);
        adapt_high(&mut self.high, high_code);
        (high_code << 6) | low_code
    }
}

impl Encoder for G722Encoder {
    fn format(&self) -> Format {
        Format::G722
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError> {
        if !pcm.len().is_multiple_of(2) {
            return Err(CodecError::FrameSize);
        }
        let len = pcm.len() / 2;
        let payload = payload.get_mut(..len).ok_or(CodecError::NoRoom)?;
        for (octet, pair) in payload.iter_mut().zip(pcm.chunks_exact(2)) {
            *octet = self.encode_pair(pair[0], pair[1]);
        }
        Ok(len)
    }
}

/// Decodes one octet into two samples at 16 kHz.
#[derive(Debug)]
pub struct G722Decoder {
    low: SubBand,
    high: SubBand,
    /// The last 12 sums and differences of the bands, oldest first.
    delay: [i32; 24],
    concealer: Concealer,
}

impl Default for G722Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl G722Decoder {
    /// A decoder at rest.
    #[must_use]
    pub fn new() -> Self {
        Self {
            low: SubBand::new(Band::Low),
            high: SubBand::new(Band::High),
            delay: [0; 24],
            concealer: Concealer::new(16_000, 1),
        }
    }

    /// One sample of each band, of 15 bits: where the test sequences of appendix II leave.
    fn decode_bands(&mut self, octet: u8) -> (i32, i32) {
        let limit = |value: i32| value.clamp(-16_384, 16_383);
        let low_code = octet & 0x3f;
        // Block INVQBL: the output uses all six bits.
        let fine = (self.low.step * LOW_OUTPUT_6[usize::from(low_code)]) >> 15;
        let low = limit(self.low.predicted + fine);
        adapt_low(&mut self.low, low_code);
        let predicted = self.high.predicted;
        (low, limit(predicted + adapt_high(&mut self.high, octet >> 6)))
    }

    fn decode_octet(&mut self, octet: u8) -> [i16; 2] {
        let (low, high) = self.decode_bands(octet);
        self.delay.copy_within(2.., 0);
        (self.delay[22], self.delay[23]) = (low + high, low - high);
        let (mut first, mut second) = (0, 0);
        for (tap, pair) in self.delay.chunks_exact(2).enumerate() {
            second += pair[0] * QMF[tap];
            first += pair[1] * QMF[11 - tap];
        }
        // Saturated to 16 bits.
        [saturate(first >> 11) as i16, saturate(second >> 11) as i16]
    }
}

impl Decoder for G722Decoder {
    fn format(&self) -> Format {
        Format::G722
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        let count = payload.len() * 2;
        if count > Format::G722.samples(MAX_PACKET) {
            return Err(CodecError::TooLong);
        }
        let pcm = pcm.get_mut(..count).ok_or(CodecError::NoRoom)?;
        for (pair, octet) in pcm.chunks_exact_mut(2).zip(payload) {
            pair.copy_from_slice(&self.decode_octet(*octet));
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
    use std::iter;

    use super::*;
    use crate::testing::{round_trip, sine, tone_snr_db};

    #[test]
    fn tones_of_both_bands_survive() {
        for (frequency, min_snr_db) in
            [(400.0, 35.0), (1_000.0, 35.0), (3_000.0, 25.0), (6_000.0, 15.0)]
        {
            let heard = round_trip(Format::G722, &sine(16_000, frequency, 8_000.0, 1.0));
            let snr = tone_snr_db(&heard[8_000..], 16_000, frequency);
            assert!(snr > min_snr_db, "{frequency} Hz: {snr:.1} dB");
        }
    }

    #[test]
    fn bits_are_those_of_another_implementation() {
        // Noise, then a saw tooth. The hashes are those of FFmpeg 5.1's encoder and decoder.
        let pcm: Vec<i16> = (0..4_000_i64)
            .map(|n| match n {
                0..2_000 => (n * n * 7_919 + n * 104_729) % 20_011 - 10_005,
                _ => n * 37 % 16_000 - 8_000,
            })
            .map(|sample| i16::try_from(sample).unwrap())
            .collect();
        let fnv = |bytes: &[u8]| {
            let step =
                |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
        };
        let mut payload = [0; 2_000];
        G722Encoder::new().encode(&pcm, &mut payload).unwrap();
        assert_eq!(fnv(&payload), 0x07db_058d_9ccb_2c08);
        let mut decoder = G722Decoder::new();
        let mut heard = Vec::new();
        for part in payload.chunks(160) {
            let mut pcm = [0; 320];
            let count = decoder.decode(part, &mut pcm).unwrap();
            heard.extend(pcm[..count].iter().flat_map(|sample| sample.to_le_bytes()));
        }
        assert_eq!(fnv(&heard), 0x2940_716f_77dd_0234);
    }

    /// Words of a file of appendix II: 16 that reset the coder, the sequence, and 16 again.
    fn framed(words: impl Iterator<Item = i32>) -> Vec<u8> {
        let reset = || iter::repeat_n(1, 16);
        let words = reset().chain(words).chain(reset());
        words.flat_map(|word| (word as u16).to_le_bytes()).collect()
    }

    /// The checksum by which table II.6 of the Recommendation names its sequences.
    fn crc32(bytes: &[u8]) -> u32 {
        let shift = |crc: u32| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1));
        let step = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| shift(crc));
        !bytes.iter().fold(!0, step)
    }

    /// `T1C2.XMT`, with which overflow is tested (table II.3).
    fn overflowing() -> Vec<i32> {
        let first = [-16_384, 16_383].into_iter().cycle().take(639);
        let last = [-16_384, 16_383, -16_384].into_iter().cycle().take(126);
        first.chain([0, -10_000, -8_192]).chain(last).collect()
    }

    /// `T1D3.COD`: codes that no encoder writes (clause II.3.2, table II.4).
    fn artificial() -> Vec<u8> {
        let code = |n: usize| {
            let (part, at) = (n / 2_048, n % 2_048);
            let sign = ["001", "11110000", "1", "1100", "10", "00000100", "00101", "11000"][part];
            let sign = u8::from(sign.as_bytes()[at % sign.len()] == b'1');
            let even = |run: usize| u8::from((at / run).is_multiple_of(2));
            let high = [1, even(16), 0, even(8), 0, even(4), 1, even(2)][part];
            // 64 parts fall from 31 to 0, every other one steps between a value and the next.
            let (value, lower) = (31 - (n / 512) as u8, n / 256 % 2 == 1 && n / 16 % 2 == 1);
            let low = if lower { value.checked_sub(1).unwrap_or(3) } else { value };
            (sign << 7) | (high << 6) | (sign << 5) | low
        };
        (0..16_384).map(code).collect()
    }

    #[test]
    fn the_encoder_answers_the_overflow_sequence_as_the_recommendation_says() {
        let input = overflowing();
        assert_eq!(crc32(&framed(input.iter().map(|sample| sample << 1))), 0x2d60_4685, "T1C2.XMT");
        let mut encoder = G722Encoder::new();
        let codes = input.iter().map(|sample| i32::from(encoder.encode_bands(*sample, *sample)));
        assert_eq!(crc32(&framed(codes.map(|code| code << 8))), 0x344e_a5d0, "T2R2.COD");
    }

    #[test]
    fn the_decoder_answers_the_sequences_of_the_recommendation_as_it_says() {
        let mut encoder = G722Encoder::new();
        let overflow = overflowing();
        let overflow = overflow.iter().map(|sample| encoder.encode_bands(*sample, *sample));
        let artificial = artificial();
        let words = artificial.iter().map(|code| i32::from(*code) << 8);
        assert_eq!(crc32(&framed(words)), 0x7398_964f, "T1D3.COD");
        // T3L2.RC1 with T3H2.RC0, T3L3.RC1 with T3H3.RC0.
        for (codes, low, high) in
            [(overflow.collect(), 0xaf00_f31f, 0x5330_ae2e), (artificial, 0xa537_4659, 0x3731_ad7f)]
        {
            let mut decoder = G722Decoder::new();
            let bands: Vec<_> = codes.iter().map(|code| decoder.decode_bands(*code)).collect();
            assert_eq!(crc32(&framed(bands.iter().map(|band| band.0 << 1))), low);
            assert_eq!(crc32(&framed(bands.iter().map(|band| band.1 << 1))), high);
        }
    }

    #[test]
    fn half_a_pair_of_samples_is_refused() {
        let mut payload = [0; 4];
        assert_eq!(G722Encoder::new().encode(&[0; 3], &mut payload), Err(CodecError::FrameSize));
    }
}
