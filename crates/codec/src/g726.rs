//! G.726 at 32 kbit/s (ITU-T G.726), written from the blocks of the Recommendation, whose names
//! stand at each step. Two packings of the four-bit codes exist: that of RFC 3551 §4.5.4, with the
//! first sample in the low half of an octet (`G726-32`), and that of ITU-T I.366.2 for ATM, with
//! it in the high half (`AAL2-G726-32`).

use crate::coder::{CodecError, Decoder, Encoder};
use crate::format::{Codec, Format, MAX_PACKET};
use crate::plc::Concealer;

/// Decision levels of the quantiser (table 7).
const LEVELS: [i32; 7] = [-124, 80, 178, 246, 300, 349, 400];
/// Output of the inverse quantiser for each code (table 7).
const OUTPUT: [i32; 16] =
    [-2_048, 4, 135, 213, 273, 323, 373, 425, 425, 373, 323, 273, 213, 135, 4, -2_048];
/// Block FUNCTW: what a code does to the step.
const STEP: [i32; 16] =
    [-12, 18, 41, 64, 112, 198, 355, 1_122, 1_122, 355, 198, 112, 64, 41, 18, -12];
/// Block FUNCTF: what a code says of the signal's pace.
const PACE: [i32; 16] = [0, 0, 0, 1, 1, 1, 3, 7, 7, 3, 1, 1, 1, 0, 0, 0];

/// A number as the predictor keeps it: four bits of exponent, six of mantissa, and the sign.
#[derive(Clone, Copy, Debug)]
struct Float {
    negative: bool,
    exponent: i32,
    mantissa: i32,
}

impl Float {
    const ZERO: Self = Self { negative: false, exponent: 0, mantissa: 32 };

    /// Blocks FLOATA and FLOATB.
    fn of(magnitude: i32, negative: bool) -> Self {
        if magnitude == 0 {
            return Self { negative, ..Self::ZERO };
        }
        let exponent = bits(magnitude);
        Self { negative, exponent, mantissa: (magnitude << 6) >> exponent }
    }

    /// Block FMULT: the product with a coefficient of 16 bits.
    fn times(self, coefficient: i32) -> i32 {
        let coefficient = coefficient >> 2;
        let magnitude =
            if coefficient > 0 { coefficient } else { coefficient.wrapping_neg() & 0x1fff };
        let exponent = bits(magnitude) - 6;
        let mantissa = match (magnitude, exponent) {
            (0, _) => 32,
            (_, 0..) => magnitude >> exponent,
            _ => magnitude << -exponent,
        };
        let exponent = exponent + self.exponent - 13;
        let mantissa = (mantissa * self.mantissa + 0x30) >> 4;
        let product =
            if exponent >= 0 { (mantissa << exponent) & 0x7fff } else { mantissa >> -exponent };
        if (coefficient < 0) == self.negative { product } else { -product }
    }
}

/// Bits of a number of at most 15.
fn bits(magnitude: i32) -> i32 {
    (32 - magnitude.leading_zeros()).min(15).cast_signed()
}

/// The state that encoder and decoder keep alike.
#[derive(Clone, Debug)]
struct Predictor {
    /// Slow and fast logarithm of the step.
    slow_step: i32,
    fast_step: i32,
    /// Short and long mean of the pace.
    short_pace: i32,
    long_pace: i32,
    /// How fast the step may change.
    speed: i32,
    poles: [i32; 2],
    zeros: [i32; 6],
    /// Signs of the partial signal, newest first.
    signs: [bool; 2],
    differences: [Float; 6],
    reconstructed: [Float; 2],
    /// A partial band signal, a modem perhaps, was found.
    tone: bool,
}

/// What is predicted of the next sample.
#[derive(Clone, Copy, Debug)]
struct Estimate {
    signal: i32,
    from_zeros: i32,
    step: i32,
}

impl Predictor {
    fn new() -> Self {
        Self {
            slow_step: 34_816,
            fast_step: 544,
            short_pace: 0,
            long_pace: 0,
            speed: 0,
            poles: [0; 2],
            zeros: [0; 6],
            signs: [false; 2],
            differences: [Float::ZERO; 6],
            reconstructed: [Float::ZERO; 2],
            tone: false,
        }
    }

    fn estimate(&self) -> Estimate {
        let zeros = self.zeros.iter().zip(&self.differences);
        let from_zeros: i32 = zeros.map(|(zero, past)| past.times(*zero)).sum();
        let poles = self.poles.iter().zip(&self.reconstructed);
        let from_poles: i32 = poles.map(|(pole, past)| past.times(*pole)).sum();
        Estimate {
            signal: (from_zeros + from_poles) >> 1,
            from_zeros: from_zeros >> 1,
            step: self.step(),
        }
    }

