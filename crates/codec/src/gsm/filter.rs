//! What encoder and decoder of GSM 06.10 share: the tables, the log-area ratios as reflection
//! coefficients, and the inverse quantiser of pulses.

use super::arithmetic::{abs, add, mult_r, sub};
use super::frame::SubFrame;

/// Table 4.1: quantisation of the log-area ratios: slope, offset, least and largest code.
pub(super) const SLOPE: [i16; 8] = [20_480, 20_480, 20_480, 20_480, 13_964, 15_360, 8_534, 9_036];
pub(super) const OFFSET: [i16; 8] = [0, 0, 2_048, -2_560, 94, -1_792, -341, -1_144];
pub(super) const LEAST: [i16; 8] = [-32, -32, -16, -16, -8, -8, -4, -4];
pub(super) const LARGEST: [i16; 8] = [31, 31, 15, 15, 7, 7, 3, 3];
/// Table 4.2: inverse of the slopes.
const INVERSE_SLOPE: [i16; 8] = [13_107, 13_107, 13_107, 13_107, 19_223, 17_476, 31_454, 29_708];
/// Table 4.3b: levels of the long-term gain.
pub(super) const GAIN: [i16; 4] = [3_277, 11_469, 21_299, 32_767];
/// Table 4.6: mantissa of the largest pulse.
const MANTISSA: [i16; 8] = [18_431, 20_479, 22_527, 24_575, 26_623, 28_671, 30_719, 32_767];

/// Samples of a frame.
pub(super) const FRAME: usize = 160;
/// Samples of a quarter of a frame.
pub(super) const PART: usize = 40;
/// The longest lag.
pub(super) const MAX_LAG: usize = 120;

/// The parts of a frame with coefficients of their own (§4.2.9.1): their ends.
pub(super) const SEGMENT_ENDS: [usize; 4] = [13, 27, 40, FRAME];

/// Ratios of this frame and the one before, which the coefficients pass between smoothly.
#[derive(Clone, Debug, Default)]
pub(super) struct Ratios {
    before: [i16; 8],
    now: [i16; 8],
}

impl Ratios {
    /// Takes the codes of the next frame (§4.2.8).
    pub(super) fn next(&mut self, codes: &[u8; 8]) {
        self.before = self.now;
        for (index, ratio) in self.now.iter_mut().enumerate() {
            let code = add(i16::from(codes[index]), LEAST[index]) << 10;
            let scaled = mult_r(INVERSE_SLOPE[index], sub(code, OFFSET[index] << 1));
            *ratio = add(scaled, scaled);
        }
    }

    /// The reflection coefficients of a segment (§4.2.9).
    pub(super) fn coefficients(&self, segment: usize) -> [i16; 8] {
        let mut coefficients = [0; 8];
        for (index, coefficient) in coefficients.iter_mut().enumerate() {
            let (old, new) = (self.before[index], self.now[index]);
            let ratio = match segment {
                0 => add(add(old >> 2, new >> 2), old >> 1),
                1 => add(old >> 1, new >> 1),
                2 => add(add(old >> 2, new >> 2), new >> 1),
                _ => new,
            };
            let size = abs(ratio);
            let size = match size {
                ..11_059 => size << 1,
                11_059..20_070 => size + 11_059,
                _ => add(size >> 2, 26_112),
            };
            *coefficient = if ratio < 0 { -size } else { size };
        }
        coefficients
    }
}

/// Exponent and mantissa of the largest pulse (§4.2.15).
pub(super) fn exponent_and_mantissa(maximum: u8) -> (i16, usize) {
    let maximum = i16::from(maximum);
    let mut exponent = if maximum > 15 { (maximum >> 3) - 1 } else { 0 };
    let mut mantissa = maximum - (exponent << 3);
    if mantissa == 0 {
        return (-4, 7);
    }
    while mantissa <= 7 {
        mantissa = (mantissa << 1) | 1;
        exponent -= 1;
    }
    (exponent, usize::from((mantissa - 8).unsigned_abs()).min(7))
}

/// The pulses of a quarter of a frame in their places (§4.2.16, §4.2.17).
pub(super) fn excitation(part: &SubFrame) -> [i16; PART] {
    let (exponent, mantissa) = exponent_and_mantissa(part.maximum);
    let shift = 6 - exponent;
    let half = if shift > 0 { 1 << (shift - 1) } else { 0 };
    let mut excitation = [0; PART];
    for (place, pulse) in part.pulses.iter().enumerate() {
        let level = ((i16::from(*pulse) << 1) - 7) << 12;
        let value = add(mult_r(MANTISSA[mantissa], level), half) >> shift;
        excitation[usize::from(part.grid) + 3 * place] = value;
    }
    excitation
}
