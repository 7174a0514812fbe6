//! Allocations of a media worker per packet it relays: none, once a call runs.

use std::net::UdpSocket;
use std::time::Duration;

use sidetone_engine::Engine;

use super::echo::{BROWSER_PORTS, TESTED_PORTS, join, plain_leg, port_of, webrtc_leg};
use super::{Plan, paired};
use crate::allocations::Counting;
use crate::browser::{self, Leg};
use crate::figure::{Budget, Figure, Report};
use crate::phones::{self, Phones, Voice};
use crate::process::Process;
use crate::{Loopback, Outcome};

const LEGS: usize = 100;
/// First packets open their streams, and connections settle.
const WARM_UP: Duration = Duration::from_secs(4);
/// How long each turn of packets or silence is counted.
const TIME: Duration = Duration::from_secs(1);
/// Which list of targets a turn has: 1 is silence.
const TURNS: [usize; 8] = [1, 0, 0, 1, 1, 0, 0, 1];

pub(super) fn run(_plan: &Plan, report: &mut Report) -> Outcome {
    let runtime = super::runtime()?;
    for (what, counted) in [
        ("plain relay", runtime.block_on(plain())?),
        ("WebRTC and RTP", runtime.block_on(bridged())?),
    ] {
        let per_packet = counted.per_packet();
        let what = format!("allocations per packet, {what}");
        report.add(Figure::new(what, per_packet, "", Budget::AtMost(0.0)));
        for (when, count) in [("talk", counted.in_talk()), ("silence", counted.silent)] {
            let what = format!("  allocations in {} s of {when}", TURNS.len() / 2);
            report.add(Figure::new(what, count as f64, "", Budget::Informative));
        }
    }
    Ok(())
}

async fn plain() -> Outcome<Counted> {
    let engine = browser::engine(TESTED_PORTS)?;
    let sockets = phones::sockets(LEGS)?;
    let (mut legs, mut targets) = (Vec::new(), Vec::new());
    for phone in phones::addresses(&sockets)? {
        let leg = plain_leg(&engine, phone).await?;
        targets.push(port_of(&leg)?);
        legs.push(leg);
    }
    for pair in legs.chunks(2) {
        join(pair).await?;
    }
    let count = count(&engine, sockets, targets).await;
    engine.stop().await;
    count
}

async fn bridged() -> Outcome<Counted> {
    let browsers = browser::engine(BROWSER_PORTS)?;
    let tested = browser::engine(TESTED_PORTS)?;
    let sockets = phones::sockets(LEGS)?;
    let (mut legs, mut targets): (Vec<[Leg; 2]>, Vec<Loopback>) = (Vec::new(), Vec::new());
    let mut held = Vec::new();
    for pair in phones::addresses(&sockets)?.chunks(2) {
        let [voice, phone] = pair else { continue };
        let leg = webrtc_leg(&tested, &browsers, *voice).await?;
        let plain = plain_leg(&tested, *phone).await?;
        targets.extend([port_of(&leg.feed)?, port_of(&plain)?]);
        let pair = [leg.tested, plain];
        join(&pair).await?;
        legs.push(pair);
        held.push((leg.browser, leg.feed));
    }
    let count = count(&tested, sockets, targets).await;
    drop((legs, held));
    tested.stop().await;
    browsers.stop().await;
    count
}

/// Allocations of a worker, by turns.
#[derive(Clone, Debug, Default)]
struct Counted {
    /// With the packets of the turn.
    talking: Vec<(u64, u64)>,
    silent: u64,
}

impl Counted {
    /// Of the turn with the fewest. A check of ICE allocates some forty times in the library that
    /// writes it, and legs made together check together, every few seconds: that falls into one
    /// turn of several. What a packet allocates is in each of them.
    fn per_packet(&self) -> f64 {
        let turns = self.talking.iter().map(|(count, packets)| *count as f64 / *packets as f64);
        turns.fold(f64::INFINITY, f64::min)
    }

    /// Of all turns in which packets came.
    fn in_talk(&self) -> u64 {
        self.talking.iter().map(|(count, _)| count).sum()
    }
}

/// Allocations while packets are relayed, beside those of the same legs in silence: the checks of
/// ICE (RFC 7675) and reports are made anew each time.
async fn count(
    engine: &Engine,
    sockets: Vec<UdpSocket>,
    targets: Vec<Loopback>,
) -> Outcome<Counted> {
    let worker = Process::own().thread(paired::WORKER)?;
    let voices = vec![Voice::Ulaw; sockets.len()];
    // The second list is empty: nobody speaks.
    let phones = Phones::start_with(sockets, voices, vec![targets, Vec::new()])?;
    tokio::time::sleep(WARM_UP).await;
    let mut counted = Counted::default();
    for list in TURNS {
        phones.aim(list);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let (before, _) = paired::worker_cost(engine).await?;
        Counting::watch(worker);
        tokio::time::sleep(TIME).await;
        let allocations = Counting::allocations();
        Counting::watch(0);
        let (after, _) = paired::worker_cost(engine).await?;
        if list == 0 {
            counted.talking.push((allocations, after - before));
        } else {
            counted.silent += allocations;
        }
    }
    phones.stop()?;
    if counted.talking.iter().any(|(_, packets)| *packets == 0) {
        return Err("no packet arrived".into());
    }
    Ok(counted)
}
