//! What the release build must have: wrong arithmetic on what a peer sent stops one call instead of
//! corrupting it, and a report of a crash names file and line.

use super::{Problem, read};
use crate::process::root;

pub(super) fn check(problems: &mut Vec<Problem>) -> Result<(), String> {
    let manifest = root().join("Cargo.toml");
    let text = read(&manifest)?;
    let table: toml::Table =
        text.parse().map_err(|error| format!("{}: {error}", manifest.display()))?;
    problems.extend(missing(&table).map(|message| Problem::new(&manifest, 0, message)));
    Ok(())
}

/// What `[profile.release]` lacks.
fn missing(table: &toml::Table) -> impl Iterator<Item = &'static str> {
    let profile = table.get("profile").and_then(|profile| profile.get("release"));
    let option = |name: &str| profile.and_then(|profile| profile.get(name));
    let checks = option("overflow-checks").and_then(toml::Value::as_bool) == Some(true);
    let debug = option("debug");
    let lines = debug.and_then(toml::Value::as_str).is_some_and(|words| words != "none")
        || debug.and_then(toml::Value::as_bool) == Some(true);
    let unwinds = option("panic").and_then(toml::Value::as_str) != Some("abort");
    [
        (checks, "[profile.release] needs overflow-checks = true"),
        (lines, "[profile.release] needs debug information: debug = \"line-tables-only\""),
        (unwinds, "[profile.release] must unwind: a panic in one call ends that call only"),
    ]
    .into_iter()
    .filter(|(there, _)| !there)
    .map(|(_, message)| message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_that_goes_is_missed() {
        let count = |text: &str| missing(&text.parse().expect("a table")).count();
        let whole = "[profile.release]\ndebug = \"line-tables-only\"\noverflow-checks = true\n";
        assert_eq!(count(whole), 0);
        assert_eq!(count(&whole.replace("overflow-checks = true\n", "")), 1);
        assert_eq!(count(&whole.replace("line-tables-only", "none")), 1);
        assert_eq!(count(&format!("{whole}panic = \"abort\"\n")), 1);
        assert_eq!(count(""), 2);
    }
}
