//! Call-progress tones: the list notation of `indications.conf` and `Playtones`, the tone sets of
//! countries ([`zone`]), and a generator.
//!
//! A list is parts separated by commas, each `[!]tone[/milliseconds]`. A tone is `0` (silence),
//! `425`, `350+440` (together), `425*25` (the first modulated by the second), or MIDI notes as
//! `M69+M73`. A part without duration lasts for ever. Parts marked `!` are played once; the
//! others repeat.

use std::f64::consts::TAU;
use std::fmt;
use std::str::FromStr;

pub mod zone;

/// Parts of a list. The longest in use (a stutter dial tone) has 13.
pub const MAX_PARTS: usize = 64;
/// The highest frequency: what 48 kHz audio carries well.
pub const MAX_FREQUENCY_HZ: u32 = 20_000;
/// −10 dBm0 for each frequency, the middle of what ITU-T E.180 §10 recommends. A sine of full
/// scale is +3.14 dBm0 (ITU-T G.711).
const AMPLITUDE: f64 = 7_220.0;
/// 0 dBm0: the level of a test tone.
const MILLIWATT_AMPLITUDE: f64 = 22_830.0;
/// How deep `*` modulates.
const MODULATION_DEPTH: f64 = 0.9;

/// A frequency as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pitch {
    Hertz(u32),
    /// A MIDI note, 0–127: 69 is 440 Hz.
    Midi(u8),
}

impl Pitch {
    fn hertz(self) -> f64 {
        match self {
            Self::Hertz(hertz) => f64::from(hertz),
            Self::Midi(note) => 440.0 * ((f64::from(note) - 69.0) / 12.0).exp2(),
        }
    }
}

impl fmt::Display for Pitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hertz(hertz) => write!(f, "{hertz}"),
            Self::Midi(note) => write!(f, "M{note}"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sound {
    One(Pitch),
    Sum(Pitch, Pitch),
    Modulated(Pitch, Pitch),
}

/// Whether a part belongs to the repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Once,
    Repeated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    turn: Turn,
    sound: Sound,
    /// `None`: for ever.
    duration_ms: Option<u32>,
}

/// Why a list cannot be read. The configuration's or dialplan's fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToneError {
    /// There is no part in it.
    Empty,
    /// More than [`MAX_PARTS`] parts.
    TooManyParts,
    /// This part is not `[!]tone[/milliseconds]`.
    BadPart(String),
}

impl fmt::Display for ToneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the tone list is empty"),
            Self::TooManyParts => write!(f, "the tone list has more than {MAX_PARTS} parts"),
            Self::BadPart(part) => write!(
                f,
                "`{part}` in a tone list: write a frequency, two joined by + or *, or 0, and \
                 after a slash the milliseconds"
            ),
        }
    }
}

impl std::error::Error for ToneError {}

/// A parsed list of tones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToneList {
    parts: Vec<Part>,
}

impl FromStr for ToneList {
    type Err = ToneError;

    fn from_str(text: &str) -> Result<Self, ToneError> {
        let mut parts = Vec::new();
        // Older files separate by `|`.
        for part in text.split([',', '|']).map(str::trim).filter(|part| !part.is_empty()) {
            if parts.len() == MAX_PARTS {
                return Err(ToneError::TooManyParts);
            }
            parts.push(parse_part(part).ok_or_else(|| ToneError::BadPart(part.to_owned()))?);
        }
        if parts.is_empty() { Err(ToneError::Empty) } else { Ok(Self { parts }) }
    }
}

fn parse_part(text: &str) -> Option<Part> {
    let (turn, text) = match text.strip_prefix('!') {
        Some(rest) => (Turn::Once, rest),
        None => (Turn::Repeated, text),
    };
    let (tone, duration_ms) = match text.split_once('/') {
        Some((tone, duration)) => (tone, Some(duration.trim().parse::<u32>().ok()?)),
        None => (text, None),
    };
    // A duration of zero means for ever, as if it were not written.
    let duration_ms = duration_ms.filter(|duration| *duration > 0);
    let sound = if let Some((a, b)) = tone.split_once('+') {
        Sound::Sum(parse_pitch(a)?, parse_pitch(b)?)
    } else if let Some((a, b)) = tone.split_once('*') {
        Sound::Modulated(parse_pitch(a)?, parse_pitch(b)?)
    } else {
        Sound::One(parse_pitch(tone)?)
    };
    Some(Part { turn, sound, duration_ms })
}

fn parse_pitch(text: &str) -> Option<Pitch> {
    let text = text.trim();
    if let Some(note) = text.strip_prefix(['M', 'm']) {
        let note = note.parse().ok().filter(|note| *note < 128)?;
        return Some(Pitch::Midi(note));
    }
    let hertz = text.parse().ok().filter(|hertz| *hertz <= MAX_FREQUENCY_HZ)?;
    Some(Pitch::Hertz(hertz))
}

