//! Links between documents: each that is relative leads to a file of this repository.

use std::path::{Path, PathBuf};

use super::{Problem, read};
use crate::process::root;

/// Folders whose documents are others'.
const FOREIGN: &[&str] = &["target", "node_modules", "vendor", ".git"];

pub(super) fn check(problems: &mut Vec<Problem>) -> Result<(), String> {
    for file in documents(&root())? {
        let text = read(&file)?;
        let folder = file.parent().unwrap_or(Path::new("."));
        for (line, target) in targets(&text) {
            if !folder.join(target).exists() {
                let message = format!("the link to '{target}' leads nowhere: mend or remove it");
                problems.push(Problem::new(&file, line, message));
            }
        }
    }
    Ok(())
}

fn documents(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !path.is_symlink() && !FOREIGN.contains(&name) {
            found.extend(documents(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    Ok(found)
}

/// The relative targets of `](…)` in a document, without their fragments, with their lines.
/// Blocks of code and code within a line hold none.
fn targets(text: &str) -> Vec<(usize, &str)> {
    let mut in_code = false;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code || line.starts_with("    ") {
            continue;
        }
        // What stands between backquotes is every second piece.
        for piece in line.split('`').step_by(2) {
            for (at, _) in piece.match_indices("](") {
                let rest = piece.get(at + 2..).unwrap_or_default();
                let target = rest.split([')', '#', ' ']).next().unwrap_or_default();
                if !target.is_empty() && !target.contains(':') {
                    found.push((number, target));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_links_are_found_and_others_are_not() {
        let text = "[a](b/c.md#d) and [e](f.md)\n[g](https://h) [i](#j) `[k](l.md)` [`m`](n.md)\n\
                    ```\n[o](p.md)\n```\n    [q](r.md)\n";
        assert_eq!(targets(text), [(1, "b/c.md"), (1, "f.md"), (2, "n.md")]);
    }
}
