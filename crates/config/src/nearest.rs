//! "Did you mean": the known name most like the one written.

/// Longer names are not compared: the work is the product of both lengths.
const MAX_NAME_CHARACTERS: usize = 80;

/// The candidate that differs least, when it differs little: at most a third of its length, and
/// separators and case count for nothing (`transporttls` is `transport-tls`).
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = normal(name);
    if wanted.is_empty() || wanted.len() > MAX_NAME_CHARACTERS {
        return None;
    }
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = normal(candidate);
            if other.len() > MAX_NAME_CHARACTERS {
                return None;
            }
            let edits = distance(&wanted, &other);
            let allowed = (wanted.len().max(other.len()) / 3).max(1);
            (edits <= allowed).then_some((edits, candidate))
        })
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// The hint that goes with it, or what to do when nothing is like it.
pub fn meant(near: Option<&str>, otherwise: impl FnOnce() -> String) -> String {
    near.map_or_else(otherwise, |near| format!("did you mean '{near}'?"))
}

fn normal(name: &str) -> Vec<char> {
    let kept = name.chars().filter(|character| character.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one into the other
/// (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(x != y);
            let mut best = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *y && *x == b[j - 1] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = above;
        above = row;
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
#[path = "../tests/unit/nearest.rs"]
mod tests;
