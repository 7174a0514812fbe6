//! What decoding, encoding and resampling cost: a table measured once, from which
//! [`crate::path()`] chooses, and a measurement that `core show translation recalc` repeats on the
//! machine at hand. The clock is an argument: this crate has none.

use std::borrow::Cow;
use std::f64::consts::TAU;
use std::time::Duration;

use crate::coder::{CodecError, CoderSettings, decoder, encoder};
use crate::format::{Codec, Format, MAX_PACKET_LEN, MAX_SAMPLES};
use crate::opus::RATES;
use crate::resampler::Resampler;

/// The rates of linear audio.
pub const LINEAR_RATES: [u32; 9] =
    [8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000];
/// The longest measurement, so that a command cannot occupy a core for long.
pub const MAX_MEASURED: Duration = Duration::from_secs(20);

/// What a measurement codes at a time, where the codec can.
const PACKET: Duration = Duration::from_millis(20);

/// CPU of 20 ms of audio in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoderCost {
    /// The codec and the rate at which it runs.
    pub format: Format,
    /// From payload to samples.
    pub decode_ns: u32,
    /// From samples to payload.
    pub encode_ns: u32,
}

/// CPU of 20 ms from one rate to another, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResamplerCost {
    /// Rates in Hz.
    pub rates: (u32, u32),
    /// Nanoseconds.
    pub ns: u32,
}

/// What every step costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costs {
    coders: Cow<'static, [CoderCost]>,
    resamplers: Cow<'static, [ResamplerCost]>,
}

impl Costs {
    /// The table that came with the program.
    pub const BUILT_IN: Self =
        Self { coders: Cow::Borrowed(CODERS), resamplers: Cow::Borrowed(RESAMPLERS) };

    /// Decoding 20 ms of one channel; the largest number for a format that was not measured.
    #[must_use]
    pub fn decode_ns(&self, format: Format) -> u32 {
        self.coder(format).map_or(u32::MAX / 4, |cost| cost.decode_ns)
    }

    /// Encoding 20 ms of one channel; as above.
    #[must_use]
    pub fn encode_ns(&self, format: Format) -> u32 {
        self.coder(format).map_or(u32::MAX / 4, |cost| cost.encode_ns)
    }

    /// Resampling 20 ms of one channel; as above.
    #[must_use]
    pub fn resample_ns(&self, from: u32, to: u32) -> u32 {
        if from == to {
            return 0;
        }
        let known = self.resamplers.iter().find(|cost| cost.rates == (from, to));
        known.map_or(u32::MAX / 4, |cost| cost.ns)
    }

    fn coder(&self, format: Format) -> Option<&CoderCost> {
        let mono = Format { channels: 1, ..format };
        self.coders.iter().find(|cost| cost.format == mono)
    }

    /// The measured costs, for whoever prints them.
    #[must_use]
    pub fn coders(&self) -> &[CoderCost] {
        &self.coders
    }

    /// The measured costs of resampling.
    #[must_use]
    pub fn resamplers(&self) -> &[ResamplerCost] {
        &self.resamplers
    }

    /// Measures everything over `length` of audio each (at most [`MAX_MEASURED`]). `clock` tells
    /// the CPU time or, on a quiet machine, the time.
    ///
    /// # Errors
    /// What a coder says that refuses its own output.
    pub fn measure(
        length: Duration,
        clock: &mut dyn FnMut() -> Duration,
    ) -> Result<Self, CodecError> {
        let length = length.min(MAX_MEASURED);
        let (mut coders, mut resamplers) = (Vec::new(), Vec::new());
        for format in runnable() {
            coders.push(measure_coder(format, length, clock)?);
        }
        for from in LINEAR_RATES {
            let pcm = speech(from, length);
            for to in LINEAR_RATES.into_iter().filter(|to| *to != from) {
                let mut resampler = Resampler::new(from, to)?;
                let frame = from as usize / 100;
                let mut out = vec![0; resampler.max_output(frame)];
                let mut watch = Stopwatch::new(clock);
                for frame in pcm.chunks_exact(frame) {
                    watch.time(|| resampler.process(frame, &mut out))?;
                }
                let ns = watch.ns(Duration::from_millis(10));
                resamplers.push(ResamplerCost { rates: (from, to), ns });
            }
        }
        Ok(Self { coders: coders.into(), resamplers: resamplers.into() })
    }
}

/// Every codec at every rate at which it runs.
fn runnable() -> Vec<Format> {
    let fixed = Format::ALL.into_iter().filter(|format| *format != Format::OPUS);
    let opus = RATES.into_iter().map(|rate| Format::mono(Codec::Opus, rate));
    fixed.chain([Format::ILBC20]).chain(opus).collect()
}

