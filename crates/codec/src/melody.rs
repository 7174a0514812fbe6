//! The music that callers hear on hold when the operator has put none of his own there: chords
//! taken apart, softly, without end. It is computed, so that it takes no room and belongs to
//! nobody.

use std::f32::consts::TAU;

use crate::prompt::Prompt;

/// Enough for wideband codecs.
const RATE: u32 = 16_000;
/// Samples from one note to the next: 0.4 s.
const STEP: usize = RATE as usize * 2 / 5;
/// Samples a note sounds: the tails of five lie over each other.
const NOTE: usize = STEP * 5;
/// Peak of one note: together they stay 20 dB below full scale, as speech does.
const PEAK: f32 = 1_400.0;
/// Time constant of a note's decay in samples.
const DECAY: f32 = NOTE as f32 / 4.5;
/// Samples in which a note rises, so that it does not click.
const ATTACK: f32 = RATE as f32 / 50.0;

/// The notes of each chord in semitones above A3: C, A minor, F, G, each up and down.
const CHORDS: [[i32; 8]; 4] = [
    [3, 7, 10, 15, 19, 15, 10, 7],
    [0, 3, 7, 12, 15, 12, 7, 3],
    [-4, 0, 3, 8, 12, 8, 3, 0],
    [-2, 2, 5, 10, 14, 10, 5, 2],
];

/// About thirteen seconds that join their own beginning.
#[must_use]
pub fn music() -> Prompt {
    let notes = CHORDS.iter().flatten();
    let length = CHORDS.len() * CHORDS[0].len() * STEP;
    let mut sum = vec![0.0_f32; length];
    for (place, semitones) in notes.enumerate() {
        let hertz = 220.0 * (*semitones as f32 / 12.0).exp2();
        let turn = TAU * hertz / RATE as f32;
        for sample in 0..NOTE {
            // Exact: a note has fewer samples than a 32-bit float has steps.
            let at = sample as f32;
            let rise = (at / ATTACK).min(1.0);
            let fall = (-at / DECAY).exp();
            // A little of the octave makes it warmer than a bare sine.
            let wave = (turn * at).sin() + 0.25 * (2.0 * turn * at).sin();
            // What rings beyond the end rings over the beginning: the loop has no seam.
            if let Some(slot) = sum.get_mut((place * STEP + sample) % length) {
                *slot += PEAK * rise * fall * wave;
            }
        }
    }
    // Far below the limits of 16 bits (see the test).
    Prompt { rate: RATE, samples: sum.into_iter().map(|sample| sample as i16).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_music_is_soft_never_clipped_and_has_no_seam() {
        let music = music();
        assert_eq!(music.samples.len(), 32 * STEP);
        let peak = music.samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        assert!((2_000..9_000).contains(&peak), "{peak}");
        let square = |sample: &i16| f64::from(*sample).powi(2);
        let rms =
            (music.samples.iter().map(square).sum::<f64>() / music.samples.len() as f64).sqrt();
        assert!((600.0..2_500.0).contains(&rms), "{rms}");
        let step = |a: i16, b: i16| (i32::from(a) - i32::from(b)).abs();
        let largest = music.samples.windows(2).map(|pair| step(pair[0], pair[1])).max().unwrap();
        let seam = step(music.samples[0], music.samples[music.samples.len() - 1]);
        assert!(seam <= largest, "{seam} {largest}");
    }
}
