//! Concealment of lost packets for codecs that have none of their own: the last period of the
//! voice is repeated, blended at both seams, and fades out (in the spirit of ITU-T G.711
//! appendix I, in a simple form of our own).

/// Memory of the past: three of the longest periods.
const HISTORY_MS: u32 = 45;
/// Periods of voices: 66 to 400 Hz.
const MIN_PERIOD_US: u32 = 2_500;
const MAX_PERIOD_US: u32 = 15_000;
/// What two passages are compared over to find the period.
const COMPARED_MS: u32 = 15;
/// Loss up to which the guess keeps its loudness; a single 20 ms packet fades by half.
const FULL_MS: u32 = 10;
/// Loss after which the guess is silence: a longer repetition sounds like a machine.
const SILENT_MS: u32 = 60;
/// Overlap of the guess with what follows it.
const BLEND_MS: u32 = 4;

/// Guesses what was lost.
#[derive(Debug)]
pub struct Concealer {
    /// Samples of all channels in a millisecond.
    per_ms: usize,
    channels: usize,
    min_period: usize,
    max_period: usize,
    /// The last samples played, oldest first.
    history: Box<[i16]>,
    /// One period of the voice, while concealing.
    period: Vec<i16>,
    at: usize,
    lost: usize,
}

impl Concealer {
    /// For audio at `rate` Hz, its channels interleaved.
    #[must_use]
    pub fn new(rate: u32, channels: u8) -> Self {
        let channels = usize::from(channels.max(1));
        let per_ms = (rate / 1_000).max(1) as usize * channels;
        // Whole samples of all channels, or the channels would change places.
        let period = |us: u32| per_ms * us as usize / 1_000 / channels * channels;
        let max_period = period(MAX_PERIOD_US);
        Self {
            per_ms,
            channels,
            min_period: period(MIN_PERIOD_US).max(channels),
            max_period,
            history: vec![0; per_ms * HISTORY_MS as usize].into_boxed_slice(),
            period: Vec::with_capacity(max_period),
            at: 0,
            lost: 0,
        }
    }

    /// Notes what was received. After a loss its start is blended with the guess.
    pub fn heard(&mut self, pcm: &mut [i16]) {
        if self.lost > 0 {
            let blend = (self.per_ms * BLEND_MS as usize).min(pcm.len());
            for (place, sample) in pcm.iter_mut().take(blend).enumerate() {
                let guess = i32::from(self.next_guess());
                let real = i32::from(*sample);
                // Both lengths are a few dozen samples.
                let (place, blend) = (place as i32, blend as i32);
                // A weighted mean of two samples is a sample.
                *sample = ((guess * (blend - place) + real * place) / blend) as i16;
            }
            self.lost = 0;
            self.period.clear();
        }
        self.remember(pcm);
    }

    /// Fills `pcm` with a guess.
    pub fn conceal(&mut self, pcm: &mut [i16]) {
        if self.lost == 0 {
            self.find_period();
        }
        for sample in pcm.iter_mut() {
            *sample = self.next_guess();
        }
        self.remember(pcm);
    }

    fn remember(&mut self, pcm: &[i16]) {
        let kept = pcm.len().min(self.history.len());
        self.history.copy_within(kept.., 0);
        let start = self.history.len() - kept;
        self.history[start..].copy_from_slice(&pcm[pcm.len() - kept..]);
    }

    fn next_guess(&mut self) -> i16 {
        let Some(sample) = self.period.get(self.at).copied() else {
            return 0;
        };
        self.at = (self.at + 1) % self.period.len();
        let full = self.per_ms * FULL_MS as usize;
        let silent = self.per_ms * SILENT_MS as usize;
        let loudness = if self.lost < full {
            256
        } else {
            silent.saturating_sub(self.lost) * 256 / (silent - full)
        };
        self.lost = self.lost.saturating_add(1);
        // Loudness is at most 256.
        (i32::from(sample) * loudness as i32 / 256) as i16
    }

