//! `cargo xtask test`: everything continuous integration checks, in the order in which failures
//! are found soonest. Stops at the first failing step and names it.

use crate::process::{cargo, is_installed, run};
use crate::{Outcome, deny, fuzz, npm, plain, tidy};
use std::time::{Duration, Instant, SystemTime};

/// Whoever waits longer for the checks of a change begins the next one before they are done.
const LIMIT: Duration = Duration::from_secs(40 * 60);

struct Step {
    name: &'static str,
    run: fn() -> Outcome,
}

const STEPS: &[Step] = &[
    Step { name: "fmt", run: || run(&cargo(), &["fmt", "--all", "--check"]) },
    Step { name: "tidy", run: || tidy::run(&[]) },
    Step { name: "deny", run: || deny::run(&[]) },
    Step { name: "clippy", run: clippy },
    Step { name: "unit", run: unit },
    Step { name: "doc", run: || run(&cargo(), &["test", "--quiet", "--workspace", "--doc"]) },
    Step { name: "web", run: || npm::web(&[]) },
    Step { name: "release", run: || plain::release_binary().map(drop) },
    Step { name: "fuzz", run: || fuzz::run_driver(&[]) },
    Step { name: "e2e", run: || npm::e2e(&[]) },
];

pub(crate) fn run_steps(arguments: &[String]) -> Outcome {
    if arguments.iter().any(|argument| argument == "--list") {
        STEPS.iter().for_each(|step| println!("{}", step.name));
        return Ok(());
    }
    let steps = wanted(arguments)?;
    let began = Instant::now();
    let mut times = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        println!("\n== [{}/{}] {}", index + 1, steps.len(), step.name);
        let step_began = Instant::now();
        let outcome = (step.run)();
        let seconds = step_began.elapsed().as_secs_f64();
        if let Err(message) = outcome {
            println!("\n{} passed, 1 failed", times.len());
            return Err(format!("step `{}` failed after {seconds:.1} s: {message}", step.name));
        }
        println!("== {}: ok in {seconds:.1} s", step.name);
        times.push((step.name, seconds));
    }
    println!("\nsteps:");
    for (name, seconds) in &times {
        println!("  {name:<10} {seconds:>7.1} s");
    }
    println!("all in {:.1} s", began.elapsed().as_secs_f64());
    println!("{} passed, 0 failed", times.len());
    keeps_the_limit(began.elapsed() + before(began), std::env::var_os("CI").is_some())
}

/// What `.ci/run` did before the first step: it built this program and installed packages.
fn before(began: Instant) -> Duration {
    let start = std::env::var("SIDETONE_CI_BEGAN").ok().and_then(|text| text.parse().ok());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let whole = start.and_then(|start| now.checked_sub(Duration::from_secs(start)));
    whole.unwrap_or_default().saturating_sub(began.elapsed())
}

/// On the machines of continuous integration, which do nothing else, too long is a failure;
/// elsewhere other work may be the reason, so that it is only said.
fn keeps_the_limit(took: Duration, on_ci: bool) -> Outcome {
    if took <= LIMIT {
        return Ok(());
    }
    let minutes = |time: Duration| time.as_secs() / 60;
    let words = format!(
        "everything passed, but took {} minutes; more than {} on two cores is too long: make tests \
         faster before there are more",
        minutes(took),
        minutes(LIMIT)
    );
    if on_ci {
        return Err(words);
    }
    println!("\nWARNING: {words}");
    Ok(())
}

fn wanted(arguments: &[String]) -> Result<&'static [Step], String> {
    let position = |name: &String| {
        let known = || STEPS.iter().map(|step| step.name).collect::<Vec<_>>().join(", ");
        let found = STEPS.iter().position(|step| step.name == name);
        found.ok_or_else(|| format!("no step `{name}`; there are: {}", known()))
    };
    match arguments {
        [] => Ok(STEPS),
        [flag, name] if flag == "--from" => Ok(&STEPS[position(name)?..]),
        [flag, name] if flag == "--only" => {
            let at = position(name)?;
            Ok(&STEPS[at..=at])
        }
        _ => Err("usage: cargo xtask test [--from STEP | --only STEP | --list]".to_owned()),
    }
}

fn clippy() -> Outcome {
    let arguments = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
    run(&cargo(), &arguments)
}

fn unit() -> Outcome {
    if is_installed("cargo-nextest") {
        let arguments =
            ["nextest", "run", "--workspace", "--no-fail-fast", "--status-level", "slow"];
        return run(&cargo(), &arguments);
    }
    println!("cargo-nextest is not installed; cargo test runs instead");
    run(
        &cargo(),
        &["test", "--quiet", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_forty_minutes_fail_on_ci_and_are_said_elsewhere() {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        assert_eq!(keeps_the_limit(minutes(40), true), Ok(()));
        assert!(
            keeps_the_limit(minutes(41), true).is_err_and(|words| words.contains("41 minutes"))
        );
        assert_eq!(keeps_the_limit(minutes(41), false), Ok(()));
    }
}
