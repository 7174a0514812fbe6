//! The tests that the documents name exist where they say: `crate: test` and `crate/module` in the
//! tables of `docs/FEATURES.md` and `docs/SECURITY.md`. Stories of `e2e` and `web` have titles that
//! are put together while they run, and are not looked for.

use super::{Problem, Source};
use crate::Outcome;
use crate::process::root;
use std::collections::BTreeMap;

const DOCUMENTS: &[&str] = &["docs/FEATURES.md", "docs/SECURITY.md"];

/// A folder of a crate, and its files: path below the folder, text.
type Crates<'a> = BTreeMap<String, Vec<(String, &'a str)>>;

/// Whether a test or module of this name is in these files.
type Search = fn(&[(String, &str)], &str) -> bool;

pub(super) fn check(sources: &[Source], problems: &mut Vec<Problem>) -> Outcome {
    let crates = by_crate(sources);
    for document in DOCUMENTS {
        let path = root().join(document);
        let text = super::read(&path)?;
        for (number, line) in text.lines().enumerate() {
            for span in line.split('`').skip(1).step_by(2) {
                if let Some(message) = untrue(span, &crates) {
                    problems.push(Problem::new(&path, number + 1, message));
                }
            }
        }
    }
    Ok(())
}

fn by_crate(sources: &[Source]) -> Crates<'_> {
    let mut crates = Crates::new();
    for source in sources {
        let Ok(path) = source.path.strip_prefix(root()) else { continue };
        let path = path.display().to_string();
        let below = path.strip_prefix("crates/").unwrap_or(&path);
        let Some((name, file)) = below.split_once('/') else { continue };
        crates.entry(name.to_owned()).or_default().push((file.to_owned(), &source.raw));
    }
    crates
}

/// What is wrong with a code span, if it names a test.
fn untrue(span: &str, crates: &Crates<'_>) -> Option<String> {
    let is_name = |text: &str| {
        let name = text.trim_end_matches('…');
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/".contains(&b))
    };
    let (name, what, is_there) = match (span.split_once(": "), span.split_once('/')) {
        (Some((name, test)), _) if is_name(test) => (name, test, has_word as Search),
        (None, Some((name, module))) if is_name(module) => (name, module, has_module as Search),
        _ => return None,
    };
    let files = crates.get(name)?;
    if is_there(files, what) {
        return None;
    }
    let mut others = crates.iter().filter(|(_, files)| is_there(files, what));
    let cure = others.next().map_or_else(
        || "name one that exists, or say that nothing shows it".to_owned(),
        |(other, _)| format!("it is in {other}"),
    );
    Some(format!("`{span}` is not in {name}: {cure}"))
}

/// Whether the name stands in one of the files as a word of its own, or, with `…` behind it, as
/// the beginning of one.
fn has_word(files: &[(String, &str)], test: &str) -> bool {
    let name = test.trim_end_matches('…');
    let of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    files.iter().any(|(_, text)| {
        text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            !before.is_some_and(of_name) && (name != test || !after.is_some_and(of_name))
        })
    })
}

/// Whether a file or folder has that name, or a file declares the module.
fn has_module(files: &[(String, &str)], module: &str) -> bool {
    let last = module.rsplit('/').next().unwrap_or(module);
    files.iter().any(|(path, text)| {
        let stem = path.trim_end_matches(".rs");
        format!("/{stem}/").contains(&format!("/{module}/"))
            || text.contains(&format!("mod {last} {{"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_must_be_where_a_document_says() {
        let mut crates = Crates::new();
        let sim = "fn a_call_ends() {}\nmod quick {\n}";
        crates.insert("sim".to_owned(), vec![("tests/it/calls.rs".to_owned(), sim)]);
        crates.insert("pbx".to_owned(), vec![("src/lib.rs".to_owned(), "")]);
        for right in ["sim: a_call_ends", "sim: a_call…", "sim/calls", "sim/quick", "sim/it/calls"]
        {
            assert_eq!(untrue(right, &crates), None, "{right}");
        }
        for no_claim in ["core show calls", "text/plain", "sip: needs a colon", "Warning: 399"] {
            assert_eq!(untrue(no_claim, &crates), None, "{no_claim}");
        }
        let elsewhere = untrue("pbx: a_call_ends", &crates);
        assert!(elsewhere.is_some_and(|words| words.ends_with("it is in sim")));
        for wrong in ["sim: a_call", "sim: a_call_ends_soon", "sim/call", "pbx/quicker"] {
            assert!(untrue(wrong, &crates).is_some(), "{wrong}");
        }
    }
}
