//! Opus and ulaw through the engine, both ways, beside the same transcoders without an engine in
//! the same run: one packet after the other, and at the pace of calls, where each finds the caches
//! cold.

use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use sidetone_codec::format::MAX_PACKET_LEN;
use sidetone_codec::{Codec, CoderSettings, Format, Transcoder, encoder};
use sidetone_engine::PortChoice;
use sidetone_media::LegKind;

use super::Plan;
use super::echo::{TESTED_PORTS, join, plain_leg, port_of};
use super::paired::{self, Pair, Talk};
use crate::browser::{self, Leg};
use crate::figure::{Budget, Figure, Report};
use crate::phones::{self, PTIME, Voice};
use crate::{Outcome, plans};

/// Encoded packets, one after the other.
type Packets = Vec<Vec<u8>>;
/// Calls, each of a telephone in opus and one in ulaw: about half a core.
const CALLS: usize = 100;
/// Packets of the voice: four seconds.
const FRAMES: usize = 200;
/// At which rate opus runs towards ulaw.
const RATE: u32 = 8_000;
/// Packets of each transcoder at the pace of calls: two seconds.
const PACED_FRAMES: usize = 100;
/// How often the clock is read to learn what that costs.
const CLOCK_READINGS: u32 = 1_000;
const OPUS: Format = Format::mono(Codec::Opus, RATE);

pub(super) fn run(plan: &Plan, report: &mut Report) -> Outcome {
    let time = plan.time(Duration::from_millis(2_000));
    let (opus, ulaw) = voice()?;
    let before = codecs_alone(&opus, &ulaw)?;
    let pair = super::runtime()?.block_on(engine(&opus, time))?;
    let after = codecs_alone(&opus, &ulaw)?;
    let paced = codecs_paced(&opus, &ulaw)?;
    let alone = (before + after) / 2.0;
    let figure = |what: &str, value, budget| Figure::new(what, value, "us", budget);
    let what = "opus and ulaw, per packet, beside the codecs alone";
    report.add(figure(what, pair.worker, Budget::TimesBare(1.2)).beside(alone));
    report.add(figure("  bare loop with as many sockets", pair.bare, Budget::Informative));
    let what = "  the codecs alone at the pace of calls";
    report.add(figure(what, paced, Budget::Informative));
    let what = "  above these two together";
    report.add(figure(what, pair.worker - paced - pair.bare, Budget::Informative));
    Ok(())
}

/// Transcoders of as many calls: those to opus, then those to ulaw.
fn transcoders() -> Outcome<Vec<Transcoder>> {
    let settings = CoderSettings::default();
    let ways = [(Format::ULAW, OPUS), (OPUS, Format::ULAW)].into_iter();
    let made = ways
        .flat_map(|way| std::iter::repeat_n(way, CALLS))
        .map(|(from, to)| Transcoder::new(from, to, PTIME, &settings));
    Ok(made.collect::<Result<_, _>>()?)
}

/// One packet through one of [`transcoders`].
fn transcode(number: usize, transcoder: &mut Transcoder, (opus, ulaw): (&[u8], &[u8])) -> Outcome {
    let mut payload = [0; MAX_PACKET_LEN];
    transcoder.handle_packet(if number < CALLS { ulaw } else { opus })?;
    while transcoder.poll_output(&mut payload)?.is_some() {}
    Ok(())
}

/// Microseconds per packet of transcoders as many as the calls have, taking turns as they do.
fn codecs_alone(opus: &[Vec<u8>], ulaw: &[Vec<u8>]) -> Outcome<f64> {
    let mut transcoders = transcoders()?;
    let mut packets = 0_u32;
    let start = thread_cpu()?;
    for (opus, ulaw) in opus.iter().zip(ulaw) {
        for (number, transcoder) in transcoders.iter_mut().enumerate() {
            transcode(number, transcoder, (opus, ulaw))?;
            packets += 1;
        }
    }
    Ok((thread_cpu()? - start).as_secs_f64() * 1e6 / f64::from(packets.max(1)))
}

