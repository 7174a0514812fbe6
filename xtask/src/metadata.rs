//! What cargo knows about the workspace and its dependencies (`cargo metadata`).

use crate::process;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A package of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    /// Name as in its manifest.
    pub(crate) name: String,
    pub(crate) manifest: PathBuf,
    /// Names of normal and build dependencies.
    pub(crate) dependencies: Vec<String>,
}

/// Packages of the workspace, without looking at what they depend on.
pub(crate) fn workspace() -> Result<Vec<Package>, String> {
    let value = query(&["metadata", "--format-version", "1", "--no-deps"])?;
    Ok(list(&value["packages"]).iter().map(package).collect())
}

/// A package that is compiled into something of ours, from `cargo tree`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Compiled {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Where it comes from when that is not the registry.
    pub(crate) place: String,
    /// Licence expression; empty when the manifest names none.
    pub(crate) license: String,
}

/// Everything that is compiled for the workspace on this kind of machine. Not from `cargo
/// metadata`, whose graph also holds packages behind features that nothing switches on.
pub(crate) fn compiled() -> Result<BTreeSet<Compiled>, String> {
    let edges = "normal,build,dev";
    let text = process::output(
        &process::cargo(),
        &["tree", "--workspace", "--edges", edges, "--prefix", "none", "--format", "{p}|{l}"],
    )?;
    Ok(text.lines().filter_map(compiled_line).collect())
}

/// Reads `name v1.2.3 (place)|licence (*)`.
fn compiled_line(line: &str) -> Option<Compiled> {
    let (package, license) = line.split_once('|')?;
    let mut words = package.splitn(3, ' ');
    let name = words.next()?.to_owned();
    let version = words.next()?.trim_start_matches('v').to_owned();
    let place = words.next().unwrap_or_default().replace("(proc-macro)", "");
    let license = license.trim_end_matches("(*)").trim().to_owned();
    Some(Compiled { name, version, place: place.trim().to_owned(), license })
}

fn query(arguments: &[&str]) -> Result<Value, String> {
    let text = process::output(&process::cargo(), arguments)?;
    serde_json::from_str(&text).map_err(|error| format!("cargo metadata printed no JSON: {error}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn package(value: &Value) -> Package {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let dependencies = value["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
    Package {
        name: text("name"),
        manifest: PathBuf::from(text("manifest_path")),
        dependencies: dependencies
            .iter()
            .filter(|dependency| dependency["kind"].as_str() != Some("dev"))
            .filter_map(|dependency| dependency["name"].as_str().map(str::to_owned))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_cargo_tree_are_taken_apart() {
        let plain = compiled_line("bytes v1.12.0|MIT").expect("well-formed");
        assert_eq!((plain.name.as_str(), plain.version.as_str()), ("bytes", "1.12.0"));
        assert_eq!((plain.place.as_str(), plain.license.as_str()), ("", "MIT"));
        let derive = compiled_line("serde_derive v1.0.1 (proc-macro)|MIT OR Apache-2.0 (*)");
        let derive = derive.expect("well-formed");
        assert_eq!((derive.place.as_str(), derive.license.as_str()), ("", "MIT OR Apache-2.0"));
        let ours = compiled_line("xtask v0.1.0 (/src/xtask)|MIT").expect("well-formed");
        assert_eq!(ours.place, "(/src/xtask)");
    }
}
