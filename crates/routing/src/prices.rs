//! What a route costs by the first digits of the number: the longest prefix that is in the list
//! decides.

use std::collections::HashMap;

use sidetone_conf::{Diagnostic, Span};

use crate::Price;

/// Digits of a prefix. The longest in use, down to single carriers' number blocks, have 12.
pub const MAX_PREFIX_DIGITS: usize = 18;

/// Prices of one route: ten times the longest lists of carriers.
pub const MAX_PRICES: usize = 1_000_000;

/// Findings told of one route's prices: a list of the wrong kind would make one per line.
const MAX_TOLD: usize = 20;

/// What a call costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// Per minute.
    pub price: Price,
    /// Once, for the connection.
    pub fee: Price,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    key: u64,
    rate: Rate,
    /// No call with this prefix goes here.
    blocked: bool,
    /// Which of the descriptions.
    description: u32,
}

/// The prices of a route by prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// Sorted by key, each key once.
    entries: Vec<Entry>,
    /// Bit n is set when there are prefixes of n digits.
    lengths: u32,
    descriptions: Vec<Box<str>>,
}

/// What the longest prefix of a number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// The prefix; empty for the price of everything else.
    pub prefix: &'a str,
    /// What it costs.
    pub rate: Rate,
    /// No call with this prefix goes here.
    pub blocked: bool,
    /// The words of the price list.
    pub description: &'a str,
}

/// A number for each text of digits, those of equal length in their order.
fn extended(key: u64, digit: u8) -> u64 {
    key * 10 + u64::from(digit - b'0')
}

/// The key of the empty prefix: the digit in front keeps 049 apart from 49.
const NOTHING: u64 = 1;

fn key(prefix: &str) -> Option<u64> {
    if prefix.len() > MAX_PREFIX_DIGITS || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(prefix.bytes().fold(NOTHING, extended))
}

/// The prefix of a key.
fn prefix_of(key: u64) -> String {
    let text = key.to_string();
    let prefix = text.get(1..).unwrap_or_default();
    if prefix.is_empty() { "*".to_owned() } else { prefix.to_owned() }
}

impl Prices {
    /// The longest prefix of the number that is here.
    #[must_use]
    pub fn longest<'a>(&'a self, number: &'a str) -> Option<Found<'a>> {
        let digits = number.bytes().take(MAX_PREFIX_DIGITS).take_while(u8::is_ascii_digit);
        let mut keys = [NOTHING; MAX_PREFIX_DIGITS + 1];
        let mut length = 0;
        for digit in digits {
            keys[length + 1] = extended(keys[length], digit);
            length += 1;
        }
        let lengths = (0..=length).rev().filter(|length| (self.lengths >> length) & 1 == 1);
        for length in lengths {
            let place = self.entries.binary_search_by_key(&keys[length], |entry| entry.key);
            let Some(entry) = place.ok().and_then(|place| self.entries.get(place)) else {
                continue;
            };
            let words = usize::try_from(entry.description).ok();
            let words = words.and_then(|place| self.descriptions.get(place));
            return Some(Found {
                prefix: number.get(..length).unwrap_or_default(),
                rate: entry.rate,
                blocked: entry.blocked,
                description: words.map_or("", |words| words),
            });
        }
        None
    }

    /// How many prefixes there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.entries.len()
    }
}

/// Prices as they are read, with what is wrong with them.
#[derive(Debug, Default)]
pub struct Draft {
    lines: Vec<(Entry, Span)>,
    descriptions: Vec<Box<str>>,
    known: HashMap<Box<str>, u32>,
    findings: Vec<Diagnostic>,
    untold: usize,
    is_full: bool,
}

impl Draft {
    /// A prefix and what it costs. `*` is every number.
    pub fn add(&mut self, prefix: &str, rate: Rate, description: &str, at: &Span) {
        self.push(prefix, rate, false, description, at);
    }

    /// A prefix that does not go here, whatever shorter ones cost.
    pub fn block(&mut self, prefix: &str, at: &Span) {
        self.push(prefix, Rate::default(), true, "", at);
    }

    fn push(&mut self, prefix: &str, rate: Rate, blocked: bool, description: &str, at: &Span) {
        let digits = prefix.trim().trim_start_matches('+');
        let Some(key) = key(if digits == "*" { "" } else { digits }).filter(|_| !digits.is_empty())
        else {
            let words = format!(
                "'{prefix}' is no prefix: write up to {MAX_PREFIX_DIGITS} digits, or * for all"
            );
            return self.say(Diagnostic::error(at, words));
        };
        if self.lines.len() >= MAX_PRICES {
            if !std::mem::replace(&mut self.is_full, true) {
                let words = format!("more than {MAX_PRICES} prices for one route");
                self.say(Diagnostic::error(at, words));
            }
            return;
        }
        let description = self.described(description.trim());
        self.lines.push((Entry { key, rate, blocked, description }, at.clone()));
    }

    /// A description takes room once, however many prefixes have it.
    fn described(&mut self, words: &str) -> u32 {
        if let Some(place) = self.known.get(words) {
            return *place;
        }
        let place = u32::try_from(self.descriptions.len()).unwrap_or(u32::MAX);
        self.descriptions.push(words.into());
        self.known.insert(words.into(), place);
        place
    }

    /// Something that is wrong, or not as meant.
    pub fn say(&mut self, finding: Diagnostic) {
        if self.findings.len() < MAX_TOLD {
            self.findings.push(finding);
        } else {
            self.untold += 1;
        }
    }

    /// The prices, and what there is to say about them. Of equal prefixes the last counts.
    #[must_use]
    pub fn finish(mut self) -> (Prices, Vec<Diagnostic>) {
        let mut lines = std::mem::take(&mut self.lines);
        // Stable: equal prefixes stay in the order in which they were written.
        lines.sort_by_key(|(entry, _)| entry.key);
        let mut entries: Vec<Entry> = Vec::with_capacity(lines.len());
        let mut lengths = 0;
        let mut before: Option<Span> = None;
        for (entry, at) in lines {
            match entries.last_mut().filter(|last| last.key == entry.key) {
                Some(last) => {
                    let first = before.as_ref().unwrap_or(&at);
                    let words = format!(
                        "prefix {} stands at {first} already: this line counts",
                        prefix_of(entry.key)
                    );
                    self.say(Diagnostic::warning(&at, words));
                    *last = entry;
                }
                None => entries.push(entry),
            }
            lengths |= 1 << entry.key.ilog10();
            before = Some(at);
        }
        entries.shrink_to_fit();
        let mut findings = self.findings;
        if self.untold > 0
            && let Some(last) = findings.last()
        {
            let words = format!("and {} more findings about these prices", self.untold);
            findings.push(Diagnostic::warning(&last.span.clone(), words));
        }
        (Prices { entries, lengths, descriptions: self.descriptions }, findings)
    }
}
