//! Prints what one call costs in each codec: microseconds of CPU for 20 ms each way, and how many
//! calls a core carries. `cargo run --release -p sidetone-codec --example codec_speed`; with
//! `--table` the rows of `src/cost.rs`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use sidetone_codec::cost::speech;
use sidetone_codec::format::{MAX_PACKET_LEN, MAX_SAMPLES};
use sidetone_codec::opus::{Bitrate, RATES};
use sidetone_codec::{
    Codec, CodecError, CoderSettings, Costs, Format, OpusSettings, decoder, encoder,
};

/// Length of the signal.
const LENGTH: Duration = Duration::from_secs(10);

fn main() -> Result<(), CodecError> {
    let start = Instant::now();
    let costs = Costs::measure(LENGTH, &mut || start.elapsed())?;
    if std::env::args().any(|argument| argument == "--table") {
        table(&costs);
        return Ok(());
    }
    println!("{:34} {:>9} {:>9} {:>12}", "20 ms", "encode us", "decode us", "calls/core");
    for cost in costs.coders() {
        row(&cost.format.to_string(), cost.encode_ns, cost.decode_ns);
    }
    for rate in RATES {
        for complexity in [0, 1, 5, 9] {
            let bitrate = Bitrate::BitsPerSecond(24_000);
            let settings = OpusSettings { complexity, bitrate, ..OpusSettings::default() };
            let settings = CoderSettings { opus: settings, ..CoderSettings::default() };
            opus(rate, complexity, &settings)?;
        }
    }
    for cost in costs.resamplers() {
        let (from, to) = cost.rates;
        println!("{:34} {:>9.2}", format!("resample {from} to {to}"), f64::from(cost.ns) / 1e3);
    }
    Ok(())
}

fn row(name: &str, encode_ns: u32, decode_ns: u32) {
    let (encode_us, decode_us) = (f64::from(encode_ns) / 1e3, f64::from(decode_ns) / 1e3);
    let calls = 20_000.0 / (encode_us + decode_us);
    println!("{name:34} {encode_us:>9.2} {decode_us:>9.2} {calls:>12.0}");
}

/// The table as it stands in the source.
fn table(costs: &Costs) {
    for cost in costs.coders() {
        let Format { codec, sample_rate, .. } = cost.format;
        let (decode, encode) = (cost.decode_ns, cost.encode_ns);
        println!("    coder(Codec::{codec:?}, {sample_rate}, {decode}, {encode}),");
    }
    for cost in costs.resamplers() {
        println!("    resampler({:?}, {}),", cost.rates, cost.ns);
    }
}

fn opus(rate: u32, complexity: u8, settings: &CoderSettings) -> Result<(), CodecError> {
    let format = Format::mono(Codec::Opus, rate);
    let (mut encoder, mut decoder) = (encoder(format, settings)?, decoder(format)?);
    let (mut payload, mut packets) = ([0; MAX_PACKET_LEN], Vec::new());
    let frames = LENGTH.as_millis() / 20;
    let pcm = speech(rate, LENGTH);
    let start = Instant::now();
    for frame in pcm.chunks_exact(rate as usize / 50) {
        let len = encoder.encode(black_box(frame), &mut payload)?;
        packets.push(payload[..len].to_vec());
    }
    let encoded = start.elapsed();
    let mut out = [0; MAX_SAMPLES];
    for packet in &packets {
        decoder.decode(black_box(packet), &mut out)?;
    }
    let decoded = start.elapsed() - encoded;
    let ns = |spent: Duration| u32::try_from(spent.as_nanos() / frames).unwrap_or(u32::MAX);
    let name = format!("opus@{rate} 24 kb/s complexity {complexity}");
    row(&name, ns(encoded), ns(decoded));
    Ok(())
}