    /// Blocks LIMA and MIX.
    fn step(&self) -> i32 {
        if self.speed >= 256 {
            return self.fast_step;
        }
        let slow = self.slow_step >> 6;
        let difference = self.fast_step - slow;
        let part = difference * (self.speed >> 2);
        slow + if difference < 0 { (part + 0x3f) >> 6 } else { part >> 6 }
    }

    /// Takes a code and returns the reconstructed signal (blocks RECONST, ADDB and those that
    /// adapt).
    fn take(&mut self, code: u8, estimate: Estimate) -> i32 {
        let code = usize::from(code & 15);
        let (magnitude, negative) = (dequantised(code, estimate.step), code & 8 != 0);
        let difference = if negative { -magnitude } else { magnitude };
        let reconstructed =
            estimate.signal + if negative { -(magnitude & 0x3fff) } else { magnitude };
        let partial = reconstructed + estimate.from_zeros - estimate.signal;
        let transition = self.is_transition(magnitude);
        self.adapt_step(code, estimate.step);
        self.adapt_coefficients(transition, partial, difference, negative);
        self.differences.copy_within(..5, 1);
        self.differences[0] = Float::of(magnitude, negative);
        let size = reconstructed.abs().min(32_767);
        self.reconstructed = [Float::of(size, reconstructed < 0), self.reconstructed[0]];
        self.signs = [partial < 0, self.signs[0]];
        self.tone = !transition && self.poles[1] < -11_776;
        self.adapt_speed(code, estimate.step, transition);
        reconstructed
    }

    /// Block TRANS.
    fn is_transition(&self, magnitude: i32) -> bool {
        let (whole, part) = (self.slow_step >> 15, (self.slow_step >> 10) & 31);
        let threshold = if whole > 9 { 31 << 10 } else { (32 + part) << whole };
        self.tone && magnitude > (threshold + (threshold >> 1)) >> 1
    }

    /// Blocks FILTD, LIMB and FILTE.
    fn adapt_step(&mut self, code: usize, step: i32) {
        self.fast_step = (step + (((STEP[code] << 5) - step) >> 5)).clamp(544, 5_120);
        self.slow_step += self.fast_step + (-self.slow_step >> 6);
    }

    /// Blocks UPA2, LIMC, UPA1, LIMD and UPB.
    fn adapt_coefficients(
        &mut self,
        transition: bool,
        partial: i32,
        difference: i32,
        negative: bool,
    ) {
        if transition {
            (self.poles, self.zeros) = ([0; 2], [0; 6]);
            return;
        }
        let sign = partial < 0;
        let mut second = self.poles[1] - (self.poles[1] >> 7);
        if partial != 0 {
            let first = if sign == self.signs[0] { -self.poles[0] } else { self.poles[0] };
            second += match first {
                ..-8_191 => -0x100,
                8_192.. => 0xff,
                _ => first >> 5,
            };
            second += if sign == self.signs[1] { 0x80 } else { -0x80 };
            second = second.clamp(-12_288, 12_288);
        }
        self.poles[1] = second;
        self.poles[0] -= self.poles[0] >> 8;
        if partial != 0 {
            self.poles[0] += if sign == self.signs[0] { 192 } else { -192 };
        }
        let limit = 15_360 - second;
        self.poles[0] = self.poles[0].clamp(-limit, limit);
        for (zero, past) in self.zeros.iter_mut().zip(&self.differences) {
            *zero -= *zero >> 8;
            if difference != 0 {
                *zero += if past.negative == negative { 128 } else { -128 };
            }
        }
    }

    /// Blocks FILTA, FILTB, SUBTC and FILTC.
    fn adapt_speed(&mut self, code: usize, step: i32, transition: bool) {
        let pace = PACE[code] << 9;
        self.short_pace += (pace - self.short_pace) >> 5;
        self.long_pace += ((pace << 2) - self.long_pace) >> 7;
        let uneven = ((self.short_pace << 2) - self.long_pace).abs() >= self.long_pace >> 3;
        self.speed = if transition {
            256
        } else if step < 1_536 || self.tone || uneven {
            self.speed + ((0x200 - self.speed) >> 4)
        } else {
            self.speed + (-self.speed >> 4)
        };
    }
}

/// Blocks RECONST, ADDA and ANTILOG: the magnitude that a code means.
fn dequantised(code: usize, step: i32) -> i32 {
    let logarithm = OUTPUT[code] + (step >> 2);
    if logarithm < 0 {
        return 0;
    }
    let exponent = (logarithm >> 7) & 15;
    ((128 + (logarithm & 127)) << 7) >> (14 - exponent).max(0)
}

