//! `cargo xtask bench`: runs the benchmark programs in release mode, one after the other.
//!
//! They are example programs rather than `cargo bench` targets, because most start threads and
//! sockets and print a table of their own: figure, budget, and the bare loop of the same run.

use crate::Outcome;
use crate::process::{cargo, run};

/// A benchmark: an example program of a package.
struct Bench {
    package: &'static str,
    example: &'static str,
    measures: &'static str,
}

const BENCHES: &[Bench] = &[Bench {
    package: "sidetone-rtp",
    example: "srtp_speed",
    measures: "SRTP protect and unprotect, per packet and profile",
}];

/// Runs the benchmarks named, or all.
pub(crate) fn run_benches(names: &[String]) -> Outcome {
    if let Some(unknown) = names
        .iter()
        .find(|name| !BENCHES.iter().any(|bench| bench.example == **name))
    {
        let known: Vec<&str> = BENCHES.iter().map(|bench| bench.example).collect();
        return Err(format!(
            "no benchmark `{unknown}`; there are: {}",
            known.join(", ")
        ));
    }
    let wanted =
        |bench: &&Bench| names.is_empty() || names.iter().any(|name| name == bench.example);
    BENCHES.iter().filter(wanted).try_for_each(|bench| {
        println!(
            "== {} ({}): {}",
            bench.example, bench.package, bench.measures
        );
        let arguments = [
            "run",
            "--release",
            "--package",
            bench.package,
            "--example",
            bench.example,
        ];
        run(&cargo(), &arguments)
    })
}
