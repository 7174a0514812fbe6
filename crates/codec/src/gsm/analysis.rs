//! The encoder of GSM 06.10 §4.2: from 160 samples to the parameters of a frame. Sections are
//! cited at each step.

use super::arithmetic::{abs, add, div, mult, mult_r, norm, saturate, sub};
use super::filter::{
    FRAME, GAIN, LARGEST, LEAST, MAX_LAG, OFFSET, PART, Ratios, SEGMENT_ENDS, SLOPE, excitation,
    exponent_and_mantissa,
};
use super::frame::{Frame, SubFrame};

/// Table 4.3a: decision levels of the long-term gain.
const GAIN_LEVELS: [i16; 3] = [6_554, 16_384, 26_214];
/// Table 4.4: the weighting filter.
const WEIGHTS: [i16; 11] = [-134, -374, 0, 2_054, 5_741, 8_192, 5_741, 2_054, 0, -374, -134];
/// Table 4.5: inverse mantissa of the largest pulse.
const INVERSE_MANTISSA: [i16; 8] = [29_128, 26_215, 23_832, 21_846, 20_165, 18_725, 17_476, 16_384];
/// Samples that the weighting filter looks ahead and back.
const WEIGHTS_REACH: usize = 5;

/// The memory of the encoder.
#[derive(Clone, Debug)]
pub(super) struct Analyser {
    /// Offset compensation: last input, and the sum of 31 bits.
    last_input: i16,
    sum: i32,
    /// Pre-emphasis.
    last_output: i16,
    ratios: Ratios,
    /// Short-term filter.
    delays: [i16; 8],
    /// Reconstructed residual of the past, oldest first.
    residual: [i16; MAX_LAG],
}

impl Analyser {
    pub(super) fn new() -> Self {
        Self {
            last_input: 0,
            sum: 0,
            last_output: 0,
            ratios: Ratios::default(),
            delays: [0; 8],
            residual: [0; MAX_LAG],
        }
    }

    /// The parameters of 20 ms.
    pub(super) fn frame(&mut self, pcm: &[i16; FRAME]) -> Frame {
        let mut samples = *pcm;
        self.preprocess(&mut samples);
        let mut frame = Frame { ratios: ratio_codes(&mut samples), ..Frame::default() };
        self.ratios.next(&frame.ratios);
        self.short_term(&mut samples);
        for (part, quarter) in frame.parts.iter_mut().zip(samples.as_chunks::<PART>().0) {
            *part = self.long_term(quarter);
        }
        frame
    }

    /// Downscaling, offset compensation and pre-emphasis (§4.2.1 to §4.2.3).
    fn preprocess(&mut self, samples: &mut [i16; FRAME]) {
        for sample in samples {
            let input = (*sample >> 3) << 2;
            let step = i32::from(input) - i32::from(self.last_input);
            self.last_input = input;
            let high = self.sum >> 15;
            // The low part has 15 bits.
            let low = (self.sum - (high << 15)) as i16;
            self.sum =
                (high * 32_735).saturating_add((step << 15) + i32::from(mult_r(low, 32_735)));
            let emphasis = mult_r(self.last_output, -28_180);
            self.last_output = saturate(self.sum.saturating_add(16_384) >> 15);
            *sample = add(self.last_output, emphasis);
        }
    }

    /// The short-term filter (§4.2.10).
    fn short_term(&mut self, samples: &mut [i16; FRAME]) {
        let mut start = 0;
        for (segment, end) in SEGMENT_ENDS.into_iter().enumerate() {
            let coefficients = self.ratios.coefficients(segment);
            for sample in &mut samples[start..end] {
                let (mut forward, mut backward) = (*sample, *sample);
                for (delay, coefficient) in self.delays.iter_mut().zip(coefficients) {
                    let delayed = std::mem::replace(delay, backward);
                    backward = add(delayed, mult_r(coefficient, forward));
                    forward = add(forward, mult_r(coefficient, delayed));
                }
                *sample = forward;
            }
            start = end;
        }
    }

    /// Long-term prediction and pulses of a quarter of a frame (§4.2.11 to §4.2.18).
    fn long_term(&mut self, samples: &[i16; PART]) -> SubFrame {
        let (lag, gain) = lag_and_gain(samples, &self.residual);
        let start = MAX_LAG - lag;
        let mut predicted = [0; PART];
        for (place, value) in predicted.iter_mut().enumerate() {
            *value = mult_r(GAIN[usize::from(gain)], self.residual[start + place]);
        }
        let mut padded = [0; PART + 2 * WEIGHTS_REACH];
        for place in 0..PART {
            padded[WEIGHTS_REACH + place] = sub(samples[place], predicted[place]);
        }
        // A lag is at most 120.
        let part = SubFrame { lag: lag as u8, gain, ..pulses(&weighted(&padded)) };
        let pulses = excitation(&part);
        self.residual.copy_within(PART.., 0);
        for place in 0..PART {
            self.residual[MAX_LAG - PART + place] = add(pulses[place], predicted[place]);
        }
        part
    }
}

/// Autocorrelation, reflection coefficients and the codes of their log-area ratios (§4.2.4 to
/// §4.2.7). The samples lose the bits that scaling took.
fn ratio_codes(samples: &mut [i16; FRAME]) -> [u8; 8] {
    let correlation = autocorrelation(samples);
    let coefficients = reflection(&correlation);
    let mut codes = [0; 8];
    for (index, code) in codes.iter_mut().enumerate() {
        let size = abs(coefficients[index]);
        let size = match size {
            ..22_118 => size >> 1,
            22_118..31_130 => size - 11_059,
            _ => (size - 26_112) << 2,
        };
        let ratio = if coefficients[index] < 0 { -size } else { size };
        let scaled = add(add(mult(SLOPE[index], ratio), OFFSET[index]), 256) >> 9;
        let scaled = scaled.clamp(LEAST[index], LARGEST[index]) - LEAST[index];
        // Codes have at most six bits.
        *code = scaled as u8;
    }
    codes
}

