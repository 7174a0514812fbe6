//! The table of layers (`xtask/layers.toml`) against the manifests: every crate stands in it, and
//! depends only on crates above itself.

use super::Problem;
use crate::metadata::Package;
use crate::process::root;
use std::path::{Path, PathBuf};

/// Packages of the workspace that are no crates of the exchange.
const OUTSIDE: &[&str] = &["xtask", "sidetone-fuzz"];

/// One row of the table.
#[derive(Debug)]
struct Row {
    name: String,
    layer: i64,
    is_pure: bool,
    may_be_unsafe: bool,
}

/// The rows from top to bottom.
#[derive(Debug)]
pub(super) struct Table {
    file: PathBuf,
    rows: Vec<Row>,
}

impl Table {
    pub(super) fn load() -> Result<Self, String> {
        let file = root().join("xtask/layers.toml");
        let text = super::read(&file)?;
        let table: toml::Table =
            text.parse().map_err(|error| format!("{}: {error}", file.display()))?;
        let rows = table.get("crate").and_then(toml::Value::as_array);
        let rows = rows.into_iter().flatten().map(row).collect::<Result<Vec<_>, _>>();
        Ok(Self { rows: rows.map_err(|error| format!("{}: {error}", file.display()))?, file })
    }

    /// Whether the crate that holds `path` is pure.
    pub(super) fn is_pure(&self, path: &Path) -> bool {
        self.row_of(path).is_some_and(|row| row.is_pure)
    }

    /// Whether the crate that holds `path` may contain unsafe code.
    pub(super) fn may_be_unsafe(&self, path: &Path) -> bool {
        self.row_of(path).is_some_and(|row| row.may_be_unsafe)
    }

    fn row_of(&self, path: &Path) -> Option<&Row> {
        self.rows.iter().find(|row| path.starts_with(root().join("crates").join(&row.name)))
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.name == name)
    }

    pub(super) fn check(&self, packages: &[Package]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let layers: Vec<i64> = self.rows.iter().map(|row| row.layer).collect();
        if !layers.is_sorted() {
            problems.push(Problem::new(&self.file, 0, "rows are not sorted by layer"));
        }
        for package in packages {
            if OUTSIDE.contains(&package.name.as_str()) {
                continue;
            }
            let Some(place) = self.position(short(&package.name)) else {
                let message =
                    format!("`{}` is not in xtask/layers.toml: give it a row", package.name);
                problems.push(Problem::new(&package.manifest, 0, message));
                continue;
            };
            for dependency in &package.dependencies {
                self.check_edge(package, place, dependency, &mut problems);
            }
        }
        problems
    }

    fn check_edge(
        &self,
        package: &Package,
        place: usize,
        dependency: &str,
        problems: &mut Vec<Problem>,
    ) {
        let is_ours = dependency.starts_with("sidetone-");
        let Some(below) = self.position(short(dependency)).filter(|_| is_ours) else {
            return;
        };
        if below < place {
            return;
        }
        let message = format!(
            "`{}` depends on `{dependency}`, which stands below it: move code, or pass values up",
            package.name
        );
        problems.push(Problem::new(&package.manifest, 0, message));
    }
}

/// `sidetone-sip` stands in the table as `sip`; the binary as itself.
fn short(name: &str) -> &str {
    name.strip_prefix("sidetone-").unwrap_or(name)
}

fn row(value: &toml::Value) -> Result<Row, String> {
    let name = value.get("name").and_then(toml::Value::as_str);
    let name = name.ok_or("a row without name")?.to_owned();
    let layer = value.get("layer").and_then(toml::Value::as_integer);
    let layer = layer.ok_or_else(|| format!("`{name}` has no layer"))?;
    let flag = |field: &str| value.get(field).and_then(toml::Value::as_bool).unwrap_or(false);
    let row = Row { layer, is_pure: flag("pure"), may_be_unsafe: flag("unsafe"), name };
    if row.may_be_unsafe && value.get("why").is_none() {
        return Err(format!("`{}` may be unsafe, but does not say why", row.name));
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[&str]) -> Package {
        Package {
            name: name.to_owned(),
            manifest: PathBuf::from("Cargo.toml"),
            dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn problems(packages: &[Package]) -> Vec<String> {
        let table = Table::load().expect("the table of this repository is readable");
        table.check(packages).into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn dependencies_upwards_in_the_table_are_fine() {
        assert!(problems(&[package("sidetone-ua", &["sidetone-sip", "bytes"])]).is_empty());
    }

    #[test]
    fn a_dependency_downwards_is_reported() {
        let found = problems(&[package("sidetone-sip", &["sidetone-ua"])]);
        assert!(found[0].contains("stands below"), "{found:?}");
    }

    #[test]
    fn a_crate_without_a_row_is_reported() {
        assert!(problems(&[package("sidetone-gadgets", &[])])[0].contains("layers.toml"));
    }
}
