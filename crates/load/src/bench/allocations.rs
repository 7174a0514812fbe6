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
/// How long packets are counted, and how long silence.
const TIME: Duration = Duration::from_secs(2);

pub(super) fn run(_plan: &Plan, report: &mut Report) -> Outcome {
    let runtime = super::runtime()?;
    let mut add = |what: &str, value| {
        report.add(Figure::new(what, value, "", Budget::AtMost(0.0)));
    };
    add("allocations per packet, plain relay", runtime.block_on(plain())?);
    add("allocations per packet, WebRTC and RTP", runtime.block_on(bridged())?);
    Ok(())
}

async fn plain() -> Outcome<f64> {
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

async fn bridged() -> Outcome<f64> {
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

/// Allocations while packets are relayed, without those of the same legs in silence: the checks of
/// ICE (RFC 7675) and reports are made anew each time.
async fn count(engine: &Engine, sockets: Vec<UdpSocket>, targets: Vec<Loopback>) -> Outcome<f64> {
    let worker = Process::own().thread(paired::WORKER)?;
    let voices = vec![Voice::Ulaw; sockets.len()];
    // The second list is empty: nobody speaks.
    let phones = Phones::start_with(sockets, voices, vec![targets, Vec::new()])?;
    tokio::time::sleep(WARM_UP).await;
    // In silence, talking, and in silence again: checks become rarer with time.
    let mut counted = [(0, 0); 3];
    for (place, list) in counted.iter_mut().zip([1, 0, 1]) {
        phones.aim(list);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let (before, _) = paired::worker_cost(engine).await?;
        Counting::watch(worker);
        tokio::time::sleep(TIME).await;
        let allocations = Counting::allocations();
        Counting::watch(0);
        let (after, _) = paired::worker_cost(engine).await?;
        *place = (allocations, after - before);
    }
    phones.stop()?;
    let [(before, _), (talking, packets), (after, _)] = counted;
    let silent = (before + after) / 2;
    if packets == 0 {
        return Err("no packet arrived".into());
    }
    Ok(talking.saturating_sub(silent) as f64 / packets as f64)
}
