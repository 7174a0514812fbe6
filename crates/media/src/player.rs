//! Prompts and tones: our own audio on a stream, made at the pace of the stream and encoded in
//! its codec. Replaces whatever is forwarded to the stream while it runs.

use std::time::{Duration, Instant};

use sidetone_codec::format::{MAX_PACKET_LEN, MAX_SAMPLES};
use sidetone_codec::{
    CodecError, Encoder, Format, NoiseGenerator, NoiseShape, Resampler, ToneGenerator, ToneList,
    encoder,
};
use sidetone_sdp::plan::StreamPlan;

use crate::codecs::Coding;
use crate::formats::format_of;
use crate::source::{Playback, PlaybackId, Repeat, Tone};

/// A tick that comes later than this starts a new pace instead of catching up with a burst.
const MAX_LATENESS: Duration = Duration::from_millis(100);
/// A playback waits this long for the path to open, so that a caller hears its first word; then
/// it runs unheard.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// Bytes of one encoded packet: linear audio of 20 ms at 48 kHz is the largest.
const PAYLOAD_LEN: usize = 2000;

/// What to play.
#[derive(Debug)]
pub(crate) enum Program {
    Prompts(Playback),
    Tone(Tone),
    /// Comfort noise, without end; the same seed makes the same.
    Noise(NoiseShape, u32),
}

#[derive(Debug)]
pub(crate) struct Player {
    pub(crate) id: PlaybackId,
    material: Material,
    encoder: Box<dyn Encoder>,
    /// Which of the agreed codecs that is.
    index: u8,
    /// The codec the encoder was made for.
    codec: String,
    frame_samples: usize,
    frame_ticks: u32,
    frame_time: Duration,
    pub(crate) next_at: Instant,
    waits_until: Instant,
    sequence: u16,
    timestamp: u32,
    samples: Vec<i16>,
}

#[derive(Debug)]
enum Material {
    Prompts { playback: Playback, at: usize, position: usize, played: u64, rate: Rate },
    Tone { generator: ToneGenerator, played: u64, over: bool },
    Noise { generator: Box<NoiseGenerator>, played: u64 },
}

/// Brings a prompt to the encoder's rate.
#[derive(Debug)]
struct Rate {
    from: u32,
    to: u32,
    resampler: Option<Resampler>,
    ready: Vec<i16>,
    room: Vec<i16>,
}

/// What a tick made.
pub(crate) enum Tick {
    /// A packet of this many bytes: its numbers on the player's own count.
    Packet { len: usize, sequence: u16, timestamp: u32 },
    /// Nothing to send this time (silence suppression, or the path is not open yet).
    Nothing,
    /// The program is over.
    Finished,
}

impl Player {
    /// Prepares a program for a stream.
    pub(crate) fn new(
        now: Instant,
        id: PlaybackId,
        program: Program,
        plan: &StreamPlan,
        coding: &Coding,
    ) -> Result<Self, String> {
        let index = coding.made_in(plan);
        let codec = plan.codecs.get(usize::from(index));
        let codec = codec.ok_or("no codec was agreed on this stream yet")?;
        let wanted = match &program {
            Program::Prompts(playback) => playback.prompts.first().map_or(8000, |first| first.rate),
            Program::Tone(_) | Program::Noise(..) => 8000,
        };
        let format = format_of(codec, wanted).ok_or_else(|| {
            format!(
                "cannot encode {}, which only passes between legs that share it: allow another \
                 codec too",
                codec.name
            )
        })?;
        let made = encoder(format, &coding.coder(codec));
        let encoder = made.map_err(|error: CodecError| error.to_string())?;
        let rate = format.sample_rate;
        let material = match program {
            Program::Prompts(playback) => {
                let position = usize::try_from(playback.skip_samples).unwrap_or(usize::MAX);
                let rate = Rate::new(rate);
                Material::Prompts { playback, at: 0, position, played: 0, rate }
            }
            Program::Tone(tone) => {
                let over = tone.steps.is_empty();
                let generator = ToneGenerator::new(&tone_list(&tone)?, rate);
                Material::Tone { generator, played: 0, over }
            }
            Program::Noise(shape, seed) => {
                let generator = Box::new(NoiseGenerator::new(shape, seed));
                Material::Noise { generator, played: 0 }
            }
        };
        let frame_time = packet_time_of(plan, usize::from(index));
        Ok(Self {
            id,
            material,
            encoder,
            codec: codec.name.clone(),
            index,
            frame_samples: format.samples(frame_time),
            frame_ticks: ticks(frame_time, codec.clock_rate),
            frame_time,
            next_at: now,
            waits_until: now + MAX_WAIT,
            sequence: 0,
            timestamp: 0,
            samples: vec![0; format.samples(frame_time).min(MAX_SAMPLES)],
        })
    }

