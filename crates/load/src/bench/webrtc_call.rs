//! Short calls of browsers: everything from INVITE to BYE.

use std::time::Duration;

use super::Plan;
use crate::Outcome;
use crate::browser::{self, Browser};
use crate::figure::{Budget, Figure, Report, ms, quantile};
use crate::server::{self, Server, Setup};
use crate::websocket::Dialer;

/// Browsers that call one after the other.
const BROWSERS: usize = 10;
/// How long they hear themselves.
const TALK: Duration = Duration::from_millis(200);
/// Ports of the browsers' media.
const PORTS: std::ops::RangeInclusive<u16> = 20_000..=24_999;

pub(super) fn run(plan: &Plan, report: &mut Report) -> Outcome {
    let server = Server::start(&plan.program, &Setup::USUAL)?;
    let process = server.process();
    let engine = browser::engine(PORTS)?;
    let dialer = Dialer::new(server.https)?;
    let calls_each = plan.count(20);
    let runtime = super::runtime()?;
    let (cost, mut delays) = runtime.block_on(async {
        let mut browsers = Vec::new();
        for number in 0..BROWSERS {
            let account = server::browser(number);
            let mut client = dialer.connect(browser::seed(number)).await?;
            client.register(&account).await?;
            browsers.push(Browser::new(client, account, browser::seed(number + 1_000)));
        }
        let mut delays = Vec::new();
        // One call each to warm up, and alone to measure the delay without a queue.
        for number in 0..calls_each {
            for browser in &mut browsers {
                if number > 0 && delays.len() >= plan.count(50) {
                    break;
                }
                let call = browser.call(&engine, "echo").await?;
                delays.push(call.first_rtp);
                browser.hang_up(call).await?;
            }
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        let before = process.cpu()?;
        let calls = browsers.iter_mut().map(|browser| async {
            for _ in 0..calls_each {
                let call = browser.call(&engine, "echo").await?;
                tokio::time::sleep(TALK).await;
                browser.hang_up(call).await?;
            }
            Outcome::Ok(())
        });
        futures_util::future::try_join_all(calls).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        Outcome::Ok((process.cpu()? - before, delays))
    })?;
    runtime.block_on(engine.stop());
    let cpu_ms = ms(cost) / (BROWSERS * calls_each) as f64;
    let figure = |what: &str, value, unit, budget| Figure::new(what, value, unit, budget);
    report.add(figure("CPU per short call, all of it", cpu_ms, "ms", Budget::AtMost(0.6)));
    let per_core = 1e3 / cpu_ms;
    report.add(figure("short calls per second and core", per_core, "/s", Budget::AtLeast(1_200.0)));
    for (what, share, most) in [("p50", 0.5, 3.0), ("p99", 0.99, 5.0)] {
        let value = ms(quantile(&mut delays, share));
        let what = format!("INVITE to first RTP heard again, {what}");
        report.add(Figure::new(what, value, "ms", Budget::AtMost(most)));
    }
    Ok(())
}