fn measure_coder(
    format: Format,
    length: Duration,
    clock: &mut dyn FnMut() -> Duration,
) -> Result<CoderCost, CodecError> {
    let pcm = speech(format.sample_rate, length);
    let mut encoder = encoder(format, &CoderSettings::default())?;
    let mut decoder = decoder(format)?;
    let packet = format.samples(format.packet_time(PACKET));
    let (mut payload, mut packets) = (vec![0; MAX_PACKET_LEN], Vec::new());
    let (mut encode, mut decode) = (Stopwatch::new(clock), Vec::new());
    for frame in pcm.chunks_exact(packet) {
        let len = encode.time(|| encoder.encode(frame, &mut payload))?;
        packets.push(payload.get(..len).unwrap_or_default().to_vec());
    }
    let encode_ns = encode.ns(format.packet_time(PACKET));
    decode.resize(MAX_SAMPLES, 0);
    let mut watch = Stopwatch::new(clock);
    for packet in packets.iter().filter(|packet| !packet.is_empty()) {
        watch.time(|| decoder.decode(packet, &mut decode))?;
    }
    Ok(CoderCost { format, decode_ns: watch.ns(format.packet_time(PACKET)), encode_ns })
}

/// Adds up times, in runs: the fastest run counts, since whoever else uses the core makes others
/// slower and none faster.
struct Stopwatch<'a> {
    clock: &'a mut dyn FnMut() -> Duration,
    started: Option<Duration>,
    count: u32,
    fastest: Option<Duration>,
}

impl<'a> Stopwatch<'a> {
    /// Packets of a run: half a second of audio, in which speech has loud and quiet parts.
    const RUN: u32 = 25;

    fn new(clock: &'a mut dyn FnMut() -> Duration) -> Self {
        Self { clock, started: None, count: 0, fastest: None }
    }

    fn time<T>(&mut self, step: impl FnOnce() -> T) -> T {
        let started = match self.started {
            Some(started) => started,
            None => *self.started.insert((self.clock)()),
        };
        let result = step();
        self.count += 1;
        if self.count == Self::RUN {
            let spent = (self.clock)().saturating_sub(started);
            self.fastest = Some(self.fastest.map_or(spent, |fastest| fastest.min(spent)));
            (self.started, self.count) = (None, 0);
        }
        result
    }

    /// Nanoseconds for 20 ms, from packets of `packet`. At least one: nothing is free, and zero
    /// means that packets pass.
    fn ns(&self, packet: Duration) -> u32 {
        let spent = self.fastest.unwrap_or_default().as_nanos() * PACKET.as_micros();
        let micros = packet.as_micros().max(1) * u128::from(Self::RUN);
        u32::try_from(spent / micros).unwrap_or(u32::MAX / 4).max(1)
    }
}

/// Something like a voice: harmonics of a moving pitch in syllables, with a little noise.
#[must_use]
pub fn speech(rate: u32, length: Duration) -> Vec<i16> {
    let mut noise = 12_345_u32;
    let mut phase = 0.0;
    let sample = |n: usize| {
        let time = n as f64 / f64::from(rate);
        phase += TAU * (130.0 + 30.0 * (time * 1.7).sin()) / f64::from(rate);
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let buzz: f64 = (1..24).map(|n| (phase * f64::from(n)).sin() / f64::from(n)).sum();
        let syllable = (time * 4.0).fract().min(1.0 - (time * 4.0).fract()) * 2.0;
        let pause = if (time * 0.4).fract() > 0.7 { 0.0 } else { 1.0 };
        (buzz * 6_000.0 * syllable * pause + f64::from(noise >> 24)) as i16
    };
    (0..crate::format::samples(rate, length)).map(sample).collect()
}

// Measured with `cargo run --release -p sidetone-codec --example codec_speed -- --table`.

const fn coder(codec: Codec, sample_rate: u32, decode_ns: u32, encode_ns: u32) -> CoderCost {
    CoderCost { format: Format::mono(codec, sample_rate), decode_ns, encode_ns }
}

#[rustfmt::skip] // A table: one codec per line.
static CODERS: &[CoderCost] = &[
    coder(Codec::Ulaw, 8_000, 62, 313),
    coder(Codec::Alaw, 8_000, 63, 306),
    coder(Codec::Gsm, 8_000, 3_935, 12_486),
    coder(Codec::G726, 8_000, 8_640, 9_871),
    coder(Codec::G726Aal2, 8_000, 8_629, 9_877),
    coder(Codec::Adpcm, 8_000, 714, 1_785),
    coder(Codec::Slin, 8_000, 30, 33),
    coder(Codec::Slin, 12_000, 33, 48),
    coder(Codec::Slin, 16_000, 32, 76),
    coder(Codec::Slin, 24_000, 42, 70),
    coder(Codec::Slin, 32_000, 53, 90),
    coder(Codec::Slin, 44_100, 87, 107),
    coder(Codec::Slin, 48_000, 87, 191),
    coder(Codec::Slin, 96_000, 257, 358),
    coder(Codec::Slin, 192_000, 508, 853),
    coder(Codec::Lpc10, 8_000, 5_977, 9_604),
    coder(Codec::Speex, 8_000, 5_331, 67_728),
    coder(Codec::Speex, 16_000, 10_166, 332_556),
    coder(Codec::Speex, 32_000, 17_987, 234_889),
    coder(Codec::Ilbc30, 8_000, 10_944, 36_422),
    coder(Codec::G722, 16_000, 9_865, 12_537),
    coder(Codec::Ilbc20, 8_000, 10_576, 31_858),
    coder(Codec::Opus, 8_000, 4_285, 45_040),
    coder(Codec::Opus, 12_000, 5_943, 61_761),
    coder(Codec::Opus, 16_000, 8_308, 91_657),
    coder(Codec::Opus, 24_000, 20_259, 114_149),
    coder(Codec::Opus, 48_000, 28_570, 120_967),
];

