//! What tests of several modules share: sines, levels and signal-to-noise ratios.

use std::f64::consts::TAU;

use crate::coder::{CoderSettings, decoder, encoder};
use crate::format::{Format, MAX_PACKET_LEN, MAX_SAMPLES};

/// A sine of `frequency` Hz and `amplitude` for `seconds`.
pub(crate) fn sine(rate: u32, frequency: f64, amplitude: f64, seconds: f64) -> Vec<i16> {
    let count = (f64::from(rate) * seconds) as u32;
    let sample = |n| (TAU * frequency * f64::from(n) / f64::from(rate)).sin() * amplitude;
    (0..count).map(|n| sample(n).round() as i16).collect()
}

/// Root mean square.
pub(crate) fn rms(pcm: &[i16]) -> f64 {
    let sum: f64 = pcm.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (sum / pcm.len().max(1) as f64).sqrt()
}

/// Signal against the difference of two signals that should be the same.
pub(crate) fn snr_db(clean: &[i16], heard: &[i16]) -> f64 {
    let square = |value: f64| value * value;
    let signal: f64 = clean.iter().map(|sample| square(f64::from(*sample))).sum();
    let pairs = clean.iter().zip(heard);
    let noise: f64 = pairs.map(|(a, b)| square(f64::from(*a) - f64::from(*b))).sum();
    10.0 * (signal / noise.max(1e-9)).log10()
}

/// How much of `pcm`'s power lies at `frequency`: 1 for a pure tone.
pub(crate) fn share_at(pcm: &[i16], rate: u32, frequency: f64) -> f64 {
    let (mut real, mut imaginary, mut power) = (0.0, 0.0, 0.0);
    for (n, sample) in pcm.iter().enumerate() {
        let angle = TAU * frequency * n as f64 / f64::from(rate);
        real += f64::from(*sample) * angle.cos();
        imaginary += f64::from(*sample) * angle.sin();
        power += f64::from(*sample).powi(2);
    }
    2.0 * (real * real + imaginary * imaginary) / (pcm.len() as f64 * power.max(1.0))
}

/// Everything that is not the sine of `frequency`, in decibel below it: what a codec or filter
/// with delay and gain adds to a tone.
pub(crate) fn tone_snr_db(pcm: &[i16], rate: u32, frequency: f64) -> f64 {
    let share = share_at(pcm, rate, frequency).min(1.0 - 1e-12);
    10.0 * (share / (1.0 - share)).log10()
}

/// Encodes and decodes in packets of 20 ms, or 30 where the codec wants it.
pub(crate) fn round_trip(format: Format, pcm: &[i16]) -> Vec<i16> {
    let mut encoder = encoder(format, &CoderSettings::default()).unwrap();
    let mut decoder = decoder(format).unwrap();
    let (mut payload, mut out) = ([0; MAX_PACKET_LEN], [0; MAX_SAMPLES]);
    let mut heard = Vec::new();
    let packet = format.samples(format.packet_time(std::time::Duration::from_millis(20)));
    for frame in pcm.chunks_exact(packet) {
        let len = encoder.encode(frame, &mut payload).unwrap();
        let count = decoder.decode(&payload[..len], &mut out).unwrap();
        assert_eq!(count, frame.len());
        heard.extend_from_slice(&out[..count]);
    }
    heard
}

/// The signal-to-noise ratio of a 1 kHz tone through a codec, once it has settled.
pub(crate) fn round_trip_snr(format: Format, pcm: &[i16]) -> f64 {
    let heard = round_trip(format, pcm);
    let settled = heard.len() / 2 / (format.sample_rate as usize / 1_000)
        * (format.sample_rate as usize / 1_000);
    let whole = (heard.len() - settled) / 48 * 48;
    tone_snr_db(&heard[settled..settled + whole], format.sample_rate, 1_000.0)
}

/// A signal of 200 ms at 8 kHz that is the same on every machine: a triangle with noise, a quiet
/// passage, and a loud end. The other implementations that vectors come from were given it too.
pub(crate) fn vector_signal() -> Vec<i16> {
    let mut noise = 1_u32;
    let sample = |n: i32| {
        noise = noise.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        let place = (n * 37) % 400;
        let triangle = if place < 200 { place } else { 400 - place } - 100;
        let mut value = triangle * 120 + ((noise >> 16) & 0x7ff).cast_signed() - 1_024;
        if (n / 400) % 3 == 2 {
            value >>= 4;
        }
        if n >= 1_200 {
            value = (value * 3).clamp(-32_768, 32_767);
        }
        value as i16
    };
    (0..1_600).map(sample).collect()
}

/// FNV-1a over bytes: what a long vector is compared by.
pub(crate) fn fingerprint(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Encodes [`vector_signal`] in packets of 20 ms, decodes it again, and returns the fingerprints of
/// all packets and of the first `compared` samples, with the first packet.
pub(crate) fn coded_vector(format: Format, compared: usize) -> (u64, u64, Vec<u8>) {
    let mut encoder = encoder(format, &CoderSettings::default()).unwrap();
    let mut decoder = decoder(format).unwrap();
    let (mut payload, mut out) = ([0; MAX_PACKET_LEN], [0; MAX_SAMPLES]);
    let (mut packets, mut samples) = (Vec::new(), Vec::new());
    for frame in vector_signal().chunks_exact(160) {
        let len = encoder.encode(frame, &mut payload).unwrap();
        packets.push(payload[..len].to_vec());
        let count = decoder.decode(&payload[..len], &mut out).unwrap();
        samples.extend_from_slice(&out[..count]);
    }
    let first = packets[0].clone();
    let octets = samples[..compared].iter().flat_map(|sample| sample.to_be_bytes());
    (fingerprint(packets.concat()), fingerprint(octets), first)
}
