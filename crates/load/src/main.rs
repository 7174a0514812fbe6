//! `sidetone-load [--long] [--json FILE] [--list] [NAME...]`: runs benchmarks against the release
//! binary, which `SIDETONE_BIN` names. `cargo xtask bench` builds both and calls this.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use sidetone_load::Outcome;
use sidetone_load::allocations::Counting;
use sidetone_load::bench::{BENCHES, Bench, Length, Plan};
use sidetone_load::figure::Report;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What the command line asks for.
struct Wanted {
    names: Vec<String>,
    json: Option<PathBuf>,
    length: Length,
}

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("{failed} benchmarks could not be run");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("sidetone-load: {error}");
            ExitCode::from(2)
        }
    }
}

/// Runs what is asked for; how many benchmarks failed. A missed budget is no failure: figures of
/// a busy machine must not stop anybody.
fn run() -> Outcome<usize> {
    let wanted = read_arguments()?;
    let program = std::env::var_os("SIDETONE_BIN")
        .ok_or("SIDETONE_BIN does not name the exchange; use `cargo xtask bench`")?;
    let plan = Plan { program: program.into(), length: wanted.length };
    nix::sys::resource::setrlimit(
        nix::sys::resource::Resource::RLIMIT_NOFILE,
        nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)?.1,
        nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)?.1,
    )?;
    let chosen = |bench: &&Bench| {
        wanted.names.is_empty() || wanted.names.iter().any(|name| name == bench.name)
    };
    let (mut report, mut failed) = (Report::default(), 0);
    for bench in BENCHES.iter().filter(chosen) {
        report.begin(bench.name, bench.measures);
        if let Err(error) = (bench.run)(&plan, &mut report) {
            eprintln!("   {} failed: {error}", bench.name);
            failed += 1;
        }
    }
    print!("{}", report.summary().0);
    if let Some(path) = &wanted.json {
        report.write_json(path)?;
    }
    Ok(failed)
}

fn read_arguments() -> Outcome<Wanted> {
    let mut wanted = Wanted { names: Vec::new(), json: None, length: Length::Short };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--long" => wanted.length = Length::Long,
            "--json" => wanted.json = Some(arguments.next().ok_or("--json needs a file")?.into()),
            name if BENCHES.iter().any(|bench| bench.name == name) => {
                wanted.names.push(name.to_owned());
            }
            other => {
                let names: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
                return Err(
                    format!("no benchmark `{other}`; there are: {}", names.join(", ")).into()
                );
            }
        }
    }
    Ok(wanted)
}