    /// Whether a plan, and what the peer sends of it, still want what this player makes.
    pub(crate) fn suits(&self, plan: &StreamPlan, coding: &Coding) -> bool {
        let index = usize::from(coding.made_in(plan));
        let same = plan.codecs.get(index).is_some_and(|codec| codec.name == self.codec);
        same && self.index == coding.made_in(plan) && packet_time_of(plan, index) == self.frame_time
    }

    /// The codec of its packets, as an index of the plan.
    pub(crate) fn index(&self) -> u8 {
        self.index
    }

    /// Goes on in the codec that the peer sends now; false when it stays as it is. A tone whose
    /// rate would change is not cut off for that.
    pub(crate) fn follow(&mut self, now: Instant, plan: &StreamPlan, coding: &Coding) -> bool {
        // Asked for each packet: nearly always the peer sends what is made.
        let spoken = coding.followed().is_none_or(|heard| heard == self.index);
        if spoken || self.suits(plan, coding) {
            return false;
        }
        let rate = self.encoder.format().sample_rate;
        let codec = plan.codecs.get(usize::from(coding.made_in(plan)));
        let wanted = codec.and_then(|codec| format_of(codec, rate));
        let keeps_rate = wanted.is_some_and(|format| format.sample_rate == rate);
        let may = keeps_rate || matches!(self.material, Material::Prompts { .. });
        may && self.retarget(now, plan, coding).is_ok()
    }

    /// Goes on in another codec after a new plan.
    pub(crate) fn retarget(
        &mut self,
        now: Instant,
        plan: &StreamPlan,
        coding: &Coding,
    ) -> Result<(), String> {
        let silence = Program::Tone(Tone::default());
        let mut other = Self::new(now, self.id, silence, plan, coding)?;
        let rate = other.encoder.format().sample_rate;
        match &mut self.material {
            Material::Prompts { rate: conversion, .. } => *conversion = Rate::new(rate),
            // Tones run at 8 kHz in every codec but G.722 and L16; those hear it end.
            Material::Tone { over, .. } => *over |= rate != self.encoder.format().sample_rate,
            Material::Noise { .. } => {}
        }
        std::mem::swap(&mut self.material, &mut other.material);
        *self = other;
        Ok(())
    }

    /// Goes on with noise of another shape.
    pub(crate) fn set_noise(&mut self, shape: NoiseShape) {
        if let Material::Noise { generator, .. } = &mut self.material {
            generator.set_shape(shape);
        }
    }

    /// Tells the encoder what the peer loses of a hundred packets.
    pub(crate) fn set_expected_loss(&mut self, percent: u8) {
        self.encoder.set_expected_loss(percent);
    }

    /// How many samples were played, at the prompt's own rate.
    pub(crate) fn played(&self) -> u64 {
        match &self.material {
            Material::Prompts { played, .. }
            | Material::Tone { played, .. }
            | Material::Noise { played, .. } => *played,
        }
    }

    /// Makes the packet that is due at `now`. `open` says whether it can leave.
    pub(crate) fn tick(&mut self, now: Instant, open: bool, payload: &mut [u8]) -> Tick {
        if now.saturating_duration_since(self.next_at) > MAX_LATENESS {
            self.next_at = now;
        }
        self.next_at += self.frame_time;
        if !open && now < self.waits_until {
            return Tick::Nothing;
        }
        if !self.fill() {
            return Tick::Finished;
        }
        let (sequence, timestamp) = (self.sequence, self.timestamp);
        self.timestamp = timestamp.wrapping_add(self.frame_ticks);
        match self.encoder.encode(&self.samples, payload) {
            Ok(len) if len > 0 => {
                self.sequence = sequence.wrapping_add(1);
                Tick::Packet { len, sequence, timestamp }
            }
            Ok(_) | Err(_) => Tick::Nothing,
        }
    }

