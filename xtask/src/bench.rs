//! `cargo xtask bench`: benchmarks in release mode. Most are those of `sidetone-load`, run against
//! the release binary; a few are example programs of the crate they measure.

use crate::Outcome;
use crate::process::{cargo, command, finish, run, target_dir};

/// A benchmark that is an example program of a package.
struct Example {
    package: &'static str,
    name: &'static str,
    measures: &'static str,
}

const EXAMPLES: &[Example] = &[Example {
    package: "sidetone-rtp",
    name: "srtp_speed",
    measures: "SRTP protect and unprotect, per packet and profile",
}];

/// Runs the benchmarks named, or all. `--long` and `--json FILE` are for `sidetone-load`, which
/// also knows the other names.
pub(crate) fn run_benches(arguments: &[String]) -> Outcome {
    let (examples, load): (Vec<&String>, Vec<&String>) = arguments
        .iter()
        .partition(|argument| EXAMPLES.iter().any(|example| example.name == **argument));
    let no_names = !names_something(arguments);
    for example in EXAMPLES {
        if no_names || examples.iter().any(|name| *name == example.name) {
            run_example(example)?;
        }
    }
    if !examples.is_empty() && !names_something(&load) {
        return Ok(());
    }
    run_load(&load)
}

/// Whether there is a name among options.
fn names_something<S: AsRef<str>>(arguments: &[S]) -> bool {
    let mut arguments = arguments.iter().map(AsRef::as_ref);
    while let Some(argument) = arguments.next() {
        match argument {
            "--json" => drop(arguments.next()),
            option if option.starts_with('-') => {}
            _ => return true,
        }
    }
    false
}

fn run_example(example: &Example) -> Outcome {
    let Example { package, name, measures } = example;
    println!("== {name} ({package}): {measures}");
    let arguments = ["run", "--release", "--package", package, "--example", name];
    run(&cargo(), &arguments)
}

fn run_load(arguments: &[&String]) -> Outcome {
    let build = ["build", "--release", "--package", "sidetone", "--package", "sidetone-load"];
    run(&cargo(), &build)?;
    let built = target_dir().join("release");
    let arguments: Vec<&str> = arguments.iter().map(|argument| argument.as_str()).collect();
    let mut load = command(built.join("sidetone-load"), &arguments);
    if std::env::var_os("SIDETONE_BIN").is_none() {
        load.env("SIDETONE_BIN", built.join("sidetone"));
    }
    finish(&mut load)
}
