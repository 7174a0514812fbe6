//! CPU of a media worker per packet, against a bare loop over as many sockets in the same run.
//!
//! The figure is CPU time of the worker's thread divided by the packets it received; the worker and
//! the loop take turns ([`super::paired`]), so that other work on the machine blurs it little.

use std::time::Duration;

use sidetone_engine::{Engine, PortChoice};
use sidetone_media::{LegEvent, LegKind, Route};
use sidetone_sdp::plan::DtlsRole;

use super::Plan;
use super::paired::{self, Pair, Talk};
use crate::browser::{self, Leg};
use crate::figure::{Budget, Figure, Report};
use crate::{Loopback, Outcome, phones, plans};

/// Ports of the engine under test, and of the one that plays the browsers.
pub(super) const TESTED_PORTS: std::ops::RangeInclusive<u16> = 20_000..=25_999;
pub(super) const BROWSER_PORTS: std::ops::RangeInclusive<u16> = 26_000..=31_999;
const WEBRTC: LegKind = LegKind::Ice { lite: false };

pub(super) fn run(plan: &Plan, report: &mut Report) -> Outcome {
    let time = plan.time(Duration::from_millis(1_500));
    let runtime = super::runtime()?;
    for legs in [100, 1_000] {
        let mut add = |what: &str, pair: Pair, times| {
            let what = format!("{what}, {legs} legs");
            let budget = Budget::TimesBare(times);
            let per_core = Figure::new(
                format!("{what}: legs a core carries"),
                legs_per_core(pair.worker),
                "legs",
                Budget::Informative,
            );
            report.add(Figure::new(what, pair.worker, "us", budget).beside(pair.bare));
            report.add(per_core.beside(legs_per_core(pair.bare)));
        };
        add("plain echo", runtime.block_on(plain_echo(legs, time))?, 1.1);
        add("plain relay", runtime.block_on(plain_relay(legs, time))?, 1.1);
        add("WebRTC echo", runtime.block_on(webrtc_echo(legs, time))?, 1.3);
        add("bridged WebRTC and RTP", runtime.block_on(webrtc_relay(legs, time))?, 1.3);
    }
    Ok(())
}

/// Legs of one core at this CPU time per packet (µs), each receiving 50 packets of 20 ms in a
/// second: calculated, as no machine here plays so many phones beside them.
fn legs_per_core(us_per_packet: f64) -> f64 {
    1e6 / (us_per_packet * 50.0)
}

pub(super) async fn plain_leg(engine: &Engine, phone: Loopback) -> Outcome<Leg> {
    let leg = Leg::new(engine, LegKind::Plain, PortChoice::Shared).await?;
    leg.handle.apply(plans::plain(phone)).await?;
    Ok(leg)
}

pub(super) fn port_of(leg: &Leg) -> Outcome<Loopback> {
    let local = leg.handle.local_transports().first().ok_or("a leg without transport")?;
    Ok(Loopback::new(local.rtp)?)
}

async fn plain_echo(count: usize, time: Duration) -> Outcome<Pair> {
    let engine = browser::engine(TESTED_PORTS)?;
    let sockets = phones::sockets(count)?;
    let (mut legs, mut targets) = (Vec::new(), Vec::new());
    for phone in phones::addresses(&sockets)? {
        let leg = plain_leg(&engine, phone).await?;
        leg.handle.route(0, Route::Echo).await?;
        targets.push(port_of(&leg)?);
        legs.push(leg);
    }
    let pair = paired::measure(&engine, Talk::ulaw(sockets, targets), time).await?;
    engine.stop().await;
    Ok(pair)
}

async fn plain_relay(count: usize, time: Duration) -> Outcome<Pair> {
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
    let pair = paired::measure(&engine, Talk::ulaw(sockets, targets), time).await?;
    engine.stop().await;
    Ok(pair)
}

pub(super) async fn join(pair: &[Leg]) -> Outcome {
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
pub(super) struct Talking {
    pub(super) tested: Leg,
    pub(super) browser: Leg,
    pub(super) feed: Leg,
}

pub(super) async fn webrtc_leg(
    tested: &Engine,
    browsers: &Engine,
    phone: Loopback,
) -> Outcome<Talking> {
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

async fn webrtc_echo(count: usize, time: Duration) -> Outcome<Pair> {
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
    // What a browser hears ends with it.
    let talk = Talk { comes_back: false, ..Talk::ulaw(sockets, targets) };
    let pair = paired::measure(&tested, talk, time).await?;
    drop(legs);
    tested.stop().await;
    browsers.stop().await;
    Ok(pair)
}

/// Half of the legs are browsers, each joined with a telephone.
async fn webrtc_relay(count: usize, time: Duration) -> Outcome<Pair> {
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
    // What a browser hears ends with it.
    let talk = Talk { comes_back: false, ..Talk::ulaw(sockets, targets) };
    let pair = paired::measure(&tested, talk, time).await?;
    drop(legs);
    tested.stop().await;
    browsers.stop().await;
    Ok(pair)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_core_of_four_microseconds_a_packet_carries_five_thousand_legs() {
        assert!((super::legs_per_core(4.0) - 5_000.0).abs() < 1e-6);
    }
}
