//! Tasks of this repository: `cargo xtask help` lists them.
//!
//! Everything that continuous integration checks runs through here, so that it runs the same by
//! hand. Few dependencies, because it is compiled before anything else can be checked.

#![forbid(unsafe_code)]

mod bench;
mod deny;
mod docs;
mod fuzz;
mod metadata;
mod npm;
mod plain;
mod process;
mod setup;
mod test;
mod tidy;

use std::process::ExitCode;

/// What a task returns: its failure in words, ready to print.
type Outcome = Result<(), String>;

/// A task, as `cargo xtask` offers it.
struct Command {
    name: &'static str,
    arguments: &'static str,
    synopsis: &'static str,
    run: fn(&[String]) -> Outcome,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "setup",
        arguments: "",
        synopsis: "install what tests need: Debian packages, npm packages of web/ and e2e/",
        run: setup::run,
    },
    Command {
        name: "test",
        arguments: "[--from STEP | --only STEP | --list]",
        synopsis: "everything CI checks, step by step, stopping at the first failure",
        run: test::run_steps,
    },
    Command {
        name: "tidy",
        arguments: "",
        synopsis: "the rules of docs/ARCHITECTURE.md that are no compiler's lint",
        run: tidy::run,
    },
    Command {
        name: "e2e",
        arguments: "[NAME...]",
        synopsis: "real browsers and SIP peers against the release binary (or SIDETONE_BIN)",
        run: npm::e2e,
    },
    Command {
        name: "web",
        arguments: "[--build]",
        synopsis: "type check, unit tests and freshness of the web phone; --build renews web/dist",
        run: npm::web,
    },
    Command {
        name: "fuzz",
        arguments: "[--seconds N] [TARGET...]",
        synopsis: "mutate the corpus against every parser and machine (30 s each)",
        run: fuzz::run_driver,
    },
    Command {
        name: "bench",
        arguments: "[--long] [--json FILE] [NAME...]",
        synopsis: "figures beside their budgets and a bare loop, see docs/BENCHMARKS.md",
        run: bench::run_benches,
    },
    Command {
        name: "docs",
        arguments: "[--check]",
        synopsis: "the reference of options, applications, functions and commands, from the tables",
        run: docs::run,
    },
    Command {
        name: "deny",
        arguments: "[--install]",
        synopsis: "licences, banned and doubled dependencies",
        run: deny::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    if matches!(name, "help" | "--help" | "-h") {
        print_help();
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprintln!("xtask: there is no task `{name}`; `cargo xtask help` lists them");
        return ExitCode::from(2);
    };
    match (command.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask {name}: {message}");
            ExitCode::FAILURE
        }
    }
}

fn print_help() {
    println!("cargo xtask TASK\n");
    for command in COMMANDS {
        println!("  {:<6} {}", command.name, command.arguments);
        println!("         {}", command.synopsis);
    }
}
