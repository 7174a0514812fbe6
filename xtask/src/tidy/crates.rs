//! Rules about crates: size, names, and where unsafe code may be.

use super::layers::Table;
use super::{Problem, Source};
use crate::metadata::Package;
use std::path::Path;

/// Design §2: split a crate that passes this, along nouns.
const CRATE_LIMIT: usize = 10_000;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "misc", "shared", "util", "utils"];

pub(super) fn check(
    table: &Table,
    packages: &[Package],
    sources: &[Source],
    problems: &mut Vec<Problem>,
) {
    for package in packages {
        let folder = package.manifest.parent().unwrap_or(&package.manifest);
        check_size(folder, sources, problems);
        let name = package.name.strip_prefix("sidetone-").unwrap_or(&package.name);
        if EMPTY_NAMES.contains(&name) {
            let message = format!("`{name}` says nothing: name the crate after what it holds");
            problems.push(Problem::new(&package.manifest, 0, message));
        }
    }
    for source in sources {
        let stem = source.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if EMPTY_NAMES.contains(&stem) {
            let message = format!("`{stem}` says nothing: name the module after what it holds");
            problems.push(Problem::new(&source.path, 0, message));
        }
        check_unsafe(table, source, problems);
    }
    check_fuzz_targets(sources, problems);
}

/// A fuzz function that the driver does not know attacks nothing.
fn check_fuzz_targets(sources: &[Source], problems: &mut Vec<Problem>) {
    let Some(table) = sources.iter().find(|source| source.path.ends_with("fuzz/src/lib.rs")) else {
        return;
    };
    for source in sources.iter().filter(|source| source.path.ends_with("src/fuzz.rs")) {
        for (number, line) in source.text.code.iter().enumerate() {
            let name = line.strip_prefix("pub fn ").and_then(|rest| rest.split('(').next());
            let Some(name) = name.filter(|name| name.starts_with("fuzz_")) else { continue };
            if !table.raw.contains(&format!("::{name}")) {
                let message = format!("`{name}` is in no line of fuzz/src/lib.rs: add it there");
                problems.push(Problem::new(&source.path, number + 1, message));
            }
        }
    }
}

fn check_size(folder: &Path, sources: &[Source], problems: &mut Vec<Problem>) {
    let inside = sources.iter().filter(|source| source.path.starts_with(folder.join("src")));
    let lines: usize = inside.map(|source| source.raw.lines().count()).sum();
    if lines > CRATE_LIMIT {
        let message = format!("{lines} lines, more than {CRATE_LIMIT}: split the crate by noun");
        problems.push(Problem::new(&folder.join("Cargo.toml"), 0, message));
    }
}

fn check_unsafe(table: &Table, source: &Source, problems: &mut Vec<Problem>) {
    if table.may_be_unsafe(&source.path) {
        return;
    }
    let is_root = source.path.ends_with("src/lib.rs") || source.path.ends_with("src/main.rs");
    let forbids = || source.text.code.iter().any(|line| line.contains("#![forbid(unsafe_code)]"));
    if is_root && !source.is_test && !forbids() {
        let message = "no `#![forbid(unsafe_code)]`: add it, or a row with a reason in layers.toml";
        problems.push(Problem::new(&source.path, 1, message));
    }
}