    /// Fills one frame, with silence behind the end; false when nothing was left.
    fn fill(&mut self) -> bool {
        self.samples.resize(self.frame_samples, 0);
        match &mut self.material {
            Material::Noise { generator, played } => {
                generator.fill(&mut self.samples);
                *played += self.samples.len() as u64;
                true
            }
            Material::Tone { generator, played, over } => {
                if *over || generator.is_finished() {
                    return false;
                }
                let count = generator.fill(&mut self.samples);
                *played += count as u64;
                self.samples.iter_mut().skip(count).for_each(|sample| *sample = 0);
                count > 0
            }
            Material::Prompts { playback, at, position, played, rate } => {
                while rate.ready.len() < self.frame_samples {
                    let Some(prompt) = playback.prompts.get(*at) else {
                        let again = playback.repeat == Repeat::Forever
                            && playback.prompts.iter().any(|prompt| !prompt.samples.is_empty());
                        if !again {
                            break;
                        }
                        (*at, *position) = (0, 0);
                        continue;
                    };
                    let rest = prompt.samples.get(*position..).unwrap_or_default();
                    if rest.is_empty() {
                        (*at, *position) = (*at + 1, 0);
                        continue;
                    }
                    // Ten milliseconds at a time keep the resampler's buffers small.
                    let take = (prompt.rate as usize / 100).clamp(1, rest.len());
                    rate.push(prompt.rate, rest.get(..take).unwrap_or_default());
                    *position += take;
                    *played += take as u64;
                }
                let count = rate.ready.len().min(self.frame_samples);
                for (sample, ready) in self.samples.iter_mut().zip(rate.ready.drain(..count)) {
                    *sample = ready;
                }
                self.samples.iter_mut().skip(count).for_each(|sample| *sample = 0);
                count > 0
            }
        }
    }
}

impl Rate {
    fn new(to: u32) -> Self {
        let room = vec![0; MAX_SAMPLES];
        Self { from: to, to, resampler: None, ready: Vec::with_capacity(MAX_SAMPLES), room }
    }

    fn push(&mut self, from: u32, samples: &[i16]) {
        if from != self.from {
            self.from = from;
            self.resampler = Resampler::new(from, self.to).ok();
        }
        if from == self.to {
            self.ready.extend_from_slice(samples);
        } else if let Some(resampler) = &mut self.resampler {
            let count = resampler.process(samples, &mut self.room).unwrap_or_default();
            self.ready.extend_from_slice(self.room.get(..count).unwrap_or_default());
        } else {
            // An odd rate that cannot be converted: silence of the same length, not noise.
            let count = samples.len() * self.to as usize / from.max(1) as usize;
            self.ready.extend(std::iter::repeat_n(0, count));
        }
    }
}

/// The packet time the peer asked for, in steps that one of the agreed codecs has.
pub(crate) fn packet_time_of(plan: &StreamPlan, codec: usize) -> Duration {
    let wanted = Duration::from_millis(plan.ptime_ms.into());
    let format = plan.codecs.get(codec).and_then(|codec| format_of(codec, 48_000));
    format.unwrap_or(Format::ULAW).packet_time(wanted)
}

/// What the timestamps of a packet and of the next differ by.
pub(crate) fn ticks(time: Duration, clock_rate: u32) -> u32 {
    let ticks = time.as_micros() * u128::from(clock_rate) / 1_000_000;
    u32::try_from(ticks).unwrap_or(clock_rate)
}

/// Room for one encoded packet.
pub(crate) fn payload_room() -> [u8; PAYLOAD_LEN] {
    const { assert!(PAYLOAD_LEN <= MAX_PACKET_LEN) };
    [0; PAYLOAD_LEN]
}

/// The tone in the notation of `indications.conf`, which the generator understands.
fn tone_list(tone: &Tone) -> Result<ToneList, String> {
    let once = if tone.repeat == Repeat::Once { "!" } else { "" };
    let steps = tone.steps.iter().map(|step| {
        let (first, second) = (step.first_hz, step.second_hz);
        let pitch = if second == 0 { first.to_string() } else { format!("{first}+{second}") };
        match step.duration.as_millis() {
            0 => format!("{once}{pitch}"),
            millis => format!("{once}{pitch}/{millis}"),
        }
    });
    let list = steps.collect::<Vec<_>>().join(",");
    let list = if list.is_empty() { "!0/1".to_owned() } else { list };
    list.parse().map_err(|error: sidetone_codec::tone::ToneError| error.to_string())
}
