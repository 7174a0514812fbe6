//! Change of sample rate by a polyphase filter, frame by frame, for any ratio of telephony and
//! audio rates (8, 12, 16, 24, 32, 44.1, 48, 96 and 192 kHz).
//!
//! The filter is a windowed sinc at the lower of the two rates: flat to 0.82 of its band (3.3 kHz
//! of a telephone's 4 kHz), 70 dB down at its edge, with a delay of 24 samples of the lower rate
//! (3 ms at 8 kHz).

use std::f64::consts::PI;

use crate::coder::CodecError;
use crate::format::{Codec, Format, MAX_SAMPLES};

/// Taps of the filter in samples of the lower rate.
const TAPS: usize = 48;
/// Shape of the Kaiser window for 70 dB: 0.1102 · (70 − 8.7).
const KAISER_BETA: f64 = 6.755;
/// Middle of the transition as a part of the lower Nyquist frequency. A Kaiser window of 48 taps
/// and 70 dB has a transition 0.18 wide, which ends at the edge of the band.
const CUTOFF: f64 = 0.91;
/// The finest ratio: 44.1 to 48 kHz is 160 to 147.
const MAX_PHASES: u32 = 640;

/// Converts a stream of one channel from one rate to another.
#[derive(Debug)]
pub struct Resampler {
    from_rate: u32,
    to_rate: u32,
    /// Output samples in a period of the ratio.
    phases: usize,
    /// Input samples in a period of the ratio.
    stride: usize,
    taps: usize,
    /// The taps of each phase in turn.
    filter: Box<[f32]>,
    /// Input that is still needed, oldest first.
    history: Vec<f32>,
    phase: usize,
}

impl Resampler {
    /// A converter at rest. Equal rates copy.
    ///
    /// # Errors
    /// [`CodecError::UnsupportedFormat`] for rates outside 8–192 kHz or without a small ratio.
    pub fn new(from_rate: u32, to_rate: u32) -> Result<Self, CodecError> {
        for rate in [from_rate, to_rate] {
            if !(8_000..=192_000).contains(&rate) {
                return Err(CodecError::UnsupportedFormat(Format::mono(Codec::Slin, rate)));
            }
        }
        let divisor = greatest_common_divisor(from_rate, to_rate);
        let (phases, stride) = (to_rate / divisor, from_rate / divisor);
        if phases > MAX_PHASES || stride > MAX_PHASES {
            return Err(CodecError::UnsupportedFormat(Format::mono(Codec::Slin, to_rate)));
        }
        let (phases, stride) = (phases as usize, stride as usize);
        // Downwards the filter is as much longer as the rate is higher; a multiple of eight.
        let taps = (TAPS * stride.max(phases)).div_ceil(phases).next_multiple_of(8);
        let mut history = Vec::with_capacity(taps + MAX_SAMPLES);
        history.resize(taps - 1, 0.0);
        let filter = design(phases, stride, taps);
        Ok(Self { from_rate, to_rate, phases, stride, taps, filter, history, phase: 0 })
    }

    /// The rate of the input in Hz.
    #[must_use]
    pub fn from_rate(&self) -> u32 {
        self.from_rate
    }

    /// The rate of the output in Hz.
    #[must_use]
    pub fn to_rate(&self) -> u32 {
        self.to_rate
    }

    /// The most samples that `input_len` samples become. Frames of 10 ms become exactly 10 ms.
    #[must_use]
    pub fn max_output(&self, input_len: usize) -> usize {
        (input_len * self.phases).div_ceil(self.stride) + 1
    }

    /// Converts a frame and returns the number of samples written to `output`.
    ///
    /// # Errors
    /// [`CodecError::NoRoom`] when `output` is shorter than the frame becomes; the frame is then
    /// not taken.
    pub fn process(&mut self, input: &[i16], output: &mut [i16]) -> Result<usize, CodecError> {
        if self.phases == self.stride {
            let output = output.get_mut(..input.len()).ok_or(CodecError::NoRoom)?;
            output.copy_from_slice(input);
            return Ok(input.len());
        }
        let available = (self.history.len() + input.len() + 1).saturating_sub(self.taps);
        let count = (available * self.phases).saturating_sub(self.phase).div_ceil(self.stride);
        let output = output.get_mut(..count).ok_or(CodecError::NoRoom)?;
        self.history.extend(input.iter().map(|sample| f32::from(*sample)));
        let mut start = 0;
        for sample in output {
            let filter = &self.filter[self.phase * self.taps..(self.phase + 1) * self.taps];
            let value = dot(&self.history[start..start + self.taps], filter);
            // The clamp makes the cast exact.
            *sample = value.round().clamp(-32_768.0, 32_767.0) as i16;
            self.phase += self.stride;
            start += self.phase / self.phases;
            self.phase %= self.phases;
        }
        let kept = start.min(self.history.len());
        self.history.drain(..kept);
        Ok(count)
    }
}