impl fmt::Display for ToneList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, part) in self.parts.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let once = if part.turn == Turn::Once { "!" } else { "" };
            write!(f, "{comma}{once}")?;
            match part.sound {
                Sound::One(pitch) => write!(f, "{pitch}")?,
                Sound::Sum(a, b) => write!(f, "{a}+{b}")?,
                Sound::Modulated(a, b) => write!(f, "{a}*{b}")?,
            }
            if let Some(duration_ms) = part.duration_ms {
                write!(f, "/{duration_ms}")?;
            }
        }
        Ok(())
    }
}

/// A sine by recurrence: one product for each sample.
#[derive(Clone, Copy, Debug, Default)]
struct Oscillator {
    factor: f64,
    last: f64,
    before: f64,
}

impl Oscillator {
    /// A sine whose first sample is zero; silent for frequencies of zero or beyond the rate.
    fn new(hertz: f64, rate: u32) -> Self {
        let step = TAU * hertz / f64::from(rate);
        if hertz <= 0.0 || hertz * 2.0 >= f64::from(rate) {
            return Self::default();
        }
        Self { factor: 2.0 * step.cos(), last: -step.sin(), before: -(2.0 * step).sin() }
    }

    fn next(&mut self) -> f64 {
        let value = self.factor * self.last - self.before;
        (self.before, self.last) = (self.last, value);
        value
    }
}

/// Plays a list.
#[derive(Clone, Debug)]
pub struct ToneGenerator {
    parts: Vec<Part>,
    rate: u32,
    amplitude: f64,
    at: usize,
    /// Whether the list is played for the first time, or repeats.
    round: Turn,
    oscillators: [Oscillator; 2],
    /// Samples left of the current part; `None`: for ever.
    left: Option<u64>,
}

impl ToneGenerator {
    /// A generator at the start of `list`, for samples at `rate` Hz.
    #[must_use]
    pub fn new(list: &ToneList, rate: u32) -> Self {
        let mut generator = Self {
            parts: list.parts.clone(),
            rate: rate.max(1),
            amplitude: AMPLITUDE,
            at: 0,
            round: Turn::Once,
            oscillators: [Oscillator::default(); 2],
            left: Some(0),
        };
        generator.start_part(0);
        generator
    }

    /// The test tone of 1004 Hz at 0 dBm0.
    #[must_use]
    pub fn milliwatt(rate: u32) -> Self {
        let sound = Sound::One(Pitch::Hertz(1_004));
        let part = Part { turn: Turn::Repeated, sound, duration_ms: None };
        let list = ToneList { parts: vec![part] };
        Self { amplitude: MILLIWATT_AMPLITUDE, ..Self::new(&list, rate) }
    }

    /// Two frequencies for a while, then silence: a DTMF key.
    #[must_use]
    pub fn pair(low_hz: u32, high_hz: u32, tone_ms: u32, pause_ms: u32, rate: u32) -> Self {
        let once = |sound, duration_ms: u32| Part {
            turn: Turn::Once,
            sound,
            duration_ms: Some(duration_ms.max(1)),
        };
        let tone = once(Sound::Sum(Pitch::Hertz(low_hz), Pitch::Hertz(high_hz)), tone_ms);
        let mut parts = vec![tone];
        if pause_ms > 0 {
            parts.push(once(Sound::One(Pitch::Hertz(0)), pause_ms));
        }
        Self::new(&ToneList { parts }, rate)
    }

