//! POSIX extended regular expressions on the `regex` crate.
//!
//! Differences that remain: alternatives prefer the first instead of the longest, and there are
//! no back references. Both are bounded in time for any input, which POSIX matchers are not.

use regex::{Regex, RegexBuilder};

use crate::limits::MAX_REGEX_BYTES;

/// Whether letters match in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `a` is not `A`.
    Sensitive,
    /// `a` is `A`.
    Insensitive,
}

/// Compiles a POSIX extended regular expression.
///
/// # Errors
/// The reason in one line.
pub fn compile(pattern: &str, case: Case) -> Result<Regex, String> {
    RegexBuilder::new(&translate(pattern))
        .case_insensitive(case == Case::Insensitive)
        .size_limit(MAX_REGEX_BYTES)
        .dfa_size_limit(MAX_REGEX_BYTES)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default();
            format!("`{pattern}` is no regular expression: {reason}")
        })
}

/// In a POSIX bracket expression `[`, `&`, `~` and a leading `]` stand for themselves; in the
/// `regex` crate they begin set operations.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 4);
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(c);
        if c == '\\' {
            out.extend(rest.next());
            continue;
        }
        if c != '[' {
            continue;
        }
        out.extend(rest.next_if_eq(&'^'));
        if rest.next_if_eq(&']').is_some() {
            out.push_str("\\]");
        }
        translate_bracket(&mut rest, &mut out);
    }
    out
}

fn translate_bracket(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    while let Some(c) = rest.next() {
        match c {
            ']' => return out.push(']'),
            // A class such as `[:digit:]`.
            '[' if rest.peek() == Some(&':') => {
                out.push('[');
                for c in rest.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            '[' | '&' | '~' => out.extend(['\\', c]),
            '\\' => {
                out.push('\\');
                out.extend(rest.next());
            }
            c => out.push(c),
        }
    }
}
