//! CPU of a media worker per packet, against a bare loop over as many sockets in the same run.
//!
//! The figure is CPU time of the worker's thread divided by the packets it received, so that
//! other work on the machine blurs it as little as possible.

use std::time::Duration;

use sidetone_engine::{Engine, PortChoice};
use sidetone_media::{LegEvent, LegKind, Route};
use sidetone_sdp::plan::DtlsRole;

use super::Plan;
use crate::bare::BareLoop;
use crate::browser::{self, Leg};
use crate::figure::{Budget, Figure, Report};
use crate::phones::{self, Phones};
use crate::process::Process;
use crate::{Loopback, Outcome, plans};

/// Ports of the engine under test, and of the one that plays the browsers.
const TESTED_PORTS: std::ops::RangeInclusive<u16> = 20_000..=25_999;
const BROWSER_PORTS: std::ops::RangeInclusive<u16> = 26_000..=31_999;
/// The only worker's thread.
const WORKER: &str = "media-0";
const WEBRTC: LegKind = LegKind::WebRtc { lite: false };
/// Before anything is counted.
const WARM_UP: Duration = Duration::from_millis(500);

pub(super) fn run(plan: &Plan, report: &mut Report) -> Outcome {
    let time = plan.time(Duration::from_millis(1_500));
    let runtime = super::runtime()?;
    for legs in [100, 1_000] {
        let bare = bare_loop(legs, time)?;
        let mut add = |what: &str, value, times| {
            let what = format!("{what}, {legs} legs");
            report.add(Figure::new(what, value, "us", Budget::TimesBare(times)).beside(bare));
        };
        add("plain echo", runtime.block_on(plain_echo(legs, time))?, 1.1);
        add("plain relay", runtime.block_on(plain_relay(legs, time))?, 1.1);
        add("WebRTC echo", runtime.block_on(webrtc_echo(legs, time))?, 1.3);
        add("WebRTC to RTP", runtime.block_on(webrtc_relay(legs, time))?, 1.3);
    }
    Ok(())
}

fn bare_loop(count: usize, time: Duration) -> Outcome<f64> {
    let bare = BareLoop::start(count)?;
    let phones = Phones::start(phones::sockets(count)?, bare.targets().to_vec())?;
    std::thread::sleep(WARM_UP);
    let (before, cpu) = bare.cost()?;
    std::thread::sleep(time);
    let (after, used) = bare.cost()?;
    phones.stop()?;
    bare.stop()?;
    each(used - cpu, after - before)
}

/// Microseconds per packet.
fn each(cpu: Duration, packets: u64) -> Outcome<f64> {
    if packets == 0 {
        return Err("no packet arrived".into());
    }
    Ok(cpu.as_secs_f64() * 1e6 / packets as f64)
}

/// The same for the worker of an engine.
async fn worker(engine: &Engine, time: Duration) -> Outcome<f64> {
    let received = async || -> Outcome<u64> {
        let snapshot = engine.snapshot().await;
        Ok(snapshot.workers.first().ok_or("no worker")?.datagrams_in)
    };
    // Of two engines' workers the one under test is the newer.
    let own = Process::own();
    tokio::time::sleep(WARM_UP).await;
    let (before, cpu) = (received().await?, own.cpu_of(WORKER)?);
    tokio::time::sleep(time).await;
    let (after, used) = (received().await?, own.cpu_of(WORKER)?);
    each(used - cpu, after - before)
}

async fn plain_leg(engine: &Engine, phone: Loopback) -> Outcome<Leg> {
    let leg = Leg::new(engine, LegKind::Plain, PortChoice::Shared).await?;
    leg.handle.apply(plans::plain(phone)).await?;
    Ok(leg)
}

fn port_of(leg: &Leg) -> Outcome<Loopback> {
    let local = leg.handle.local_transports().first().ok_or("a leg without transport")?;
    Ok(Loopback::new(local.rtp)?)
}

async fn plain_echo(count: usize, time: Duration) -> Outcome<f64> {
    let engine = browser::engine(TESTED_PORTS)?;
    let sockets = phones::sockets(count)?;
    let (mut legs, mut targets) = (Vec::new(), Vec::new());
    for phone in phones::addresses(&sockets)? {
        let leg = plain_leg(&engine, phone).await?;
        leg.handle.route(0, Route::Echo).await?;
        targets.push(port_of(&leg)?);
        legs.push(leg);
    }
    let phones = Phones::start(sockets, targets)?;
    let cost = worker(&engine, time).await?;
    finish(phones, engine).await?;
    Ok(cost)
}

