//! File name patterns of `#include`: `*`, `?` and `[a-z]`, in any part of the path.

use crate::source::{ReadError, Source};

/// Whether the text is a pattern rather than a name.
pub(crate) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The paths that match, sorted. A directory that is missing matches nothing.
///
/// # Errors
/// A directory that is there and cannot be listed.
pub(crate) fn expand(source: &dyn Source, pattern: &str) -> Result<Vec<String>, ReadError> {
    let (root, rest) = match pattern.strip_prefix('/') {
        Some(rest) => ("/", rest),
        None => (".", pattern),
    };
    let mut paths = vec![String::from(if root == "/" { "" } else { root })];
    for (index, part) in rest.split('/').enumerate() {
        let last = index == rest.split('/').count() - 1;
        if !is_pattern(part) {
            for path in &mut paths {
                path.push('/');
                path.push_str(part);
            }
            continue;
        }
        let mut matched = Vec::new();
        for directory in &paths {
            let listed = if directory.is_empty() { "/" } else { directory };
            let names = match source.list(listed) {
                Ok(names) => names,
                Err(ReadError::NotFound) => continue,
                Err(why) if last || paths.len() == 1 => return Err(why),
                Err(_) => continue,
            };
            let found = names.into_iter().filter(|name| is_visible(name) && matches(part, name));
            matched.extend(found.map(|name| format!("{directory}/{name}")));
        }
        paths = matched;
    }
    paths.sort();
    Ok(paths.into_iter().map(|path| path.trim_start_matches("./").to_owned()).collect())
}

/// As in a shell, `*` does not show files whose name starts with a dot (editors leave such).
fn is_visible(name: &str) -> bool {
    !name.starts_with('.')
}

/// Matches one name against one pattern without recursion: a star remembers where to resume, so
/// that the work is at most pattern length × name length.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut resume: Option<(usize, usize)> = None;
    while let Some(&character) = name.get(n) {
        if pattern.get(p) == Some(&'*') {
            resume = Some((p, n));
            p += 1;
            continue;
        }
        if let Some(used) = one(pattern.get(p..).unwrap_or(&[]), character) {
            p += used;
            n += 1;
            continue;
        }
        let Some((star, from)) = resume else {
            return false;
        };
        resume = Some((star, from + 1));
        p = star + 1;
        n = from + 1;
    }
    pattern.get(p..).unwrap_or(&[]).iter().all(|rest| *rest == '*')
}

/// Matches one character against the head of a pattern; returns how much of the pattern it used.
fn one(pattern: &[char], character: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => {
            let end = pattern.iter().skip(2).position(|c| *c == ']')? + 2;
            let set = pattern.get(1..end)?;
            let (negated, set) = match set.split_first() {
                Some(('!' | '^', rest)) => (true, rest),
                _ => (false, set),
            };
            (in_set(set, character) != negated).then_some(end + 1)
        }
        literal => (*literal == character).then_some(1),
    }
}

fn in_set(set: &[char], character: char) -> bool {
    let range = set.windows(3).any(|w| w[1] == '-' && (w[0]..=w[2]).contains(&character));
    range || set.contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::MemorySource;

    #[test]
    fn patterns_match_like_a_shell() {
        for (pattern, name, expected) in [
            ("*.conf", "a.conf", true),
            ("*.conf", "a.conf.bak", false),
            ("a?c", "abc", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("*a*b*", "xxaxxb", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn matches_are_sorted_and_hidden_files_left_out() {
        let source = MemorySource::new()
            .with("/etc/x/b.conf", "")
            .with("/etc/x/a.conf", "")
            .with("/etc/x/.a.conf", "")
            .with("/etc/y/c.conf", "");
        assert_eq!(
            expand(&source, "/etc/*/*.conf").unwrap(),
            ["/etc/x/a.conf", "/etc/x/b.conf", "/etc/y/c.conf"]
        );
    }
}
