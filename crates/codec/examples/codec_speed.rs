//! Prints what one call costs in each codec: microseconds of CPU for 20 ms each way, and how many
//! calls a core carries. `cargo run --release -p sidetone-codec --example codec_speed`.

use std::f64::consts::TAU;
use std::hint::black_box;
use std::time::Instant;

use sidetone_codec::format::{MAX_PACKET_LEN, MAX_SAMPLES};
use sidetone_codec::opus::{Bitrate, RATES};
use sidetone_codec::{
    Codec, CodecError, Decoder, Encoder, Format, OpusSettings, Resampler, decoder, encoder,
};

/// Frames of the signal: ten seconds.
const FRAMES: usize = 500;

fn main() -> Result<(), CodecError> {
    println!(
        "{:34} {:>9} {:>9} {:>12} {:>6}",
        "20 ms", "encode us", "decode us", "calls/core", "kb/s"
    );
    for format in [Format::ULAW, Format::ALAW, Format::G722, Format::SLIN] {
        report(&format.to_string(), format, &OpusSettings::default())?;
    }
    for rate in RATES {
        for complexity in [0, 1, 5, 9] {
            let bitrate = Bitrate::BitsPerSecond(24_000);
            let settings = OpusSettings { complexity, bitrate, ..OpusSettings::default() };
            let name = format!("opus@{rate} 24 kb/s complexity {complexity}");
            report(&name, Format::mono(Codec::Opus, rate), &settings)?;
        }
    }
    for (from, to) in [(8_000, 16_000), (8_000, 48_000), (48_000, 8_000), (16_000, 48_000)] {
        let pcm = speech(from);
        let mut resampler = Resampler::new(from, to)?;
        let mut out = vec![0; resampler.max_output(pcm.len())];
        let start = Instant::now();
        for frame in pcm.chunks_exact(from as usize / 50) {
            resampler.process(black_box(frame), &mut out)?;
        }
        println!("{:34} {:>9.2}", format!("resample {from} to {to}"), micros(start));
    }
    Ok(())
}

fn micros(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e6 / FRAMES as f64
}

fn report(name: &str, format: Format, settings: &OpusSettings) -> Result<(), CodecError> {
    let pcm = speech(format.sample_rate);
    let mut encoder: Box<dyn Encoder> = encoder(format, settings)?;
    let mut decoder: Box<dyn Decoder> = decoder(format)?;
    let mut payload = [0; MAX_PACKET_LEN];
    let mut packets = Vec::with_capacity(FRAMES);
    let start = Instant::now();
    for frame in pcm.chunks_exact(format.sample_rate as usize / 50) {
        let len = encoder.encode(black_box(frame), &mut payload)?;
        packets.push(payload[..len].to_vec());
    }
    let encode_us = micros(start);
    let mut out = [0; MAX_SAMPLES];
    let start = Instant::now();
    for packet in &packets {
        decoder.decode(black_box(packet), &mut out)?;
    }
    let decode_us = micros(start);
    let bytes: usize = packets.iter().map(Vec::len).sum();
    println!(
        "{name:34} {encode_us:>9.2} {decode_us:>9.2} {:>12.0} {:>6.1}",
        20_000.0 / (encode_us + decode_us),
        bytes as f64 * 8.0 / 10_000.0
    );
    Ok(())
}

/// Something like a voice: harmonics of a moving pitch in syllables, with a little noise.
fn speech(rate: u32) -> Vec<i16> {
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
    (0..rate as usize / 50 * FRAMES).map(sample).collect()
}
