//! The driver: runs every target for a while over mutations of its corpus.
//!
//! Each target runs in a process of its own, so that an overflowing stack or an abort is a finding
//! like a panic. A process that dies is run again with the same seed, now saving each input before
//! it is tried: what is left in the file is the culprit. It looks at no coverage; for that the
//! same functions go into libFuzzer (see the library).

#![forbid(unsafe_code)]

use sidetone_fuzz::mutate::Mutator;
use sidetone_fuzz::{TARGETS, Target, find};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant, SystemTime};

/// Time for each target unless told otherwise.
const SECONDS: u64 = 30;

/// One input may take this long, a thousand times what the slowest honest input takes.
const INPUT_LIMIT: Duration = Duration::from_secs(10);

const HELP: &str = "\
fuzz [--seconds N] [--seed N] [--jobs N] [TARGET...]   attack all targets, or those named; the
                                                       seed is that of the clock unless given
fuzz --list                                            names of all targets
fuzz --input FILE TARGET                               try one input, for example a finding";

/// What the command line asks for.
struct Order {
    seconds: u64,
    seed: u64,
    jobs: usize,
    targets: Vec<&'static Target>,
    /// `--input`: try this file only.
    input: Option<PathBuf>,
    /// `--child`: this process is one that attacks; the inputs tried before are not repeated.
    child: bool,
    /// `--finding`: write the input that makes a target panic here.
    finding: Option<PathBuf>,
    /// `--save`: write each input there before trying it: for what ends the process otherwise.
    save: bool,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help") {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    if words.iter().any(|word| word == "--list") {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        return ExitCode::SUCCESS;
    }
    match order(&words).and_then(|order| obey(&order)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("fuzz: {message}");
            ExitCode::FAILURE
        }
    }
}

fn order(words: &[String]) -> Result<Order, String> {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let mut order = Order {
        seconds: SECONDS,
        seed: seed_of_the_clock(),
        jobs,
        targets: Vec::new(),
        input: None,
        child: false,
        finding: None,
        save: false,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n{HELP}"));
        let number =
            |text: &String| text.parse::<u64>().map_err(|_| format!("`{text}` is not a number"));
        match word.as_str() {
            "--seconds" => order.seconds = number(value()?)?,
            "--seed" => order.seed = number(value()?)?,
            "--jobs" => order.jobs = usize::try_from(number(value()?)?).unwrap_or(1).max(1),
            "--input" => order.input = Some(value()?.into()),
            "--finding" => order.finding = Some(value()?.into()),
            "--save" => order.save = true,
            "--child" => order.child = true,
            name => {
                let target = find(name).ok_or_else(|| format!("no target `{name}`\n{HELP}"))?;
                order.targets.push(target);
            }
        }
    }
    if order.targets.is_empty() {
        order.targets = TARGETS.iter().collect();
    }
    Ok(order)
}

/// A seed that differs from run to run, so that each finds something else. It is printed.
fn seed_of_the_clock() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_secs()
}

fn obey(order: &Order) -> Result<(), String> {
    match (&order.input, order.targets.as_slice()) {
        (Some(file), [target]) => {
            let data =
                std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
            target.run(&data);
            println!("{}: {} bytes broke nothing", target.name, data.len());
            Ok(())
        }
        (Some(_), _) => Err(format!("--input needs one target\n{HELP}")),
        (None, [target]) if order.child => attack(target, order),
        (None, targets) => supervise(targets, order),
    }
}

/// Runs the targets, `jobs` at a time, each in a process of its own.
fn supervise(targets: &[&'static Target], order: &Order) -> Result<(), String> {
    println!("seed {0}; the same again: cargo xtask fuzz --seed {0}", order.seed);
    let next = std::sync::Mutex::new(targets.iter());
    let worker = || {
        let mut failures = Vec::new();
        loop {
            let target = next.lock().ok().and_then(|mut targets| targets.next().copied());
            let Some(target) = target else {
                return failures;
            };
            if let Err(message) = run_child(target, order) {
                println!("{}: FAILED: {message}", target.name);
                failures.push(target.name);
            }
        }
    };
    let failures: Vec<&str> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..order.jobs).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    println!("{} targets, {} failed", targets.len(), failures.len());
    if failures.is_empty() { Ok(()) } else { Err(format!("failed: {}", failures.join(", "))) }
}