async fn plain_relay(count: usize, time: Duration) -> Outcome<f64> {
    let engine = browser::engine(TESTED_PORTS)?;
    let sockets = phones::sockets(count)?;
    let (mut legs, mut targets) = (Vec::new(), Vec::new());
    for phone in phones::addresses(&sockets)? {
        let leg = plain_leg(&engine, phone).await?;
        targets.push(port_of(&leg)?);
        legs.push(leg);
    }
    for pair in legs.chunks(2) {
        join(pair).await?;
    }
    let phones = Phones::start(sockets, targets)?;
    let cost = worker(&engine, time).await?;
    finish(phones, engine).await?;
    Ok(cost)
}

async fn join(pair: &[Leg]) -> Outcome {
    let [a, b] = pair else {
        return Err("legs are joined in pairs".into());
    };
    let (to_a, to_b) = (vec![(a.handle.id(), 0)], vec![(b.handle.id(), 0)]);
    a.handle.route(0, Route::Forward(to_b)).await?;
    b.handle.route(0, Route::Forward(to_a)).await?;
    Ok(())
}

/// A leg of the engine under test and the browser at its other end, whose sound comes from a
/// telephone.
struct Talking {
    tested: Leg,
    browser: Leg,
    feed: Leg,
}

async fn webrtc_leg(tested: &Engine, browsers: &Engine, phone: Loopback) -> Outcome<Talking> {
    let mut browser = Leg::new(browsers, WEBRTC, PortChoice::Own).await?;
    let leg = Leg::new(tested, WEBRTC, PortChoice::Shared).await?;
    let feed = plain_leg(browsers, phone).await?;
    let first = |leg: &Leg| leg.handle.local_transports().first().cloned();
    let (near, far) = first(&browser).zip(first(&leg)).ok_or("a leg without transport")?;
    leg.handle.apply(plans::webrtc(&near, DtlsRole::Server)?).await?;
    browser.handle.apply(plans::webrtc(&far, DtlsRole::Client)?).await?;
    let tobrowser = Route::Forward(vec![(browser.handle.id(), 0)]);
    feed.handle.route(0, tobrowser).await?;
    browser.until(|event| matches!(event, LegEvent::DtlsConnected { .. })).await?;
    Ok(Talking { tested: leg, browser, feed })
}

async fn webrtc_echo(count: usize, time: Duration) -> Outcome<f64> {
    let browsers = browser::engine(BROWSER_PORTS)?;
    let tested = browser::engine(TESTED_PORTS)?;
    let sockets = phones::sockets(count)?;
    let (mut legs, mut targets) = (Vec::new(), Vec::new());
    for phone in phones::addresses(&sockets)? {
        let leg = webrtc_leg(&tested, &browsers, phone).await?;
        leg.tested.handle.route(0, Route::Echo).await?;
        targets.push(port_of(&leg.feed)?);
        legs.push(leg);
    }
    let phones = Phones::start(sockets, targets)?;
    let cost = worker(&tested, time).await?;
    phones.stop()?;
    drop(legs);
    tested.stop().await;
    browsers.stop().await;
    Ok(cost)
}

/// Half of the legs are browsers, each joined with a telephone.
async fn webrtc_relay(count: usize, time: Duration) -> Outcome<f64> {
    let browsers = browser::engine(BROWSER_PORTS)?;
    let tested = browser::engine(TESTED_PORTS)?;
    let sockets = phones::sockets(count)?;
    let (mut legs, mut targets) = (Vec::new(), Vec::new());
    for pair in phones::addresses(&sockets)?.chunks(2) {
        let [voice, phone] = pair else { continue };
        let leg = webrtc_leg(&tested, &browsers, *voice).await?;
        let plain = plain_leg(&tested, *phone).await?;
        targets.extend([port_of(&leg.feed)?, port_of(&plain)?]);
        let pair = [leg.tested, plain];
        join(&pair).await?;
        legs.push((pair, leg.browser, leg.feed));
    }
    let phones = Phones::start(sockets, targets)?;
    let cost = worker(&tested, time).await?;
    phones.stop()?;
    drop(legs);
    tested.stop().await;
    browsers.stop().await;
    Ok(cost)
}

/// Packets must have come back, or nothing was measured.
async fn finish(phones: Phones, engine: Engine) -> Outcome {
    let heard = phones.heard();
    phones.stop()?;
    engine.stop().await;
    if heard == 0 {
        return Err("nothing came back".into());
    }
    Ok(())
}