/// The product sum of two slices whose length is a multiple of eight, in eight lanes so that the
/// compiler can use vector instructions.
fn dot(samples: &[f32], filter: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    for (samples, filter) in samples.chunks_exact(8).zip(filter.chunks_exact(8)) {
        for (lane, (sample, tap)) in lanes.iter_mut().zip(samples.iter().zip(filter)) {
            *lane += sample * tap;
        }
    }
    lanes.iter().sum()
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// The taps of each phase. Phase `p` computes the output `p / phases` of an input sample after
/// the middle of its taps.
fn design(phases: usize, stride: usize, taps: usize) -> Box<[f32]> {
    // Cutoff in cycles for each input sample.
    let cutoff = CUTOFF * 0.5 * (phases as f64 / stride as f64).min(1.0);
    let half = taps as f64 / 2.0;
    let mut filter = vec![0.0_f32; phases * taps];
    for phase in 0..phases {
        let offset = phase as f64 / phases as f64;
        let part = &mut filter[phase * taps..(phase + 1) * taps];
        let tap = |at: usize| {
            let time = at as f64 - (half - 1.0) - offset;
            let window = bessel(KAISER_BETA * (1.0 - (time / half).powi(2)).max(0.0).sqrt());
            2.0 * cutoff * sinc(2.0 * cutoff * time) * window
        };
        let values: Vec<f64> = (0..taps).map(tap).collect();
        // Each phase has a gain of one, so that a constant stays constant.
        let sum: f64 = values.iter().sum();
        for (slot, value) in part.iter_mut().zip(values) {
            *slot = (value / sum) as f32;
        }
    }
    filter.into_boxed_slice()
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-12 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The modified Bessel function of order zero by its series.
fn bessel(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum) = (1.0, 1.0);
    // The terms fall below 1e-12 after 25 steps for arguments below 7.
    for n in 1..25 {
        term *= quarter / f64::from(n * n);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{rms, sine, tone_snr_db};
    use proptest::prelude::*;

    const RATES: [u32; 7] = [8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000];

    fn convert(from: u32, to: u32, pcm: &[i16], frame: usize) -> Vec<i16> {
        let mut resampler = Resampler::new(from, to).unwrap();
        let mut out = vec![0; resampler.max_output(frame)];
        let mut all = Vec::new();
        for part in pcm.chunks(frame) {
            let count = resampler.process(part, &mut out).unwrap();
            all.extend_from_slice(&out[..count]);
        }
        all
    }

    #[test]
    fn a_tone_in_the_band_passes_between_all_rates() {
        for from in RATES {
            for to in RATES {
                let frequency = f64::from(from.min(to)) * 0.4;
                let pcm = sine(from, frequency, 10_000.0, 1.0);
                let heard = convert(from, to, &pcm, from as usize / 50);
                let settled = &heard[heard.len() / 2..];
                let snr = tone_snr_db(settled, to, frequency);
                assert!(snr > 55.0, "{from} to {to}: {snr:.1} dB");
                let level = rms(settled) / rms(&pcm);
                assert!((0.98..1.02).contains(&level), "{from} to {to}: level {level:.3}");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_removed() {
        for (from, to) in [(48_000, 8_000), (16_000, 8_000), (48_000, 16_000), (48_000, 44_100)] {
            let frequency = f64::from(to) * 0.5 * 1.02;
            let pcm = sine(from, frequency, 10_000.0, 1.0);
            let heard = convert(from, to, &pcm, from as usize / 50);
            let alias_db = 20.0 * (rms(&heard[heard.len() / 2..]) / rms(&pcm)).log10();
            assert!(alias_db < -60.0, "{from} to {to}: {alias_db:.1} dB");
        }
    }

    #[test]
    fn raising_the_rate_adds_no_image() {
        let heard = convert(8_000, 48_000, &sine(8_000, 3_000.0, 10_000.0, 1.0), 160);
        assert!(tone_snr_db(&heard[24_000..], 48_000, 3_000.0) > 60.0);
    }

    #[test]
    fn a_frame_stays_a_frame() {
        for from in RATES {
            for to in RATES {
                let mut resampler = Resampler::new(from, to).unwrap();
                let frame = vec![0; from as usize / 50];
                let mut out = vec![0; resampler.max_output(frame.len())];
                for _ in 0..10 {
                    let count = resampler.process(&frame, &mut out).unwrap();
                    assert_eq!(count, to as usize / 50, "{from} to {to}");
                }
            }
        }
    }

    #[test]
    fn rates_without_a_small_ratio_are_refused() {
        assert!(Resampler::new(8_000, 47_999).is_err());
        assert!(Resampler::new(4_000, 8_000).is_err());
    }

    proptest! {
        #[test]
        fn cutting_the_stream_elsewhere_changes_nothing(
            cuts in proptest::collection::vec(1usize..300, 1..20),
        ) {
            let pcm = sine(16_000, 700.0, 9_000.0, 0.1);
            let whole = convert(16_000, 24_000, &pcm, pcm.len());
            let mut resampler = Resampler::new(16_000, 24_000).unwrap();
            let (mut rest, mut pieces, mut out) = (&pcm[..], Vec::new(), [0; 4_000]);
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (part, tail) = rest.split_at((*cut).min(rest.len()));
                let count = resampler.process(part, &mut out).unwrap();
                pieces.extend_from_slice(&out[..count]);
                rest = tail;
            }
            prop_assert_eq!(pieces, whole);
        }
    }
}