const fn resampler(rates: (u32, u32), ns: u32) -> ResamplerCost {
    ResamplerCost { rates, ns }
}

#[rustfmt::skip]
static RESAMPLERS: &[ResamplerCost] = &[
    resampler((8_000, 12_000), 2_556),
    resampler((8_000, 16_000), 3_402),
    resampler((8_000, 24_000), 5_100),
    resampler((8_000, 32_000), 6_787),
    resampler((8_000, 44_100), 10_218),
    resampler((8_000, 48_000), 10_161),
    resampler((8_000, 96_000), 20_344),
    resampler((8_000, 192_000), 40_609),
    resampler((12_000, 8_000), 2_207),
    resampler((12_000, 16_000), 3_440),
    resampler((12_000, 24_000), 5_103),
    resampler((12_000, 32_000), 6_798),
    resampler((12_000, 44_100), 9_544),
    resampler((12_000, 48_000), 10_134),
    resampler((12_000, 96_000), 20_320),
    resampler((12_000, 192_000), 40_577),
    resampler((16_000, 8_000), 2_507),
    resampler((16_000, 12_000), 3_122),
    resampler((16_000, 24_000), 5_101),
    resampler((16_000, 32_000), 6_938),
    resampler((16_000, 44_100), 10_268),
    resampler((16_000, 48_000), 10_187),
    resampler((16_000, 96_000), 20_354),
    resampler((16_000, 192_000), 40_621),
    resampler((24_000, 8_000), 3_755),
    resampler((24_000, 12_000), 3_750),
    resampler((24_000, 16_000), 4_350),
    resampler((24_000, 32_000), 6_847),
    resampler((24_000, 44_100), 9_534),
    resampler((24_000, 48_000), 10_211),
    resampler((24_000, 96_000), 20_308),
    resampler((24_000, 192_000), 40_687),
    resampler((32_000, 8_000), 4_422),
    resampler((32_000, 12_000), 5_108),
    resampler((32_000, 16_000), 5_000),
    resampler((32_000, 24_000), 6_261),
    resampler((32_000, 44_100), 10_147),
    resampler((32_000, 48_000), 10_195),
    resampler((32_000, 96_000), 20_383),
    resampler((32_000, 192_000), 40_677),
    resampler((44_100, 8_000), 5_967),
    resampler((44_100, 12_000), 6_528),
    resampler((44_100, 16_000), 7_483),
    resampler((44_100, 24_000), 7_705),
    resampler((44_100, 32_000), 9_446),
    resampler((44_100, 48_000), 10_622),
    resampler((44_100, 96_000), 22_064),
    resampler((44_100, 192_000), 44_410),
    resampler((48_000, 8_000), 6_056),
    resampler((48_000, 12_000), 6_596),
    resampler((48_000, 16_000), 7_434),
    resampler((48_000, 24_000), 7_479),
    resampler((48_000, 32_000), 8_720),
    resampler((48_000, 44_100), 11_224),
    resampler((48_000, 96_000), 20_411),
    resampler((48_000, 192_000), 40_777),
    resampler((96_000, 8_000), 10_820),
    resampler((96_000, 12_000), 11_436),
    resampler((96_000, 16_000), 12_097),
    resampler((96_000, 24_000), 13_480),
    resampler((96_000, 32_000), 14_883),
    resampler((96_000, 44_100), 15_997),
    resampler((96_000, 48_000), 14_967),
    resampler((96_000, 192_000), 40_839),
    resampler((192_000, 8_000), 20_411),
    resampler((192_000, 12_000), 21_147),
    resampler((192_000, 16_000), 21_602),
    resampler((192_000, 24_000), 22_868),
    resampler((192_000, 32_000), 24_130),
    resampler((192_000, 44_100), 27_702),
    resampler((192_000, 48_000), 26_402),
    resampler((192_000, 96_000), 29_910),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_measured_that_can_run() {
        let mut now = Duration::ZERO;
        let mut clock = || {
            now += Duration::from_micros(100);
            now
        };
        let costs = Costs::measure(Duration::from_secs(1), &mut clock).unwrap();
        // 100 µs between two readings, for 25 packets.
        assert_eq!(costs.decode_ns(Format::ULAW), 4_000);
        assert_eq!(costs.encode_ns(Format::ILBC20), 4_000);
        assert_eq!(costs.resample_ns(192_000, 8_000), 8_000);
        assert_eq!(costs.resample_ns(8_000, 8_000), 0);
        let measured = |costs: &Costs| costs.coders().iter().map(|c| c.format).collect::<Vec<_>>();
        assert_eq!(measured(&costs), measured(&Costs::BUILT_IN));
    }
}
