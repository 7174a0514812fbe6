//! `cargo xtask fuzz`: builds the driver in `fuzz/` and runs it.

use crate::Outcome;
use crate::process::{cargo, run};

/// Passes everything on to the driver; `cargo xtask fuzz --help` shows what it takes.
pub(crate) fn run_driver(arguments: &[String]) -> Outcome {
    let mut words = vec!["run", "--quiet", "--release", "--package", "sidetone-fuzz", "--"];
    words.extend(arguments.iter().map(String::as_str));
    run(&cargo(), &words)
}
