//! Comfort noise (RFC 3389): what a peer sends instead of packets while its owner is silent, and
//! the noise it stands for. Without it a silence sounds like a call that broke off.
//!
//! A payload is a level in -dBov and, if the peer cares, the shape of the spectrum as reflection
//! coefficients. The noise is white, of that level, through the lattice of those coefficients.

/// Coefficients that are used; the RFC allows more and names 10 as enough.
const MAX_ORDER: usize = 12;
/// A sine that fills 16 bits: 0 dBov (RFC 3389 §3.1).
const OVERLOAD: f32 = 32_767.0;
/// Quieter than this is silence: the last bit of a sample.
const SILENCE_DBOV: u8 = 90;
/// A coefficient of 1 would ring for ever.
const MAX_COEFFICIENT: f32 = 0.98;

/// A description of noise that came in a packet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseShape {
    /// Level below overload in decibels, 0 to 127.
    level_dbov: u8,
    coefficients: [f32; MAX_ORDER],
    order: usize,
}

impl NoiseShape {
    /// Reads the payload of a packet; `None` when it is empty.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [level, shape @ ..] = payload else {
            return None;
        };
        let mut coefficients = [0.0; MAX_ORDER];
        let order = shape.len().min(MAX_ORDER);
        for (coefficient, quantised) in coefficients.iter_mut().zip(shape) {
            // RFC 3389 §3.2: uniform steps of 258/32768 around 127.
            let steps = f32::from(*quantised) - 127.0;
            *coefficient = (steps * 258.0 / 32_768.0).clamp(-MAX_COEFFICIENT, MAX_COEFFICIENT);
        }
        // The highest bit is reserved.
        Some(Self { level_dbov: level & 0x7f, coefficients, order })
    }

    /// Flat noise of a level in -dBov.
    #[must_use]
    pub fn flat(level_dbov: u8) -> Self {
        Self { level_dbov: level_dbov & 0x7f, coefficients: [0.0; MAX_ORDER], order: 0 }
    }
}

/// Makes noise.
#[derive(Clone, Debug)]
pub struct NoiseGenerator {
    shape: NoiseShape,
    /// Of the white noise before the lattice, so that what comes out has the level.
    gain: f32,
    memory: [f32; MAX_ORDER],
    state: u32,
}

impl NoiseGenerator {
    /// Noise of this shape. The same seed makes the same noise.
    #[must_use]
    pub fn new(shape: NoiseShape, seed: u32) -> Self {
        let mut made = Self { shape, gain: 0.0, memory: [0.0; MAX_ORDER], state: seed | 1 };
        made.set_shape(shape);
        made
    }

    /// Goes on with another shape.
    pub fn set_shape(&mut self, shape: NoiseShape) {
        self.shape = shape;
        if shape.level_dbov >= SILENCE_DBOV {
            self.gain = 0.0;
            return;
        }
        // The lattice raises the power by the product of 1 / (1 - k²).
        let used = shape.coefficients.iter().take(shape.order);
        let loss: f32 = used.map(|k| 1.0 - k * k).product();
        let rms = OVERLOAD * 10_f32.powf(-f32::from(shape.level_dbov) / 20.0);
        // Uniform noise between -1 and 1 has an effective value of 1/√3.
        self.gain = rms * loss.sqrt() * 3_f32.sqrt();
    }

    /// Fills a frame.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            let white = self.white() * self.gain;
            let shaped = self.lattice(white);
            // Saturates; NaN cannot come of bounded coefficients.
            *sample = shaped.round() as i16;
        }
    }

    /// Uniform between -1 and 1 (xorshift, Marsaglia 2003).
    fn white(&mut self) -> f32 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        f32::from((self.state >> 16) as u16) / 32_767.5 - 1.0
    }

    /// The all-pole lattice whose reflection coefficients the peer named.
    fn lattice(&mut self, input: f32) -> f32 {
        let order = self.shape.order;
        let mut forward = input;
        for index in (0..order).rev() {
            let (k, delayed) = (self.shape.coefficients[index], self.memory[index]);
            forward -= k * delayed;
            let backward = delayed + k * forward;
            if let Some(next) = self.memory.get_mut(index + 1) {
                *next = backward;
            }
        }
        if let Some(first) = self.memory.first_mut() {
            *first = forward;
        }
        forward
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn level_of(shape: NoiseShape) -> f64 {
        let mut samples = vec![0; 16_000];
        NoiseGenerator::new(shape, 7).fill(&mut samples);
        let power: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
        -20.0 * ((power / 16_000.0).sqrt() / 32_767.0).log10()
    }

    #[test]
    fn the_level_is_the_one_in_the_packet_whatever_the_shape() {
        for payload in [&[40][..], &[50, 127, 127], &[40, 200, 90, 140], &[30, 30, 180, 60, 127]] {
            let shape = NoiseShape::parse(payload).unwrap();
            let level = level_of(shape);
            assert!((level - f64::from(payload[0])).abs() < 1.5, "{payload:?}: {level}");
        }
        assert_eq!(NoiseShape::parse(&[0x80 | 40]), Some(NoiseShape::flat(40)));
        assert_eq!(NoiseShape::parse(&[]), None);
    }

    #[test]
    fn a_level_below_the_last_bit_is_silence() {
        let mut samples = [1; 160];
        NoiseGenerator::new(NoiseShape::flat(127), 1).fill(&mut samples);
        assert_eq!(samples, [0; 160]);
    }

    #[test]
    fn a_coefficient_colours_the_noise() {
        // k₁ near -1 is a low pass: neighbours are alike.
        let alike = |payload: &[u8]| {
            let mut samples = vec![0; 8_000];
            let shape = NoiseShape::parse(payload).unwrap();
            NoiseGenerator::new(shape, 3).fill(&mut samples);
            let at = |index: usize| f64::from(samples[index]);
            let product: f64 = (1..8_000).map(|index| at(index) * at(index - 1)).sum();
            let power: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
            product / power
        };
        assert!(alike(&[40, 10]) > 0.8, "{}", alike(&[40, 10]));
        assert!(alike(&[40, 244]) < -0.8, "{}", alike(&[40, 244]));
        assert!(alike(&[40]).abs() < 0.1);
    }

    proptest! {
        #[test]
        fn any_payload_makes_bounded_noise(
            payload in proptest::collection::vec(any::<u8>(), 1..40),
            seed: u32,
        ) {
            let shape = NoiseShape::parse(&payload).unwrap();
            let mut samples = [0; 800];
            NoiseGenerator::new(shape, seed).fill(&mut samples);
            if payload[0] & 0x7f > 40 {
                // 30 dB above the level is more than noise does.
                prop_assert!(samples.iter().all(|sample| sample.unsigned_abs() < 12_000));
            }
        }
    }
}