fn run_child(target: &Target, order: &Order) -> Result<(), String> {
    let seconds = order.seconds;
    let finding = artifact(target)?;
    let mut ended = child(target, order, seconds, (&finding, false))?;
    if ended.success() {
        return Ok(());
    }
    // A panic leaves its input behind. What aborts or hangs is looked for again: saving each input
    // makes that run slower, and it gets more time to come to the same place.
    if !finding.exists() {
        ended = child(target, order, seconds * 4 + 10, (&finding, true))?;
        if ended.success() {
            return Err("died, but not a second time with the same seed".to_owned());
        }
    }
    Err(format!(
        "{ended}; the input is in {}; try it with: cargo xtask fuzz --input {0} {1}",
        finding.display(),
        target.name
    ))
}

fn child(
    target: &Target,
    order: &Order,
    seconds: u64,
    (finding, save): (&Path, bool),
) -> Result<std::process::ExitStatus, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(["--child", "--seconds", &seconds.to_string(), "--seed", &order.seed.to_string()]);
    command.arg(target.name).env("RUST_BACKTRACE", "0");
    command.arg("--finding").arg(finding).args(save.then_some("--save"));
    command.status().map_err(|error| error.to_string())
}

fn artifact(target: &Target) -> Result<PathBuf, String> {
    let folder = home().join("artifacts");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let file = folder.join(target.name);
    // That of an earlier run would be taken for this one's; there is none most of the time.
    let _ = std::fs::remove_file(&file);
    Ok(file)
}

/// Attacks one target in this process until the time is over. Ends by panic when it succeeds.
fn attack(target: &'static Target, order: &Order) -> Result<(), String> {
    let corpus = corpus(target)?;
    let watch = Watch::start();
    let end = Instant::now() + Duration::from_secs(order.seconds);
    let mut runs = 0_u64;
    let mut bytes = 0_u64;
    let seeds = corpus.clone().into_iter();
    let mut mutator = Mutator::new(order.seed, corpus, target.words);
    let mutations = std::iter::repeat_with(|| mutator.next_input());
    for input in seeds.chain(mutations) {
        let keep = || order.finding.as_ref().map_or(Ok(()), |file| keep(file, &input));
        if order.save {
            keep()?;
        }
        watch.begin();
        let tried = catch_unwind(AssertUnwindSafe(|| target.run(&input)));
        if let Err(panic) = tried {
            keep()?;
            resume_unwind(panic);
        }
        runs += 1;
        bytes += input.len() as u64;
        if Instant::now() >= end {
            break;
        }
    }
    let rate = runs / order.seconds.max(1);
    println!("{:<20} {runs:>10} runs  {rate:>8} /s  {} MB", target.name, bytes / 1_000_000);
    Ok(())
}

fn keep(file: &Path, input: &[u8]) -> Result<(), String> {
    std::fs::write(file, input).map_err(|error| format!("{}: {error}", file.display()))
}

/// Ends the process when one input takes too long: a hang is a finding too.
struct Watch {
    begun: std::sync::Arc<std::sync::Mutex<Instant>>,
}

impl Watch {
    fn start() -> Self {
        let begun = std::sync::Arc::new(std::sync::Mutex::new(Instant::now()));
        let watched = begun.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(500));
                let since = watched.lock().map_or(Duration::MAX, |begun| begun.elapsed());
                if since > INPUT_LIMIT {
                    eprintln!("one input took more than {} s", INPUT_LIMIT.as_secs());
                    std::process::abort();
                }
            }
        });
        Self { begun }
    }

    fn begin(&self) {
        if let Ok(mut begun) = self.begun.lock() {
            *begun = Instant::now();
        }
    }
}

/// The inputs of `fuzz/corpus/<name>/`, in the order of their names.
fn corpus(target: &Target) -> Result<Vec<Vec<u8>>, String> {
    let folder = home().join("corpus").join(target.name);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        return Ok(Vec::new());
    };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let read = |file: &PathBuf| {
        std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))
    };
    files.iter().map(read).collect()
}

/// The folder `fuzz/` of the repository.
fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
