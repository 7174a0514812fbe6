//! What somebody hears: samples taken off the wire, and how much of a tone is in them.

use sidetone_codec::g711;
use sidetone_rtp::RtpView;

use crate::Weather;

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
    /// The ulaw among some packets, in the order they were sent, repetitions left out.
    pub(crate) fn of_ulaw<'a>(packets: impl Iterator<Item = &'a [u8]>) -> Self {
        let views = packets.filter_map(|bytes| RtpView::parse(bytes).ok());
        let mut views: Vec<RtpView<'_>> =
            views.filter(|view| view.payload_type() == PCMU).collect();
        let numbers = |view: &RtpView<'_>| (view.timestamp(), view.ssrc(), view.sequence());
        views.sort_by_key(numbers);
        views.dedup_by_key(|view| numbers(view));
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
        self.share_in_pieces(hz, 800)
    }

    /// The same with the phase free to jump after each packet of 20 ms, as it does where one in
    /// six is lost and the others come in any order. Tells multiples of 50 Hz apart.
    #[must_use]
    pub fn share_in_packets(&self, hz: f64) -> f64 {
        self.share_in_pieces(hz, 160)
    }

    fn share_in_pieces(&self, hz: f64, length: usize) -> f64 {
        let (mut of_tone, mut of_all) = (0.0, 0.0);
        for piece in self.samples.chunks_exact(length) {
            let piece = Self { samples: piece.to_vec() };
            of_tone += piece.share_of(hz) * piece.power();
            of_all += piece.power();
        }
        if self.is_silent() { 0.0 } else { of_tone / of_all }
    }

    /// Whether this is the tone of one who speaks, and nothing of the one who hears it: not a dead
    /// direction, not another's tone, not one's own, not two streams at once. `asked_ms` is how
    /// long it was listened to on links of this weather. A bad link takes one packet in six on its
    /// two legs, doubles some and changes the order of the others; there the phase tells nothing.
    /// On a late one whatever translates plays the one packet in four that no later one overtook,
    /// and conceals what was between: the seams sound of everything a little.
    #[must_use]
    pub fn is_voice(&self, speaker: f64, own: f64, asked_ms: usize, weather: Weather) -> bool {
        let percent = 100 * self.length_ms() / asked_ms.max(1);
        if weather == Weather::CLEAR {
            let (share, own) = (self.share_in_tenths(speaker), self.share_in_tenths(own));
            return share > 0.5 && own < 0.05 && (87..=113).contains(&percent);
        }
        let (share, own) = (self.share_in_packets(speaker), self.share_in_packets(own));
        if weather == Weather::LATE {
            return share > 0.25 && own < share * 0.75 && (30..=140).contains(&percent);
        }
        share > 0.5 && own < 0.2 && (50..=140).contains(&percent)
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

    /// One packet in six is lost, and each two of the others change places.
    fn worn(sound: &Sound) -> Sound {
        let packets = sound.samples.chunks_exact(160).enumerate();
        let mut left: Vec<_> = packets.filter(|(at, _)| at % 6 != 1).map(|(_, it)| it).collect();
        left.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
        Sound { samples: left.concat() }
    }

    #[test]
    fn a_voice_over_a_bad_link_is_told_from_a_dead_direction_and_from_others() {
        let voices = [300.0, 360.0, 400.0, 450.0, 510.0, 570.0];
        for speaker in voices {
            let (sound, link) = (tone(speaker), worn(&tone(speaker)));
            assert!(!link.is_voice(speaker, 0.0, 1_000, Weather::CLEAR), "{speaker}");
            for own in voices.into_iter().filter(|own| *own != speaker) {
                assert!(sound.is_voice(speaker, own, 1_000, Weather::CLEAR), "{speaker} at {own}");
                assert!(link.is_voice(speaker, own, 1_000, Weather::BAD), "{speaker} at {own}");
                for weather in [Weather::BAD, Weather::LATE] {
                    assert!(!link.is_voice(own, speaker, 1_000, weather), "{speaker} for {own}");
                }
            }
            let half = Sound { samples: link.samples[..3_200].to_vec() };
            assert!(!half.is_voice(speaker, 0.0, 1_000, Weather::BAD), "it stops in the middle");
            let twice = Sound { samples: [&link.samples[..], &link.samples].concat() };
            for weather in [Weather::BAD, Weather::LATE] {
                assert!(!twice.is_voice(speaker, 0.0, 1_000, weather), "two streams at once");
            }
        }
        for dead in [Sound::default(), Sound { samples: vec![4; 8_000] }] {
            assert!(!dead.is_voice(450.0, 0.0, 1_000, Weather::BAD) && dead.is_silent());
        }
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
