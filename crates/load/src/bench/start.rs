//! Starting and reloading a large configuration.

use std::fs;
use std::time::{Duration, Instant};

use sidetone_config::FileSource;
use sidetone_control::console;

use super::Plan;
use crate::Outcome;
use crate::figure::{Budget, Figure, Report, ms, quantile};
use crate::server::{Server, Setup};

/// Half browsers, half telephones.
const LARGE: Setup = Setup { telephones: 5_000, browsers: 5_000, callee: None };
const TURNS: usize = 3;

pub(super) fn run(plan: &Plan, report: &mut Report) -> Outcome {
    let mut starts = Vec::new();
    for _ in 1..plan.count(TURNS) {
        starts.push(Server::start(&plan.program, &LARGE)?.start_time);
    }
    let server = Server::start(&plan.program, &LARGE)?;
    starts.push(server.start_time);
    let start = ms(quantile(&mut starts, 0.5));
    let figure = |what: &str, value, budget| Figure::new(what, value, "ms", budget);
    report.add(figure("start with 10,000 endpoints", start, Budget::AtMost(1_000.0)));

    let folder = server.folder().to_string_lossy().into_owned();
    let mut reads = Vec::new();
    for _ in 0..TURNS {
        let begun = Instant::now();
        let loaded = sidetone_config::load(&FileSource, &folder);
        reads.push(begun.elapsed());
        let endpoints = loaded.config.map_or(0, |config| config.endpoints.len());
        if endpoints != LARGE.telephones + LARGE.browsers {
            return Err(format!("only {endpoints} endpoints were read").into());
        }
    }
    let read = ms(quantile(&mut reads, 0.5));
    report.add(figure("  of which reading the configuration", read, Budget::Informative));

    let unchanged = reload(&server)?;
    report.add(figure("reload, nothing changed", unchanged, Budget::AtMost(200.0)));
    let pjsip = server.folder().join("pjsip.conf");
    let text = fs::read_to_string(&pjsip)?;
    fs::write(
        &pjsip,
        text.replace("[t7](telephone)\n", "[t7](telephone)\ncallerid = Seven <7>\n"),
    )?;
    let changed = reload(&server)?;
    report.add(figure("reload, one endpoint changed", changed, Budget::AtMost(200.0)));
    Ok(())
}

/// Milliseconds of a `core reload`, asked over the control socket.
fn reload(server: &Server) -> Outcome<f64> {
    let runtime = super::runtime()?;
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..TURNS {
        let begun = Instant::now();
        let answer = runtime.block_on(console::ask(&server.control_socket(), "core reload"))?;
        times.push(begun.elapsed());
        if answer.status != 0 {
            return Err(format!("core reload: {}", answer.text).into());
        }
    }
    Ok(ms(quantile(&mut times, 0.5)))
}
