//! `cargo xtask tidy`: the rules of this repository that no compiler lint covers.
//!
//! Every finding names a place, the rule, and the cure. Rules that need to know code from comments
//! and strings use `text`, a scanner that knows just enough Rust for that.

mod claims;
mod crates;
mod dependencies;
mod functions;
mod layers;
mod lines;
mod links;
mod purity;
mod release;
mod text;

use crate::Outcome;
use crate::metadata;
use crate::process::root;
use std::path::{Path, PathBuf};
use text::Text;

/// A place where a rule is broken, and what to do about it.
struct Problem {
    file: PathBuf,
    /// 1-based; 0 for the file as a whole.
    line: usize,
    message: String,
}

impl Problem {
    fn new(file: &Path, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), line, message: message.into() }
    }
}

/// A Rust file of the workspace.
struct Source {
    path: PathBuf,
    /// As it is.
    raw: String,
    /// Code apart from comments and strings.
    text: Text,
    /// Whether the whole file is a test, an example or a benchmark.
    is_test: bool,
}

pub(crate) fn run(_arguments: &[String]) -> Outcome {
    let packages = metadata::workspace()?;
    let table = layers::Table::load()?;
    let sources = sources(&packages)?;
    let mut problems = table.check(&packages);
    crates::check(&table, &packages, &sources, &mut problems);
    dependencies::check(&mut problems)?;
    release::check(&mut problems)?;
    for source in &sources {
        lines::check(source, &mut problems);
        functions::check(source, &mut problems);
        purity::check(&table, source, &mut problems);
    }
    lines::check_web(&mut problems)?;
    claims::check(&sources, &mut problems)?;
    links::check(&mut problems)?;
    if problems.is_empty() {
        println!(
            "tidy: {} packages, {} Rust files, nothing to mend",
            packages.len(),
            sources.len()
        );
        return Ok(());
    }
    problems.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    for Problem { file, line, message } in &problems {
        let file = file.strip_prefix(root()).unwrap_or(file).display();
        println!("{file}:{line}: {message}");
    }
    Err(format!("{} places to mend", problems.len()))
}

/// All Rust files of the workspace's packages, outside of vendored code.
fn sources(packages: &[metadata::Package]) -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    for package in packages {
        let folder = package.manifest.parent().unwrap_or(&package.manifest);
        for part in ["src", "tests", "examples", "benches", "build.rs"] {
            let mut files = Vec::new();
            files_below(&folder.join(part), "rs", &mut files)?;
            for path in files {
                let raw = read(&path)?;
                let text = Text::new(&raw);
                sources.push(Source { path, raw, text, is_test: part != "src" });
            }
        }
    }
    mark_test_modules(&mut sources);
    Ok(sources)
}

/// A file that its parent declares under `#[cfg(test)]` is a test as a whole.
fn mark_test_modules(sources: &mut [Source]) {
    let declared: Vec<PathBuf> = sources
        .iter()
        .flat_map(|source| {
            let stem = source.path.file_stem().unwrap_or_default();
            let parent = source.path.parent().unwrap_or(Path::new(""));
            let is_root = ["mod", "lib", "main"].iter().any(|name| stem == *name);
            let folder = if is_root { parent.to_path_buf() } else { parent.join(stem) };
            source.text.test_modules().into_iter().map(move |name| folder.join(name))
        })
        .collect();
    for source in sources {
        let path = source.path.with_extension("");
        let within = |module: &PathBuf| path == *module || path.starts_with(module);
        source.is_test |= declared.iter().any(within);
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Adds files with `extension` below `path`; `path` may be a file itself, or not exist.
fn files_below(path: &Path, extension: &str, files: &mut Vec<PathBuf>) -> Outcome {
    if path.is_file() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    let Ok(entries) = std::fs::read_dir(path) else {
        return Ok(());
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default();
        let skipped = ["vendor", "node_modules", "dist", "out"].iter().any(|skip| name == *skip);
        let wanted = path.extension().is_some_and(|found| found == extension);
        if path.is_dir() && !skipped {
            files_below(&path, extension, files)?;
        } else if path.is_file() && wanted {
            files.push(path);
        }
    }
    Ok(())
}
