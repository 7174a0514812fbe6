//! The decoder of GSM 06.10 §4.3: from the parameters of a frame to 160 samples.

use super::arithmetic::{add, mult_r, sub};
use super::filter::{FRAME, GAIN, MAX_LAG, PART, Ratios, SEGMENT_ENDS, excitation};
use super::frame::{Frame, SubFrame};

/// The memory of the decoder.
#[derive(Clone, Debug)]
pub(super) struct Synthesiser {
    /// The lag to use when one that cannot be arrives.
    lag: usize,
    /// Residual of the past, oldest first.
    residual: [i16; MAX_LAG],
    ratios: Ratios,
    delays: [i16; 9],
    /// De-emphasis.
    last_output: i16,
}

impl Synthesiser {
    pub(super) fn new() -> Self {
        Self {
            lag: PART,
            residual: [0; MAX_LAG],
            ratios: Ratios::default(),
            delays: [0; 9],
            last_output: 0,
        }
    }

    /// The samples of 20 ms.
    pub(super) fn samples(&mut self, frame: &Frame, pcm: &mut [i16; FRAME]) {
        for (part, quarter) in frame.parts.iter().zip(pcm.as_chunks_mut::<PART>().0) {
            self.long_term(part, quarter);
        }
        self.ratios.next(&frame.ratios);
        let mut start = 0;
        for (segment, end) in SEGMENT_ENDS.into_iter().enumerate() {
            let coefficients = self.ratios.coefficients(segment);
            for sample in &mut pcm[start..end] {
                *sample = self.short_term(*sample, &coefficients);
            }
            start = end;
        }
        for sample in pcm {
            self.last_output = add(*sample, mult_r(self.last_output, 28_180));
            *sample = add(self.last_output, self.last_output) & !7;
        }
    }

    /// Adds the pulses to what the past predicts (§4.3.2).
    fn long_term(&mut self, part: &SubFrame, output: &mut [i16; PART]) {
        let lag = usize::from(part.lag);
        if (PART..=MAX_LAG).contains(&lag) {
            self.lag = lag;
        }
        let pulses = excitation(part);
        let start = MAX_LAG - self.lag;
        for (place, value) in output.iter_mut().enumerate() {
            let predicted = mult_r(GAIN[usize::from(part.gain)], self.residual[start + place]);
            *value = add(pulses[place], predicted);
        }
        self.residual.copy_within(PART.., 0);
        self.residual[MAX_LAG - PART..].copy_from_slice(output);
    }

    /// The short-term filter for one sample (§4.3.4).
    fn short_term(&mut self, residual: i16, coefficients: &[i16; 8]) -> i16 {
        let mut value = residual;
        for index in (0..8).rev() {
            let (delay, coefficient) = (self.delays[index], coefficients[index]);
            value = sub(value, mult_r(coefficient, delay));
            self.delays[index + 1] = add(delay, mult_r(coefficient, value));
        }
        self.delays[0] = value;
        value
    }
}
