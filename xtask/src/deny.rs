//! `cargo xtask deny`: licences, banned and doubled dependencies.
//!
//! With cargo-deny installed it runs that, and advisories too when their database can be fetched.
//! Without, it checks licences, bans and doubles itself from `cargo tree`, which needs no network;
//! nothing then looks for advisories, and the last line says so (decision 0050).

use crate::Outcome;
use crate::metadata::{self, Compiled};
use crate::process::{self, cargo, is_installed, root};
use std::collections::{BTreeMap, BTreeSet};

/// Licences that go with MIT OR Apache-2.0 without further duties than naming them.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages that must not come in, not even through others, and why.
const BANNED: &[(&str, &str)] = &[
    (
        "openssl-sys",
        "TLS is rustls on aws-lc-rs; a second TLS library doubles what must be patched",
    ),
    ("native-tls", "as openssl-sys"),
    ("ring", "one cryptography provider in the tree: aws-lc-rs"),
    ("async-std", "one runtime in the tree: tokio"),
];

/// Packages of which two versions at once cost memory, trust or correctness.
const SINGLE: &[&str] =
    &["tokio", "rustls", "hyper", "aws-lc-rs", "aws-lc-sys", "libsqlite3-sys", "tracing-core"];

pub(crate) fn run(arguments: &[String]) -> Outcome {
    if arguments.iter().any(|argument| argument == "--install") && !is_installed("cargo-deny") {
        run_cargo(&["install", "cargo-deny", "--locked"])?;
    }
    if is_installed("cargo-deny") {
        run_cargo(&["deny", "check", "licenses", "bans", "sources"])?;
        return advisories();
    }
    own_check(&metadata::compiled()?)?;
    println!("advisories: NOT CHECKED, cargo-deny is not installed (cargo xtask deny --install)");
    Ok(())
}

/// Known vulnerabilities. A database that cannot be fetched is no fault of the change at hand, but
/// it is said.
fn advisories() -> Outcome {
    if run_cargo(&["deny", "fetch", "db"]).is_err() {
        println!("advisories: NOT CHECKED, their database cannot be fetched from here");
        return Ok(());
    }
    run_cargo(&["deny", "check", "--disable-fetch", "advisories"])
}

fn run_cargo(arguments: &[&str]) -> Outcome {
    process::run(&cargo(), arguments)
}

fn own_check(packages: &BTreeSet<Compiled>) -> Outcome {
    let home = root().display().to_string();
    let outside = || packages.iter().filter(|package| !package.place.contains(&home));
    let problems: Vec<String> = outside().flat_map(problems_of).collect();
    let doubles = doubles(outside());
    let single = doubles.iter().filter(|(name, _)| SINGLE.contains(name));
    let twice = single.map(|(name, versions)| {
        format!("{name} is there twice: {}; align the versions", versions.join(" and "))
    });
    let problems: Vec<String> = problems.into_iter().chain(twice).collect();
    println!(
        "{} packages from outside; in more than one version: {}",
        outside().count(),
        doubles.keys().copied().collect::<Vec<_>>().join(" ")
    );
    if problems.is_empty() { Ok(()) } else { Err(format!("\n  {}", problems.join("\n  "))) }
}

fn problems_of(package: &Compiled) -> Vec<String> {
    let Compiled { name, version, place, license } = package;
    let mut problems = Vec::new();
    if !is_allowed(license) {
        problems.push(format!(
            "{name} {version}: licence `{license}` is not among those allowed (xtask/src/deny.rs)"
        ));
    }
    if let Some((_, reason)) = BANNED.iter().find(|(banned, _)| banned == name) {
        problems.push(format!("{name} is banned: {reason}"));
    }
    if !place.is_empty() {
        problems.push(format!("{name} comes from {place}, not the registry"));
    }
    problems
}

fn doubles<'a>(packages: impl Iterator<Item = &'a Compiled>) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    versions
}

/// Whether an SPDX expression can be met with allowed licences only: any part of an OR, all parts
/// of an AND. `/` is the old way to write OR.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    if let Some(parts) = split(&expression, " OR ") {
        return parts.iter().any(|part| is_allowed(part));
    }
    if let Some(parts) = split(&expression, " AND ") {
        return parts.iter().all(|part| is_allowed(part));
    }
    let term = expression.trim();
    match term.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => is_allowed(inner),
        None => ALLOWED.contains(&term),
    }
}

/// The parts of `text` between separators outside parentheses; None when there is no separator.
fn split(text: &str, separator: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut depth = 0_i32;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if depth == 0 && rest.starts_with(separator) {
            parts.push(String::new());
            rest = &rest[separator.len()..];
            continue;
        }
        depth += match first {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if let Some(last) = parts.last_mut() {
            last.push(first);
        }
        rest = &rest[first.len_utf8()..];
    }
    (parts.len() > 1).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_allowed_alternative_is_enough() {
        assert!(is_allowed("GPL-3.0 OR MIT"));
        assert!(is_allowed("MIT/Apache-2.0"));
        assert!(!is_allowed("GPL-3.0"));
        assert!(!is_allowed(""));
    }

    #[test]
    fn every_part_of_a_conjunction_counts() {
        assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!is_allowed("MIT AND GPL-2.0"));
        assert!(is_allowed("ISC AND (Apache-2.0 OR ISC) AND OpenSSL"));
    }
}
