//! 200 calls a second for a while: how long they take to set up, and whether memory stays where
//! it is. A minute, or ten with `--long`.

use std::time::Duration;

use super::{Length, Plan};
use crate::Outcome;
use crate::caller::{Caller, Pace};
use crate::figure::{Budget, Figure, Report, ms, quantile};
use crate::phones;
use crate::server::{Server, Setup};

const RATE: u32 = 200;
/// Until what lingers after a call is as much as it gets: an answered INVITE is remembered for
/// 64 × T1, that is 32 s (timer L of RFC 6026).
const WARM_UP: Duration = Duration::from_secs(40);
/// Between two looks at the memory.
const STEP: Duration = Duration::from_secs(1);
/// What memory may grow by, in percent of what it was.
const GROWTH: f64 = 2.0;

pub(super) fn run(plan: &Plan, report: &mut Report) -> Outcome {
    let time = match plan.length {
        Length::Short => Duration::from_secs(20),
        Length::Long => Duration::from_secs(560),
    };
    let server = Server::start(&plan.program, &Setup::USUAL)?;
    // Nobody listens to what is said on them.
    let media = phones::sockets(1)?;
    let mut caller = Caller::new(&server, "answer", phones::addresses(&media)?)?;
    caller.make_calls(Pace::PerSecond(RATE), WARM_UP)?;
    caller.setups.clear();
    caller.board.trying.clear();
    let (done, cpu) = (caller.done, server.process().cpu()?);
    let mut memory = Vec::new();
    let mut minute = (done, cpu);
    for second in 1..=time.as_secs() {
        caller.make_calls(Pace::PerSecond(RATE), STEP)?;
        memory.push(server.process().memory()?.anonymous_kib);
        if second % 60 == 0 {
            let now = (caller.done, server.process().cpu()?);
            tell_minute(second / 60, &memory, now.0 - minute.0, ms(now.1 - minute.1));
            minute = now;
        }
    }
    caller.check()?;
    let quarter = (memory.len() / 4).max(1);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    let first = mean(memory.get(..quarter).unwrap_or_default());
    let last = mean(memory.get(memory.len() - quarter..).unwrap_or_default());
    let figure = |what: &str, value, unit, budget| Figure::new(what, value, unit, budget);
    let calls = caller.done - done;
    report.add(figure("calls made", calls as f64, "", Budget::Informative));
    let cpu = ms(server.process().cpu()? - cpu) / calls.max(1) as f64;
    report.add(figure("CPU per call", cpu, "ms", Budget::AtMost(0.2)));
    for (what, share, most) in [("p50", 0.5, None), ("p99", 0.99, Some(5.0))] {
        let budget = most.map_or(Budget::Informative, Budget::AtMost);
        let value = ms(quantile(&mut caller.setups, share));
        report.add(figure(
            &format!("INVITE to 200, {what} at {RATE} calls/s"),
            value,
            "ms",
            budget,
        ));
    }
    report.add(figure("heap after the warm-up", first / 1_024.0, "MiB", Budget::Informative));
    let growth = (last - first) / first * 100.0;
    report.add(figure(
        "growth of the heap, first to last quarter",
        growth,
        "%",
        Budget::AtMost(GROWTH),
    ));
    Ok(())
}

/// Ten minutes are long: what each of them was like. One that is dearer than the last tells of
/// something that grows, which the mean of all of them hides.
fn tell_minute(minute: u64, memory: &[f64], calls: u64, cpu_ms: f64) {
    let heap = memory.last().copied().unwrap_or_default() / 1_024.0;
    let each = cpu_ms / calls.max(1) as f64;
    eprintln!("   minute {minute}: heap {heap:.1} MiB, CPU per call {each:.3} ms");
}
