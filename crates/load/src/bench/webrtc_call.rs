//! Short calls of browsers: everything from INVITE to BYE.

use std::time::Duration;

use super::Plan;
use crate::Outcome;
use crate::browser::{self, Browser, Times};
use crate::figure::{Budget, Figure, Report, ms, quantile};
use crate::server::{self, Server, Setup};
use crate::websocket::Dialer;

/// Browsers that call at the same time, each one call after the other.
const BROWSERS: usize = 60;
/// Calls made alone, to measure delays without a queue.
const ALONE: usize = 100;
/// How long they hear themselves.
const TALK: Duration = Duration::from_millis(200);
/// Ports of the browsers' media.
const PORTS: std::ops::RangeInclusive<u16> = 20_000..=24_999;

pub(super) fn run(plan: &Plan, report: &mut Report) -> Outcome {
    let server = Server::start(&plan.program, &Setup::USUAL)?;
    let process = server.process();
    let engine = browser::engine(PORTS)?;
    let dialer = Dialer::new(server.https)?;
    let calls_each = plan.count(15);
    let runtime = super::runtime()?;
    let (cost, alone) = runtime.block_on(async {
        let mut browsers = Vec::new();
        for number in 0..BROWSERS {
            let account = server::browser(number);
            let mut client = dialer.connect(browser::seed(number)).await?;
            client.register(&account).await?;
            let seed = browser::seed(number + 1_000);
            browsers.push(Browser::new(client, account, &engine, seed).await?);
        }
        let mut alone = Vec::new();
        for number in 0..plan.count(ALONE) {
            let browser = browsers.get_mut(number % BROWSERS).ok_or("no browser")?;
            let call = browser.call(&engine, "echo").await?;
            alone.push(call.times);
            browser.hang_up(call).await?;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        let before = process.cpu()?;
        let calls = browsers.iter_mut().map(|browser| async {
            for _ in 0..calls_each {
                let call = browser.call(&engine, "echo").await?;
                browser.talk(&call, TALK).await?;
                browser.hang_up(call).await?;
            }
            Outcome::Ok(())
        });
        futures_util::future::try_join_all(calls).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        Outcome::Ok((process.cpu()? - before, alone))
    })?;
    runtime.block_on(engine.stop());
    let cpu_ms = ms(cost) / (BROWSERS * calls_each) as f64;
    let figure = |what: &str, value, unit, budget| Figure::new(what, value, unit, budget);
    report.add(figure("CPU per short call, all of it", cpu_ms, "ms", Budget::AtMost(0.6)));
    let per_core = 1e3 / cpu_ms;
    report.add(figure("short calls per second and core", per_core, "/s", Budget::AtLeast(1_200.0)));
    let mut add = |what: &str, step: fn(&Times) -> Duration, share, budget| {
        let mut times: Vec<Duration> = alone.iter().map(step).collect();
        let value = ms(quantile(&mut times, share));
        report.add(Figure::new(format!("INVITE to {what}"), value, "ms", budget));
    };
    add("200, p50", |times| times.answered, 0.5, Budget::Informative);
    add("DTLS done, p50", |times| times.connected, 0.5, Budget::Informative);
    add("first RTP, there and back, p50", |times| times.first_rtp, 0.5, Budget::AtMost(3.0));
    add("first RTP, there and back, p99", |times| times.first_rtp, 0.99, Budget::AtMost(5.0));
    Ok(())
}
