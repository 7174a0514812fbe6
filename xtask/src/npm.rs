//! The parts in TypeScript: the web phone, and the end-to-end stories.

use crate::Outcome;
use crate::process::{command, finish, root, run_in, target_dir};
use crate::{plain, setup};
use std::path::{Path, PathBuf};

/// `cargo xtask web`: type check, unit tests, freshness of the committed bundle.
pub(crate) fn web(arguments: &[String]) -> Outcome {
    install("web")?;
    if arguments.iter().any(|argument| argument == "--build") {
        return run_in("web", "npm", &["run", "--silent", "build"]);
    }
    run_in("web", "npm", &["run", "--silent", "check"])?;
    run_in("web", "npm", &["test", "--silent"])
}

/// Longest one file of stories may take, in milliseconds. Each wait within has its own limit; this
/// one is for a browser that hangs.
const FILE_LIMIT_MS: u32 = 900_000;

/// `cargo xtask e2e [NAME…]`: all stories, or those of `e2e/test/NAME.test.mjs`.
pub(crate) fn e2e(arguments: &[String]) -> Outcome {
    let files = stories(arguments)?;
    setup::require_peers()?;
    install("e2e")?;
    let binary = match std::env::var_os("SIDETONE_BIN") {
        Some(path) => root().join(path),
        None => plain::release_binary()?,
    };
    let limit = format!("--test-timeout={FILE_LIMIT_MS}");
    let mut node = command(
        "node",
        // One file at a time: two browsers and an exchange fill two cores.
        &["--test", "--test-concurrency=1", "--test-reporter=spec", &limit],
    );
    finish(node.args(files).current_dir(root().join("e2e")).env("SIDETONE_BIN", binary))
}

fn stories(names: &[String]) -> Result<Vec<PathBuf>, String> {
    let folder = root().join("e2e/test");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{folder:?}: {error}"))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| story_name(path).is_some_and(|name| is_wanted(name, names)))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(format!("no story in {} is called {}", folder.display(), names.join(" or ")));
    }
    Ok(files)
}

fn story_name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.strip_suffix(".test.mjs")
}

fn is_wanted(name: &str, names: &[String]) -> bool {
    names.is_empty() || names.iter().any(|wanted| wanted == name)
}

/// Installs what `package-lock.json` of `folder` names, unless that was done since it changed.
pub(crate) fn install(folder: &str) -> Outcome {
    let lock = root().join(folder).join("package-lock.json");
    let stamp = target_dir().join(format!("npm-{folder}.stamp"));
    let wanted = std::fs::read(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    let modules = root().join(folder).join("node_modules");
    if modules.is_dir() && std::fs::read(&stamp).is_ok_and(|done| done == wanted) {
        return Ok(());
    }
    println!("npm ci in {folder}/ …");
    run_in(folder, "npm", &["ci", "--no-audit", "--no-fund", "--loglevel=error"])?;
    let written =
        std::fs::create_dir_all(target_dir()).and_then(|()| std::fs::write(&stamp, wanted));
    written.map_err(|error| format!("{}: {error}", stamp.display()))
}
