//! Plain calls that are answered and hung up by the exchange at once.

use std::time::{Duration, Instant};

use super::Plan;
use crate::Outcome;
use crate::caller::{Caller, Pace};
use crate::figure::{Budget, Figure, Report, ms, quantile};
use crate::phones;
use crate::server::{Server, Setup};

/// Calls at once when as many as possible are made.
const AT_ONCE: usize = 32;
/// Calls per second when their delay is measured: a busy office, far from the limit.
const CALM_RATE: u32 = 100;

pub(super) fn run(plan: &Plan, report: &mut Report) -> Outcome {
    let server = Server::start(&plan.program, &Setup::USUAL)?;
    let (process, time) = (server.process(), plan.time(Duration::from_secs(4)));
    // Nobody listens to what is said on them.
    let media = phones::sockets(1)?;
    let mut caller = Caller::new(&server, "answer", phones::addresses(&media)?)?;
    caller.make_calls(Pace::AtOnce(AT_ONCE), Duration::from_millis(500))?;
    let (before, done) = (process.cpu()?, caller.done);
    let start = Instant::now();
    caller.make_calls(Pace::AtOnce(AT_ONCE), time)?;
    let (calls, elapsed) = (caller.done - done, start.elapsed().as_secs_f64());
    let cpu_ms = ms(process.cpu()? - before) / calls as f64;
    let figure = |what: &str, value, unit, budget| Figure::new(what, value, unit, budget);
    report.add(figure("CPU per call, with digest", cpu_ms, "ms", Budget::AtMost(0.2)));
    let per_core = 1e3 / cpu_ms;
    report.add(figure("calls per second and core", per_core, "/s", Budget::AtLeast(2_000.0)));
    let rate = calls as f64 / elapsed;
    report.add(figure("calls per second, this run", rate, "/s", Budget::Informative));
    caller.board.trying.clear();
    caller.setups.clear();
    caller.make_calls(Pace::PerSecond(CALM_RATE), time)?;
    let mut trying = std::mem::take(&mut caller.board.trying);
    let p50 = ms(quantile(&mut trying, 0.5));
    let p99 = ms(quantile(&mut trying, 0.99));
    report.add(figure("INVITE to 100, p50 at 100 calls/s", p50, "ms", Budget::Informative));
    report.add(figure("INVITE to 100, p99 at 100 calls/s", p99, "ms", Budget::AtMost(5.0)));
    for (what, share) in [("p50", 0.5), ("p99", 0.99)] {
        let what = format!("INVITE to 200, {what} at 100 calls/s");
        let value = ms(quantile(&mut caller.setups, share));
        report.add(figure(&what, value, "ms", Budget::Informative));
    }
    caller.check()
}
