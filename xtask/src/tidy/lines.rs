//! Rules about files and lines: header, length, width, no reminders left behind.

use super::{Problem, Source, files_below, read};
use crate::process::root;
use std::path::Path;

/// Style guide, structure 2.
const FILE_LIMIT: usize = 1_000;

/// As `max_width` in rustfmt.toml, which leaves comments and strings alone.
const WIDTH_LIMIT: usize = 100;

pub(super) fn check(source: &Source, problems: &mut Vec<Problem>) {
    let lines = source.raw.lines().count();
    if lines > FILE_LIMIT {
        let message = format!("{lines} lines, more than {FILE_LIMIT}: split it by noun");
        problems.push(Problem::new(&source.path, 0, message));
    }
    if !source.raw.trim_start().starts_with("//!") {
        let message = "no header: begin with `//!` and say what this is and what it does not do";
        problems.push(Problem::new(&source.path, 1, message));
    }
    for (number, line) in source.raw.lines().enumerate() {
        let width = line.chars().count();
        if width > WIDTH_LIMIT && !is_one_long_word(line) {
            let message = format!("{width} columns, more than {WIDTH_LIMIT}: break the line");
            problems.push(Problem::new(&source.path, number + 1, message));
        }
    }
    for (number, (code, comment)) in source.text.code.iter().zip(&source.text.comments).enumerate()
    {
        if let Some(mark) = reminder(code, comment) {
            let message = format!("`{mark}`: do it now, or write it into docs/ROADMAP.md");
            problems.push(Problem::new(&source.path, number + 1, message));
        }
    }
}

/// The same for TypeScript and scripts, with what a line scan can tell.
pub(super) fn check_web(problems: &mut Vec<Problem>) -> Result<(), String> {
    let mut files = Vec::new();
    for folder in ["web/src", "web/test", "web/scripts", "e2e"] {
        for extension in ["ts", "mjs", "css"] {
            files_below(&root().join(folder), extension, &mut files)?;
        }
    }
    for path in files {
        check_script(&path, &read(&path)?, problems);
    }
    Ok(())
}

fn check_script(path: &Path, text: &str, problems: &mut Vec<Problem>) {
    let lines = text.lines().count();
    if lines > FILE_LIMIT {
        let message = format!("{lines} lines, more than {FILE_LIMIT}: split it by noun");
        problems.push(Problem::new(path, 0, message));
    }
    for (number, line) in text.lines().enumerate() {
        if let Some(mark) = comment_reminder(line) {
            let message = format!("`{mark}`: do it now, or write it into docs/ROADMAP.md");
            problems.push(Problem::new(path, number + 1, message));
        }
    }
}

/// A link or a key cannot be broken.
fn is_one_long_word(line: &str) -> bool {
    line.split_whitespace().any(|word| word.chars().count() > WIDTH_LIMIT - 20)
}

fn reminder(code: &str, comment: &str) -> Option<&'static str> {
    let macros = ["todo!", "unimplemented!"];
    let found = macros.into_iter().find(|name| {
        code.match_indices(name).any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric()))
    });
    found.or_else(|| comment_reminder(comment))
}

fn comment_reminder(text: &str) -> Option<&'static str> {
    // Written in two parts, so that this file does not report itself.
    const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-' || c == '.';
    MARKS.into_iter().find(|mark| {
        text.match_indices(mark).any(|(at, _)| {
            let before = &text[..at];
            let after = &text[at + mark.len()..];
            before.trim_end().ends_with(['/', '*', '!', '#'])
                && !before.ends_with(is_part)
                && !after.starts_with(is_part)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminders_are_found_at_the_start_of_comments_and_as_macros() {
        assert!(reminder("", &format!("// {}: later", concat!("TO", "DO"))).is_some());
        assert!(reminder("    todo!()", "").is_some());
        assert!(reminder("", "// the pattern _XXX matches three digits").is_none());
        assert!(reminder("not_todo!()", "").is_some(), "a macro of that name is a reminder too");
    }

    #[test]
    fn a_link_may_be_long() {
        let link = format!("// https://example.org/{}", "a".repeat(100));
        assert!(is_one_long_word(&link));
        assert!(!is_one_long_word("// some words"));
    }
}
