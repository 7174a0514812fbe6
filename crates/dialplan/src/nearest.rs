//! The name somebody probably meant.

/// Names longer than this are not compared: the cost is quadratic.
const MAX_LENGTH: usize = 64;

/// The candidate that differs least, if it differs little enough to be a slip.
pub(crate) fn nearest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let limit = name.chars().count().div_ceil(3).clamp(1, 3);
    let scored = candidates.into_iter().filter(|candidate| *candidate != name);
    let scored = scored.map(|candidate| (distance(name, candidate), candidate));
    scored
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions and substitutions from one to the other; letters in either case are equal.
fn distance(a: &str, b: &str) -> usize {
    let lower = |text: &str| text.chars().map(|c| c.to_ascii_lowercase()).collect::<Vec<_>>();
    let (a, b) = (lower(a), lower(b));
    if a.len().max(b.len()) > MAX_LENGTH {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            left = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_a_stranger_is_not() {
        let names = ["internal", "external", "ivr"];
        assert_eq!(nearest("intrenal", names), Some("internal"));
        assert_eq!(nearest("Internal", names), Some("internal"));
        assert_eq!(nearest("conference", names), None);
        assert_eq!(nearest("ivr", names), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