    /// Whether everything was played.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.at >= self.parts.len()
    }

    /// Writes the next samples and returns how many; fewer than `pcm` holds once the list is
    /// finished.
    pub fn fill(&mut self, pcm: &mut [i16]) -> usize {
        let mut written = 0;
        while let (Some(part), false) = (self.parts.get(self.at).copied(), written == pcm.len()) {
            let room = pcm.len() - written;
            // The smaller of two numbers of which one is a usize.
            let count = self.left.map_or(room, |left| left.min(room as u64) as usize);
            for sample in &mut pcm[written..written + count] {
                *sample = self.next_sample(part.sound);
            }
            written += count;
            if let Some(left) = &mut self.left {
                *left -= count as u64;
                if *left == 0 {
                    self.start_part(self.at + 1);
                }
            }
        }
        written
    }

    fn next_sample(&mut self, sound: Sound) -> i16 {
        let [first, second] = &mut self.oscillators;
        let value = match sound {
            Sound::One(_) => first.next(),
            Sound::Sum(..) => first.next() + second.next(),
            Sound::Modulated(..) => {
                first.next() * (1.0 + MODULATION_DEPTH * second.next()) / (1.0 + MODULATION_DEPTH)
            }
        };
        // Two tones of the loudest kind stay below the clamp's bounds.
        (value * self.amplitude).clamp(-32_768.0, 32_767.0) as i16
    }

    /// Starts part `at` or, after the last one, the first that repeats; without any the list ends.
    /// Parts marked `!` are passed over in later rounds.
    fn start_part(&mut self, at: usize) {
        let mut at = at;
        if at >= self.parts.len() {
            self.round = Turn::Repeated;
            at = 0;
        }
        if self.round == Turn::Repeated {
            let repeats = |part: &Part| part.turn == Turn::Repeated;
            let next = self.parts.iter().skip(at).position(repeats).map(|offset| at + offset);
            let first = self.parts.iter().position(repeats);
            at = next.or(first).unwrap_or(self.parts.len());
        }
        self.at = at;
        let Some(part) = self.parts.get(at) else {
            return;
        };
        let (a, b) = match part.sound {
            Sound::One(a) => (a, Pitch::Hertz(0)),
            Sound::Sum(a, b) | Sound::Modulated(a, b) => (a, b),
        };
        let oscillator = |pitch: Pitch| Oscillator::new(pitch.hertz(), self.rate);
        self.oscillators = [oscillator(a), oscillator(b)];
        self.left =
            part.duration_ms.map(|ms| (u64::from(ms) * u64::from(self.rate) / 1_000).max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{rms, share_at};

    fn play(list: &str, ms: usize) -> Vec<i16> {
        let mut generator = ToneGenerator::new(&list.parse().unwrap(), 8_000);
        let mut pcm = vec![0; ms * 8];
        let count = generator.fill(&mut pcm);
        pcm.truncate(count);
        pcm
    }

    fn is_at(pcm: &[i16], hertz: f64) -> bool {
        rms(pcm) > 1_000.0 && share_at(pcm, 8_000, hertz) > 0.4
    }

    #[test]
    fn a_busy_tone_has_its_frequencies_and_its_pause() {
        let pcm = play("480+620/500,0/500", 2_000);
        for second in pcm.chunks(8_000) {
            assert!(is_at(&second[..4_000], 480.0) && is_at(&second[..4_000], 620.0));
            assert_eq!(rms(&second[4_000..]), 0.0);
        }
    }

    #[test]
    fn parts_with_a_mark_are_played_once() {
        let pcm = play("!950/100,!1400/100,350/100,0/100", 800);
        let parts: Vec<_> = pcm.chunks(800).collect();
        assert!(is_at(parts[0], 950.0) && is_at(parts[1], 1_400.0));
        for round in [2, 4, 6] {
            assert!(is_at(parts[round], 350.0), "part {round}");
            assert_eq!(rms(parts[round + 1]), 0.0);
        }
        let mixed = play("350/100,!1400/100,0/100", 600);
        let parts: Vec<_> = mixed.chunks(800).collect();
        assert!(is_at(parts[1], 1_400.0) && is_at(parts[3], 350.0));
        assert_eq!(rms(parts[4]), 0.0);
    }

    #[test]
    fn a_list_of_marked_parts_ends() {
        assert_eq!(play("!950/100,!1400/100", 1_000).len(), 200 * 8);
    }

    #[test]
    fn the_list_is_independent_of_the_size_of_buffers() {
        let list = "!425/33,350*25/47,0/12".parse().unwrap();
        let (mut whole, mut piecewise) = ([0; 4_000], [0; 4_000]);
        ToneGenerator::new(&list, 8_000).fill(&mut whole);
        let mut generator = ToneGenerator::new(&list, 8_000);
        for part in piecewise.chunks_mut(77) {
            generator.fill(part);
        }
        assert_eq!(whole, piecewise);
    }

    #[test]
    fn the_milliwatt_is_3_14_db_below_full_scale() {
        let mut pcm = [0; 8_000];
        assert_eq!(ToneGenerator::milliwatt(8_000).fill(&mut pcm), 8_000);
        let below_full_scale_db = 20.0 * (rms(&pcm) * 2.0_f64.sqrt() / 32_768.0).log10();
        assert!((-3.2..-3.1).contains(&below_full_scale_db), "{below_full_scale_db:.2}");
        assert!(share_at(&pcm, 8_000, 1_004.0) > 0.99);
    }

    #[test]
    fn notes_and_modulation_are_understood() {
        assert!(is_at(&play("M69", 500), 440.0));
        assert!(is_at(&play("425*25", 500), 425.0));
    }

    #[test]
    fn lists_print_as_they_were_written() {
        for text in ["350+440", "!950/330,!1400/330,!1800/330,0", "425*25/400,0/200", "M60+M64/9"] {
            assert_eq!(text.parse::<ToneList>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text: &str| text.parse::<ToneList>().unwrap_err();
        assert_eq!(error(" , "), ToneError::Empty);
        for part in ["abc", "350+", "350/x", "99999", "M128", "1+2+3", "-5"] {
            assert_eq!(error(part), ToneError::BadPart(part.to_owned()));
        }
        assert_eq!(error(&"1,".repeat(MAX_PARTS + 1)), ToneError::TooManyParts);
    }
}