/// Blocks LOG, SUBTB and QUAN.
fn quantised(difference: i32, step: i32) -> u8 {
    let magnitude = difference.abs();
    let exponent = bits(magnitude >> 1);
    let mantissa = ((magnitude << 7) >> exponent) & 127;
    let logarithm = (exponent << 7) + mantissa - (step >> 2);
    // Seven levels.
    let index = LEVELS.iter().filter(|level| **level <= logarithm).count() as u8;
    match (difference < 0, index) {
        (true, _) => 15 - index,
        (false, 0) => 15,
        (false, _) => index,
    }
}

/// Which half of an octet holds the first sample.
fn first_is_low(format: Format) -> bool {
    format.codec == Codec::G726
}

/// Writes two samples to an octet.
#[derive(Debug)]
pub struct G726Encoder {
    format: Format,
    predictor: Predictor,
}

impl G726Encoder {
    /// An encoder at rest, for [`Format::G726`] or [`Format::G726_AAL2`].
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format, predictor: Predictor::new() }
    }

    fn code(&mut self, sample: i16) -> u8 {
        let estimate = self.predictor.estimate();
        let difference = (i32::from(sample) >> 2) - estimate.signal;
        let code = quantised(difference, estimate.step);
        self.predictor.take(code, estimate);
        code
    }
}

impl Encoder for G726Encoder {
    fn format(&self) -> Format {
        self.format
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError> {
        let (pairs, rest) = pcm.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(CodecError::FrameSize);
        }
        let payload = payload.get_mut(..pairs.len()).ok_or(CodecError::NoRoom)?;
        let low_first = first_is_low(self.format);
        for (octet, [first, second]) in payload.iter_mut().zip(pairs) {
            let (first, second) = (self.code(*first), self.code(*second));
            *octet = if low_first { second << 4 | first } else { first << 4 | second };
        }
        Ok(pairs.len())
    }
}

/// Reads two samples of an octet.
#[derive(Debug)]
pub struct G726Decoder {
    format: Format,
    predictor: Predictor,
    concealer: Concealer,
}

impl G726Decoder {
    /// A decoder at rest, for [`Format::G726`] or [`Format::G726_AAL2`].
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format, predictor: Predictor::new(), concealer: Concealer::new(8_000, 1) }
    }

    fn sample(&mut self, code: u8) -> i16 {
        let estimate = self.predictor.estimate();
        let signal = self.predictor.take(code, estimate);
        // The clamp makes the cast exact.
        (signal << 2).clamp(-32_768, 32_767) as i16
    }
}

impl Decoder for G726Decoder {
    fn format(&self) -> Format {
        self.format
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        let count = payload.len() * 2;
        if count > self.format.samples(MAX_PACKET) {
            return Err(CodecError::TooLong);
        }
        let pcm = pcm.get_mut(..count).ok_or(CodecError::NoRoom)?;
        let low_first = first_is_low(self.format);
        for (pair, octet) in pcm.as_chunks_mut::<2>().0.iter_mut().zip(payload) {
            let (low, high) = (octet & 15, octet >> 4);
            let (first, second) = if low_first { (low, high) } else { (high, low) };
            *pair = [self.sample(first), self.sample(second)];
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
        // What spandsp 0.0.6 made of the same samples, in both packings. Its decoder wraps where
        // ours saturates, so the loud end is left out.
        let (encoded, decoded, first) = coded_vector(Format::G726, 1_200);
        assert_eq!(first[..8], [0x88, 0x78, 0x77, 0x77, 0x85, 0xa8, 0xfd, 0x41]);
        assert_eq!((encoded, decoded), (0x7e4b_1f98_fd57_0ec0, 0xdbcf_8d4a_2c38_90ea));
        let (encoded, decoded, first) = coded_vector(Format::G726_AAL2, 1_200);
        assert_eq!(first[..8], [0x88, 0x87, 0x77, 0x77, 0x58, 0x8a, 0xdf, 0x14]);
        assert_eq!((encoded, decoded), (0x5609_da7a_2c71_c898, 0xdbcf_8d4a_2c38_90ea));
    }

    proptest! {
        #[test]
        fn no_sound_and_no_bits_overflow(
            pcm in proptest::collection::vec(any::<i16>(), 640),
            octets in proptest::collection::vec(any::<u8>(), 320),
        ) {
            let mut encoder = G726Encoder::new(Format::G726);
            let mut decoder = G726Decoder::new(Format::G726);
            let (mut payload, mut out) = ([0; 320], [0; 640]);
            encoder.encode(&pcm, &mut payload).unwrap();
            prop_assert_eq!(decoder.decode(&payload, &mut out), Ok(640));
            prop_assert_eq!(decoder.decode(&octets, &mut out), Ok(640));
        }
    }
}