    /// Finds the lag at which the end of the history resembles itself most, and takes that much
    /// as the period, with its seam smoothed.
    fn find_period(&mut self) {
        let compared = self.per_ms * COMPARED_MS as usize;
        let end = self.history.len();
        let (mut best_lag, mut best) = (self.max_period, f32::MIN);
        // Every second sample suffices to compare, and halves the cost of a loss.
        let energy = |samples: &[i16]| -> f32 {
            samples.iter().step_by(2).map(|s| f32::from(*s) * f32::from(*s)).sum()
        };
        let recent = &self.history[end - compared..];
        for lag in (self.min_period..=self.max_period).step_by(self.channels) {
            let earlier = &self.history[end - compared - lag..end - lag];
            let pairs = recent.iter().zip(earlier).step_by(2);
            let product: f32 = pairs.map(|(a, b)| f32::from(*a) * f32::from(*b)).sum();
            let likeness = product / (energy(earlier) + 1.0).sqrt();
            if likeness > best {
                (best_lag, best) = (lag, likeness);
            }
        }
        self.period.clear();
        self.period.extend_from_slice(&self.history[end - best_lag..]);
        self.at = 0;
        self.smooth_seam(best_lag);
    }

    /// Blends the last quarter of the period into the samples before the period, so that its end
    /// runs into its start.
    fn smooth_seam(&mut self, lag: usize) {
        let end = self.history.len();
        let overlap = lag / 4;
        for place in 0..overlap {
            let at = lag - overlap + place;
            let before = i32::from(self.history[end - lag - overlap + place]);
            let inside = i32::from(self.period[at]);
            // Both are at most a period of 15 ms.
            let (place, overlap) = (place as i32, overlap as i32);
            // A weighted mean of two samples is a sample.
            self.period[at] = ((inside * (overlap - place) + before * place) / overlap) as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{rms, sine, snr_db};

    #[test]
    fn a_lost_packet_of_a_tone_is_hardly_heard() {
        for rate in [8_000, 16_000, 48_000] {
            let frame = rate as usize / 100;
            let clean = sine(rate, 200.0, 10_000.0, 0.5);
            let mut concealer = Concealer::new(rate, 1);
            let mut played = clean.clone();
            for (number, packet) in played.chunks_mut(frame).enumerate() {
                if number == 20 {
                    concealer.conceal(packet);
                } else {
                    concealer.heard(packet);
                }
            }
            let around = 19 * frame..22 * frame;
            let snr = snr_db(&clean[around.clone()], &played[around]);
            assert!(snr > 15.0, "{rate} Hz: {snr:.1} dB");
        }
    }

    #[test]
    fn a_long_loss_fades_to_silence_and_the_voice_returns() {
        let clean = sine(8_000, 200.0, 10_000.0, 0.2);
        let mut concealer = Concealer::new(8_000, 1);
        concealer.heard(&mut clean.clone());
        let mut levels = Vec::new();
        for _ in 0..5 {
            let mut guess = [0; 160];
            concealer.conceal(&mut guess);
            levels.push(rms(&guess));
        }
        assert!(levels[0] > 4_000.0 && levels[1] < levels[0] && levels[4] == 0.0, "{levels:?}");
        let mut back = clean.clone();
        concealer.heard(&mut back);
        assert_eq!(back[32..], clean[32..], "only the first 4 ms are blended");
        assert_eq!(back[0], 0);
    }

    #[test]
    fn channels_do_not_change_places() {
        let mut stereo: Vec<i16> =
            sine(8_000, 210.0, 9_000.0, 0.2).into_iter().flat_map(|sample| [sample, 77]).collect();
        let mut concealer = Concealer::new(8_000, 2);
        concealer.heard(&mut stereo);
        let mut guess = [0; 160];
        concealer.conceal(&mut guess);
        assert!(guess.iter().skip(1).step_by(2).all(|sample| (60..=77).contains(sample)));
        assert!(rms(&guess) > 3_000.0);
    }

    #[test]
    fn a_loss_before_the_first_packet_is_silence() {
        let mut guess = [7; 160];
        Concealer::new(8_000, 1).conceal(&mut guess);
        assert_eq!(guess, [0; 160]);
    }
}
