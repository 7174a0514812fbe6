//! What somebody hears: samples taken off the wire, and how much of a tone is in them.

use sidetone_codec::g711;
use sidetone_rtp::RtpView;

/// Samples per second of a plain line.
const RATE: f64 = 8_000.0;
/// The payload type of ulaw (RFC 3551 §6).
const PCMU: u8 = 0;
/// Quieter than this on average is silence: 50 dB below the loudest.
const SILENCE: f64 = 100.0;

/// A piece of sound.
#[derive(Clone, Debug, Default)]
pub struct Sound {
    samples: Vec<i16>,
}

impl Sound {
    /// The ulaw among some packets, in the order they were sent.
    pub(crate) fn of_ulaw<'a>(packets: impl Iterator<Item = &'a [u8]>) -> Self {
        let views = packets.filter_map(|bytes| RtpView::parse(bytes).ok());
        let mut views: Vec<RtpView<'_>> =
            views.filter(|view| view.payload_type() == PCMU).collect();
        views.sort_by_key(RtpView::timestamp);
        let codes = views.iter().flat_map(|view| view.payload().iter().copied());
        Self { samples: codes.map(g711::decode_mu).collect() }
    }

    /// How long it lasts, in milliseconds, pauses without packets not counted.
    #[must_use]
    pub fn length_ms(&self) -> usize {
        self.samples.len() / 8
    }

    fn power(&self) -> f64 {
        let sum: f64 = self.samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        sum / self.samples.len().max(1) as f64
    }

    /// Whether next to nothing is heard.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.power().sqrt() < SILENCE
    }

    /// The share of all power that one frequency has, 0 to 1: near 1 for a pure tone of it, near
    /// one half for each of two equal tones.
    #[must_use]
    pub fn share_of(&self, hz: f64) -> f64 {
        let (mut real, mut imaginary) = (0.0, 0.0);
        for (at, sample) in self.samples.iter().enumerate() {
            let phase = std::f64::consts::TAU * hz * at as f64 / RATE;
            real += f64::from(*sample) * phase.cos();
            imaginary += f64::from(*sample) * phase.sin();
        }
        let count = self.samples.len().max(1) as f64;
        let amplitude = 2.0 * real.hypot(imaginary) / count;
        if self.is_silent() { 0.0 } else { amplitude.powi(2) / 2.0 / self.power() }
    }

    /// The same with the phase free to jump every tenth of a second, as it does where codecs, joins
    /// and lost packets shift it. Tells multiples of 10 Hz apart.
    #[must_use]
    pub fn share_in_tenths(&self, hz: f64) -> f64 {
        let tenths = self.samples.chunks_exact(800).map(|tenth| Self { samples: tenth.to_vec() });
        let (mut of_tone, mut of_all) = (0.0, 0.0);
        for tenth in tenths {
            of_tone += tenth.share_of(hz) * tenth.power();
            of_all += tenth.power();
        }
        if self.is_silent() { 0.0 } else { of_tone / of_all }
    }

    /// Whether it is one tone of this frequency.
    #[must_use]
    pub fn is_tone(&self, hz: f64) -> bool {
        self.share_of(hz) > 0.9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64) -> Sound {
        let sample = |at: i32| {
            let phase = std::f64::consts::TAU * hz * f64::from(at) / RATE;
            g711::decode_mu(g711::encode_mu((phase.sin() * 8_000.0) as i16))
        };
        Sound { samples: (0..8_000).map(sample).collect() }
    }

    #[test]
    fn a_tone_is_told_from_its_neighbours_and_from_silence() {
        assert!(tone(1_004.0).is_tone(1_004.0));
        assert!(!tone(1_004.0).is_tone(1_000.0), "a second of sound tells 4 Hz apart");
        assert!(!tone(1_000.0).is_tone(1_004.0));
        let mut shifted = tone(440.0);
        shifted.samples.drain(3_000..3_009);
        assert!(shifted.share_in_tenths(440.0) > 0.9 && shifted.share_in_tenths(390.0) < 0.05);
        let silence = Sound { samples: vec![4; 8_000] };
        assert!(silence.is_silent() && !silence.is_tone(440.0));
    }
}