fn autocorrelation(samples: &mut [i16; FRAME]) -> [i32; 9] {
    let largest = samples.iter().map(|sample| abs(*sample)).max().unwrap_or(0);
    let shift = if largest == 0 { 0 } else { 4_u32.saturating_sub(norm(i32::from(largest) << 16)) };
    if shift > 0 {
        for sample in samples.iter_mut() {
            *sample = mult_r(*sample, 16_384 >> (shift - 1));
        }
    }
    let mut correlation = [0; 9];
    for (lag, sum) in correlation.iter_mut().enumerate() {
        let pairs = samples[lag..].iter().zip(samples.iter());
        // Scaled samples have 12 bits: 160 products stay below 2^31.
        *sum = pairs.map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>() << 1;
    }
    if shift > 0 {
        for sample in samples.iter_mut() {
            *sample <<= shift;
        }
    }
    correlation
}

/// Schur's recursion (§4.2.5).
fn reflection(correlation: &[i32; 9]) -> [i16; 8] {
    let mut coefficients = [0; 8];
    if correlation[0] == 0 {
        return coefficients;
    }
    let shift = norm(correlation[0]);
    // The high half of 32 bits has 16.
    let scaled = correlation.map(|value| ((value << shift) >> 16) as i16);
    let (mut p, mut k) = (scaled, scaled);
    for (n, place) in coefficients.iter_mut().enumerate() {
        let size = abs(p[1]);
        if p[0] < size {
            break;
        }
        let quotient = div(size, p[0]);
        let coefficient = if p[1] > 0 { -quotient } else { quotient };
        *place = coefficient;
        if n == 7 {
            break;
        }
        p[0] = add(p[0], mult_r(p[1], coefficient));
        for m in 1..8 - n {
            let next = p[m + 1];
            p[m] = add(next, mult_r(k[m], coefficient));
            k[m] = add(k[m], mult_r(next, coefficient));
        }
    }
    coefficients
}

/// Lag and gain code of the long-term predictor (§4.2.11, §4.2.12).
fn lag_and_gain(samples: &[i16; PART], residual: &[i16; MAX_LAG]) -> (usize, u8) {
    let largest = samples.iter().map(|sample| abs(*sample)).max().unwrap_or(0);
    let room = if largest == 0 { 0 } else { norm(i32::from(largest) << 16) };
    let shift = if largest == 0 { 0 } else { 6_u32.saturating_sub(room) };
    let scaled = samples.map(|sample| i32::from(sample >> shift));
    let (mut lag, mut best) = (PART, 0);
    for candidate in PART..=MAX_LAG {
        let past = &residual[MAX_LAG - candidate..];
        let sum: i32 = scaled.iter().zip(past).map(|(a, b)| a * i32::from(*b)).sum();
        if sum > best {
            (lag, best) = (candidate, sum);
        }
    }
    let best = (best << 1) >> (6 - shift);
    let past = &residual[MAX_LAG - lag..][..PART];
    let power: i32 = past.iter().map(|value| i32::from(value >> 3).pow(2)).sum::<i32>() << 1;
    let gain = if best <= 0 {
        0
    } else if best >= power {
        3
    } else {
        let room = norm(power);
        // The high half of 32 bits has 16.
        let (ratio, whole) = (((best << room) >> 16) as i16, ((power << room) >> 16) as i16);
        let below = GAIN_LEVELS.iter().position(|level| ratio <= mult(whole, *level));
        // Three levels.
        below.unwrap_or(3) as u8
    };
    (lag, gain)
}

/// The weighting filter (§4.2.13).
fn weighted(padded: &[i16; PART + 2 * WEIGHTS_REACH]) -> [i16; PART] {
    let mut output = [0; PART];
    for (place, value) in output.iter_mut().enumerate() {
        let window = &padded[place..place + WEIGHTS.len()];
        let products = window.iter().zip(WEIGHTS);
        let sum: i32 = products.map(|(a, b)| i32::from(*a) * i32::from(b)).sum();
        *value = saturate((sum + 4_096) >> 13);
    }
    output
}

/// The grid with most energy, its largest pulse and the codes of all (§4.2.14, §4.2.15).
fn pulses(samples: &[i16; PART]) -> SubFrame {
    let energy = |grid: usize| -> i32 {
        (0..13).map(|place| i32::from(samples[grid + 3 * place] >> 2).pow(2)).sum()
    };
    let (mut grid, mut best) = (0, energy(0));
    for candidate in 1..4 {
        let energy = energy(candidate);
        if energy > best {
            (grid, best) = (candidate, energy);
        }
    }
    let chosen: [i16; 13] = std::array::from_fn(|place| samples[grid + 3 * place]);
    let largest = chosen.iter().map(|value| abs(*value)).max().unwrap_or(0);
    let scale = (16 - (largest >> 9).leading_zeros()).min(6);
    // Six bits.
    let maximum = ((largest >> (scale + 5)) + (scale << 3) as i16) as u8;
    let (exponent, mantissa) = exponent_and_mantissa(maximum);
    let code = |value: i16| {
        let scaled = mult(value << (6 - exponent), INVERSE_MANTISSA[mantissa]) >> 12;
        (scaled + 4) as u8 & 7
    };
    SubFrame { grid: grid as u8, maximum, pulses: chosen.map(code), ..SubFrame::default() }
}
