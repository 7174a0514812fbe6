//! Keys as tones in the audio (ITU-T Q.23, Q.24): frequencies, a generator, and a detector by
//! Goertzel filters.
//!
//! Keys as events of RTP are in `rtp::event`. The detector runs only where an endpoint's
//! `dtmf_mode` asks for in-band keys.

use std::collections::VecDeque;
use std::f32::consts::TAU;
use std::time::Duration;

use crate::tone::ToneGenerator;

const ROWS: [u32; 4] = [697, 770, 852, 941];
const COLUMNS: [u32; 4] = [1_209, 1_336, 1_477, 1_633];
const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// Microseconds of a block: the shortest that tells rows apart (they lie 73 Hz from each other).
/// Three fit into the shortest key of Q.24, 40 ms.
const BLOCK_US: u32 = 12_750;
/// Part of a block's power that lies at the two frequencies. A key 1.5 % off has 0.8; voices
/// rarely pass 0.6.
const MIN_SHARE: f32 = 0.65;
/// Power ratio between the two frequencies: 10 dB, more than the 8 and 4 dB of Q.24.
const MAX_TWIST: f32 = 10.0;
/// Power ratio between the frequency heard and the others of its group: 6 dB.
const MIN_CONTRAST: f32 = 4.0;
/// Root mean square of a block below which nothing is a key: about −40 dBm0.
const MIN_RMS: f32 = 160.0;
/// Blocks that must agree before a key counts, and before it has ended.
const BLOCKS_TO_TURN: u8 = 2;
/// Events that wait to be fetched; a second of audio cannot give more.
const MAX_EVENTS: usize = 64;

/// The two frequencies of a key, in either case; `None` for other characters.
#[must_use]
pub fn frequencies(key: char) -> Option<(u32, u32)> {
    let key = key.to_ascii_uppercase();
    KEYS.iter().zip(ROWS).find_map(|(keys, row)| {
        let column = keys.iter().position(|other| *other == key)?;
        Some((row, COLUMNS[column]))
    })
}

/// Plays a key for `tone_ms` and then silence for `pause_ms`; `None` for characters without key.
#[must_use]
pub fn generator(key: char, tone_ms: u32, pause_ms: u32, rate: u32) -> Option<ToneGenerator> {
    let (low, high) = frequencies(key)?;
    Some(ToneGenerator::pair(low, high, tone_ms, pause_ms, rate))
}

/// What the detector heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtmfEvent {
    /// A key went down.
    Began(char),
    /// It came up.
    Ended {
        /// Which key.
        key: char,
        /// How long it was heard, in steps of a block.
        duration: Duration,
    },
}

impl DtmfEvent {
    /// Whether a key went down.
    #[must_use]
    pub fn is_began(&self) -> bool {
        matches!(self, Self::Began(_))
    }
}

/// One Goertzel filter.
#[derive(Clone, Copy, Debug, Default)]
struct Goertzel {
    factor: f32,
    last: f32,
    before: f32,
}

impl Goertzel {
    fn new(hertz: u32, rate: u32) -> Self {
        // Both numbers are exact in 32-bit floats.
        let factor = 2.0 * (TAU * hertz as f32 / rate as f32).cos();
        Self { factor, last: 0.0, before: 0.0 }
    }

    fn push(&mut self, sample: f32) {
        let value = sample + self.factor * self.last - self.before;
        (self.before, self.last) = (self.last, value);
    }

    /// The power since the last call.
    fn take(&mut self) -> f32 {
        let power = self.last * self.last + self.before * self.before
            - self.factor * self.last * self.before;
        (self.last, self.before) = (0.0, 0.0);
        power
    }
}

/// Listens for keys in a stream of samples.
#[derive(Debug)]
pub struct DtmfDetector {
    filters: [Goertzel; 8],
    block: usize,
    filled: usize,
    energy: f32,
    /// What the last block said, and how many blocks in a row said it.
    candidate: Option<char>,
    agreeing: u8,
    current: Option<(char, u32)>,
    events: VecDeque<DtmfEvent>,
}

