//! Every dependency from outside has its line in docs/DEPENDENCIES.md: what it replaces, who
//! maintains it, its unsafe code, its licence.

use super::{Problem, read};
use crate::process::root;

pub(super) fn check(problems: &mut Vec<Problem>) -> Result<(), String> {
    let manifest = root().join("Cargo.toml");
    let text = read(&manifest)?;
    let table: toml::Table =
        text.parse().map_err(|error| format!("{}: {error}", manifest.display()))?;
    let document = root().join("docs/DEPENDENCIES.md");
    let Ok(page) = std::fs::read_to_string(&document) else {
        let message = "missing: give every workspace dependency a line with its reason";
        problems.push(Problem::new(&document, 0, message));
        return Ok(());
    };
    let dependencies = table
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"))
        .and_then(toml::Value::as_table);
    for name in dependencies.into_iter().flat_map(toml::Table::keys) {
        // In backquotes, so that `is` and `ctr` are not found in running text.
        if !page.contains(&format!("`{name}`")) {
            let line = line_of(&text, name);
            let message =
                format!("`{name}` has no line in docs/DEPENDENCIES.md: say why it is needed");
            problems.push(Problem::new(&manifest, line, message));
        }
    }
    Ok(())
}

fn line_of(text: &str, name: &str) -> usize {
    let is_entry = |line: &str| {
        line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
    };
    text.lines().position(is_entry).map_or(0, |index| index + 1)
}
