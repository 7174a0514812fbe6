//! What somebody dialled as digits that prefixes can be compared with.

use std::fmt;

/// The longest number: twice what E.164 has, for access codes in front.
pub const MAX_DIGITS: usize = 32;

/// How numbers are dialled here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dialling {
    /// What stands before an international number beside `+`, as `00` or `011`.
    pub international: Vec<String>,
    /// What stands before a national number, as `0`; it gives way to the country.
    pub national: String,
    /// The country of national numbers, as `49`; empty leaves them as they are.
    pub country: String,
}

/// Digits, with the country in front when they began as an international number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number(String);

impl Number {
    /// Reads what was dialled. Spaces, dots, hyphens, slashes and brackets are only for the eye.
    ///
    /// # Errors
    /// Why it is no number, in words.
    pub fn new(dialled: &str, dialling: &Dialling) -> Result<Self, String> {
        let kept = |c: &char| !matches!(c, ' ' | '.' | '-' | '/' | '(' | ')');
        let text: String = dialled.chars().filter(kept).take(MAX_DIGITS * 2).collect();
        let international = text.strip_prefix('+').or_else(|| {
            let prefixes = dialling.international.iter().filter(|prefix| !prefix.is_empty());
            let mut rests = prefixes.filter_map(|prefix| text.strip_prefix(prefix.as_str()));
            rests.next()
        });
        let national = || text.strip_prefix(dialling.national.as_str());
        let number = match international {
            Some(number) => number.to_owned(),
            None if dialling.country.is_empty() => text,
            None => match national() {
                Some(rest) => format!("{}{rest}", dialling.country),
                None => text,
            },
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("'{dialled}' is no number: digits, perhaps after +"));
        }
        if number.len() > MAX_DIGITS {
            return Err(format!("a number has at most {MAX_DIGITS} digits"));
        }
        Ok(Self(number))
    }

    /// The digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