/// The same when each has a packet every 20 ms and the thread sleeps in between, as a worker does:
/// only the work of the codecs is counted, neither the sleep nor the reading of the clock.
fn codecs_paced(opus: &[Vec<u8>], ulaw: &[Vec<u8>]) -> Outcome<f64> {
    let mut transcoders = transcoders()?;
    let gap = PTIME / u32::try_from(transcoders.len())?;
    let before = thread_cpu()?;
    for _ in 0..CLOCK_READINGS {
        thread_cpu()?;
    }
    let reading = (thread_cpu()? - before) / CLOCK_READINGS;
    let (mut spent, mut packets) = (Duration::ZERO, 0_u32);
    let mut due = Instant::now();
    for (opus, ulaw) in opus.iter().zip(ulaw).take(PACED_FRAMES) {
        for (number, transcoder) in transcoders.iter_mut().enumerate() {
            due += gap;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let start = thread_cpu()?;
            transcode(number, transcoder, (opus, ulaw))?;
            spent += (thread_cpu()? - start).saturating_sub(reading);
            packets += 1;
        }
    }
    Ok(spent.as_secs_f64() * 1e6 / f64::from(packets.max(1)))
}

fn thread_cpu() -> Outcome<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}

async fn engine(opus: &[Vec<u8>], time: Duration) -> Outcome<Pair> {
    let engine = browser::engine(TESTED_PORTS)?;
    let sockets = phones::sockets(2 * CALLS)?;
    let frames = Arc::new(opus.to_vec());
    let (mut legs, mut targets, mut voices) = (Vec::new(), Vec::new(), Vec::new());
    for pair in phones::addresses(&sockets)?.chunks(2) {
        let [browser, telephone] = pair else { continue };
        let wide = Leg::new(&engine, LegKind::Plain, PortChoice::Shared).await?;
        wide.handle.apply(plans::opus(*browser)).await?;
        let narrow = plain_leg(&engine, *telephone).await?;
        targets.extend([port_of(&wide)?, port_of(&narrow)?]);
        voices.extend([Voice::Opus(Arc::clone(&frames)), Voice::Ulaw]);
        let pair = [wide, narrow];
        join(&pair).await?;
        legs.push(pair);
    }
    let talk = Talk { voices, ..Talk::ulaw(sockets, targets) };
    let pair = paired::measure(&engine, talk, time).await?;
    drop(legs);
    engine.stop().await;
    Ok(pair)
}

/// Something like a voice: harmonics of a moving pitch in syllables; in opus and in ulaw.
fn voice() -> Outcome<(Packets, Packets)> {
    let mut phase = 0.0;
    let sample = |n: usize| {
        let time = n as f64 / f64::from(RATE);
        phase += TAU * (130.0 + 30.0 * (time * 1.7).sin()) / f64::from(RATE);
        let buzz: f64 = (1..24).map(|n| (phase * f64::from(n)).sin() / f64::from(n)).sum();
        let syllable = (time * 4.0).fract().min(1.0 - (time * 4.0).fract()) * 2.0;
        (buzz * 6_000.0 * syllable) as i16
    };
    let samples = RATE as usize / 50;
    let pcm: Vec<i16> = (0..samples * FRAMES).map(sample).collect();
    let encoded = |format| -> Outcome<Packets> {
        let mut encoder = encoder(format, &CoderSettings::default())?;
        let mut payload = [0; MAX_PACKET_LEN];
        let mut packets = Vec::new();
        for frame in pcm.chunks_exact(samples) {
            let len = encoder.encode(frame, &mut payload)?;
            packets.push(payload.get(..len).unwrap_or_default().to_vec());
        }
        Ok(packets)
    };
    Ok((encoded(OPUS)?, encoded(Format::ULAW)?))
}
