//! Resident memory of the exchange: idle, and what each client, call and leg adds.

use std::time::Duration;

use super::Plan;
use crate::browser::{self, Browser};
use crate::caller::Caller;
use crate::figure::{Budget, Figure, Report};
use crate::server::{self, Server, Setup};
use crate::websocket::Dialer;
use crate::{Outcome, phones};

/// Registered browsers that do nothing, when there are many.
const MANY_CLIENTS: usize = 10_000;
/// Browsers that connect at the same time.
const CONNECT_AT_ONCE: usize = 20;
const PLAIN_CALLS: usize = 200;
const WEBRTC_CALLS: usize = 100;
/// Other ports than those of the benchmark of short calls, whose sockets may linger.
const PORTS: std::ops::RangeInclusive<u16> = 25_000..=29_999;

pub(super) fn run(plan: &Plan, report: &mut Report) -> Outcome {
    idle(plan, report)?;
    clients(plan, report)?;
    plain_calls(plan, report)?;
    webrtc_legs(plan, report)
}

/// Lets timers of half a second and caches of threads settle.
fn settle() {
    std::thread::sleep(Duration::from_millis(800));
}

fn idle(plan: &Plan, report: &mut Report) -> Outcome {
    let server = Server::start(&plan.program, &Setup::USUAL)?;
    settle();
    let memory = server.process().memory()?;
    let mib = memory.resident_kib / 1_024.0;
    let what = "idle process with 1,200 accounts";
    report.add(Figure::new(what, mib, "MiB", Budget::AtMost(25.0)));
    let heap = memory.anonymous_kib / 1_024.0;
    let what = "  of which heap and stacks";
    report.add(Figure::new(what, heap, "MiB", Budget::Informative));
    Ok(())
}

fn clients(plan: &Plan, report: &mut Report) -> Outcome {
    idle_clients(plan, &Setup::USUAL, report)
}

/// Ten thousand of them.
pub(super) fn run_many(plan: &Plan, report: &mut Report) -> Outcome {
    idle_clients(plan, &Setup { telephones: 0, browsers: MANY_CLIENTS, callee: None }, report)
}

/// All browsers of a setup connect and register.
fn idle_clients(plan: &Plan, setup: &Setup, report: &mut Report) -> Outcome {
    let server = Server::start(&plan.program, setup)?;
    let dialer = Dialer::new(server.https)?;
    super::runtime()?.block_on(async {
        // The first bring up pools that stay.
        let mut held = Vec::new();
        let connect = |number: usize| {
            let dialer = dialer.clone();
            async move {
                let mut client = dialer.connect(browser::seed(number)).await?;
                client.register(&server::browser(number)).await?;
                Outcome::Ok(client)
            }
        };
        for number in 0..CONNECT_AT_ONCE {
            held.push(tokio::spawn(connect(number).await?.idle()));
        }
        settle();
        let before = server.process().memory()?.anonymous_kib;
        let numbers: Vec<usize> = (CONNECT_AT_ONCE..setup.browsers).collect();
        for some in numbers.chunks(CONNECT_AT_ONCE) {
            let clients = futures_util::future::try_join_all(some.iter().map(|n| connect(*n)));
            held.extend(clients.await?.into_iter().map(|client| tokio::spawn(client.idle())));
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        let after = server.process().memory()?.anonymous_kib;
        let each = (after - before) / numbers.len() as f64;
        let what = format!("per idle registered WSS client of {}", setup.browsers);
        report.add(Figure::new(what, each, "KiB", Budget::AtMost(25.0)));
        let mib = server.process().memory()?.resident_kib / 1_024.0;
        report.add(Figure::new("  the whole process", mib, "MiB", Budget::Informative));
        for task in held {
            task.abort();
        }
        Outcome::Ok(())
    })
}

fn plain_calls(plan: &Plan, report: &mut Report) -> Outcome {
    let server = Server::start(&plan.program, &Setup::USUAL)?;
    let warm_up = phones::sockets(10)?;
    let mut first = Caller::new(&server, "echo", phones::addresses(&warm_up)?)?;
    first.hold_calls()?;
    settle();
    let before = server.process().memory()?.anonymous_kib;
    let sockets = phones::sockets(PLAIN_CALLS)?;
    let mut caller = Caller::new(&server, "echo", phones::addresses(&sockets)?)?;
    caller.hold_calls()?;
    // The first INVITE of each, which was challenged, is forgotten 5 s later (timer I).
    caller.idle(Duration::from_secs(6))?;
    let after = server.process().memory()?.anonymous_kib;
    let each = (after - before) / PLAIN_CALLS as f64;
    report.add(Figure::new("per plain call", each, "KiB", Budget::AtMost(40.0)));
    Ok(())
}

fn webrtc_legs(plan: &Plan, report: &mut Report) -> Outcome {
    let server = Server::start(&plan.program, &Setup::USUAL)?;
    let engine = browser::engine(PORTS)?;
    let dialer = Dialer::new(server.https)?;
    let runtime = super::runtime()?;
    let each = runtime.block_on(async {
        let mut browsers = Vec::new();
        for number in 0..WEBRTC_CALLS + 10 {
            let account = server::browser(number);
            let mut client = dialer.connect(browser::seed(number)).await?;
            client.register(&account).await?;
            let seed = browser::seed(number + 1_000);
            browsers.push(Browser::new(client, account, &engine, seed).await?);
        }
        let (mut calls, mut before) = (Vec::new(), 0.0);
        for (number, browser) in browsers.iter_mut().enumerate() {
            if number == 10 {
                tokio::time::sleep(Duration::from_millis(800)).await;
                before = server.process().memory()?.anonymous_kib;
            }
            calls.push(browser.call(&engine, "echo").await?);
        }
        tokio::time::sleep(Duration::from_millis(800)).await;
        let after = server.process().memory()?.anonymous_kib;
        Outcome::Ok((after - before) / WEBRTC_CALLS as f64)
    })?;
    runtime.block_on(engine.stop());
    report.add(Figure::new("per WebRTC leg", each, "KiB", Budget::AtMost(100.0)));
    Ok(())
}