impl DtmfDetector {
    /// A detector for samples at `rate` Hz, 8,000 or more.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        let rate = rate.max(8_000);
        let mut filters = [Goertzel::default(); 8];
        for (filter, hertz) in filters.iter_mut().zip(ROWS.into_iter().chain(COLUMNS)) {
            *filter = Goertzel::new(hertz, rate);
        }
        Self {
            filters,
            block: (u64::from(rate) * u64::from(BLOCK_US) / 1_000_000) as usize,
            filled: 0,
            energy: 0.0,
            candidate: None,
            agreeing: 0,
            current: None,
            events: VecDeque::with_capacity(MAX_EVENTS),
        }
    }

    /// Listens to samples.
    pub fn handle_input(&mut self, pcm: &[i16]) {
        for sample in pcm {
            let sample = f32::from(*sample);
            self.energy += sample * sample;
            for filter in &mut self.filters {
                filter.push(sample);
            }
            self.filled += 1;
            if self.filled == self.block {
                let heard = self.judge();
                self.turn(heard);
                (self.filled, self.energy) = (0, 0.0);
            }
        }
    }

    /// Takes one event.
    pub fn poll_output(&mut self) -> Option<DtmfEvent> {
        self.events.pop_front()
    }

    /// The key that is down.
    #[must_use]
    pub fn snapshot(&self) -> Option<char> {
        self.current.map(|(key, _)| key)
    }

    /// Whether a key is down, or the last block sounded like one.
    #[must_use]
    pub fn is_hearing(&self) -> bool {
        self.current.is_some() || self.candidate.is_some()
    }

    /// The key in the block that is full.
    fn judge(&mut self) -> Option<char> {
        let powers = self.filters.each_mut().map(Goertzel::take);
        // A block has some hundred samples.
        let count = self.block as f32;
        if self.energy < MIN_RMS * MIN_RMS * count {
            return None;
        }
        let (rows, columns) = powers.split_at(4);
        let (row, row_power) = strongest(rows)?;
        let (column, column_power) = strongest(columns)?;
        // A sine alone has a power of count/2 times its energy.
        let share = (row_power + column_power) * 2.0 / (count * self.energy);
        let twist = (row_power / column_power).max(column_power / row_power);
        (share >= MIN_SHARE && twist <= MAX_TWIST).then(|| KEYS[row][column])
    }

    fn turn(&mut self, heard: Option<char>) {
        self.agreeing = if heard == self.candidate { self.agreeing.saturating_add(1) } else { 1 };
        self.candidate = heard;
        match &mut self.current {
            Some((key, blocks)) if heard == Some(*key) => {
                *blocks = blocks.saturating_add(1);
                return;
            }
            _ if self.agreeing < BLOCKS_TO_TURN => return,
            Some((key, blocks)) => {
                let duration = Duration::from_micros(u64::from(*blocks) * u64::from(BLOCK_US));
                let ended = DtmfEvent::Ended { key: *key, duration };
                self.current = None;
                self.push(ended);
            }
            None => {}
        }
        if let Some(key) = heard {
            self.current = Some((key, u32::from(BLOCKS_TO_TURN)));
            self.push(DtmfEvent::Began(key));
        }
    }

    fn push(&mut self, event: DtmfEvent) {
        // Began and ended alternate: when nobody fetches, whole presses are dropped.
        if self.events.len() + 1 >= MAX_EVENTS {
            self.events.drain(..2);
        }
        self.events.push_back(event);
    }
}

/// The strongest of a group, if the others are far below it.
fn strongest(powers: &[f32]) -> Option<(usize, f32)> {
    let (place, power) = powers.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let mut others = powers.iter().enumerate().filter(|(other, _)| *other != place);
    others.all(|(_, other)| other * MIN_CONTRAST <= power).then_some((place, power))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{share_at, sine};

    fn dial(keys: &str, tone_ms: u32, pause_ms: u32, rate: u32) -> Vec<i16> {
        let mut pcm = Vec::new();
        for key in keys.chars() {
            let mut generator = generator(key, tone_ms, pause_ms, rate).unwrap();
            let mut part = vec![0; rate as usize];
            let count = generator.fill(&mut part);
            pcm.extend_from_slice(&part[..count]);
        }
        pcm.extend(vec![0; rate as usize / 10]);
        pcm
    }

    fn heard(pcm: &[i16], rate: u32) -> String {
        let mut detector = DtmfDetector::new(rate);
        let mut keys = String::new();
        for frame in pcm.chunks(rate as usize / 50) {
            detector.handle_input(frame);
            while let Some(event) = detector.poll_output() {
                if let DtmfEvent::Began(key) = event {
                    keys.push(key);
                }
            }
        }
        assert_eq!(detector.snapshot(), None);
        keys
    }

    #[test]
    fn every_key_is_heard_once_at_every_rate() {
        let keys = "1122334455667788990*#ABCD";
        for rate in [8_000, 16_000, 48_000] {
            for (tone_ms, pause_ms) in [(40, 40), (60, 60), (100, 50), (250, 250)] {
                assert_eq!(heard(&dial(keys, tone_ms, pause_ms, rate), rate), keys, "{tone_ms}");
            }
        }
    }

    #[test]
    fn keys_survive_g711_noise_and_detuning() {
        let pcm: Vec<i16> = dial("159D", 80, 80, 8_000)
            .iter()
            .enumerate()
            .map(|(n, sample)| {
                let noise = ((n * 7_919) % 601) as i16 - 300;
                crate::g711::decode_a(crate::g711::encode_a(sample + noise))
            })
            .collect();
        assert_eq!(heard(&pcm, 8_000), "159D");
        let detuned: Vec<i16> = sine(8_000, 697.0 * 1.015, 7_000.0, 0.1)
            .iter()
            .zip(sine(8_000, 1_209.0 * 0.985, 5_000.0, 0.1))
            .map(|(a, b)| a + b)
            .chain(vec![0; 800])
            .collect();
        assert_eq!(heard(&detuned, 8_000), "1");
    }

    #[test]
    fn single_tones_call_progress_and_silence_are_no_keys() {
        for list in ["697", "1209", "350+440", "480+620", "440+480", "950/330,1400/330,1800/330"] {
            let mut pcm = vec![0; 8_000];
            ToneGenerator::new(&list.parse().unwrap(), 8_000).fill(&mut pcm);
            assert_eq!(heard(&pcm, 8_000), "", "{list}");
        }
        assert_eq!(heard(&vec![0; 8_000], 8_000), "");
    }

    #[test]
    fn the_duration_is_that_of_the_key() {
        let mut detector = DtmfDetector::new(8_000);
        detector.handle_input(&dial("7", 200, 100, 8_000));
        assert_eq!(detector.poll_output(), Some(DtmfEvent::Began('7')));
        let Some(DtmfEvent::Ended { key: '7', duration }) = detector.poll_output() else {
            panic!()
        };
        assert!((170..=210).contains(&duration.as_millis()), "{duration:?}");
    }

    #[test]
    fn a_generated_key_has_its_two_frequencies() {
        let pcm = dial("5", 500, 0, 8_000);
        for hertz in [770.0, 1_336.0] {
            assert!(share_at(&pcm[..4_000], 8_000, hertz) > 0.45);
        }
        assert_eq!(frequencies('x'), None);
    }
}
