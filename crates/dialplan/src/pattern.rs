//! Extension patterns: `_X Z N [1-5a-c] . !`, their order, and what digits match so far.
//!
//! Letters `X`, `Z` and `N` count in either case. A hyphen outside of brackets is for the reader
//! only, in patterns, extensions and dialled strings alike.

use std::cmp::Ordering;
use std::fmt;

/// Elements in one pattern. Numbers have at most some thirty digits; SIP users may be longer, but
/// Asterisk cuts extensions at 80.
pub const MAX_ELEMENTS: usize = 256;

const DIGITS: u128 = set_of(b'0', b'9');

/// A compiled pattern.
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern {
    elements: Vec<Element>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Literal(char),
    /// ASCII characters, bit n for character n. Never empty.
    Set(u128),
    /// `.`: one or more of anything.
    Some,
    /// `!`: anything or nothing, decided at once.
    Any,
}

/// How far dialled digits match one pattern or extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// They do not, and no further digit helps.
    No,
    /// They are the beginning of a match.
    Beginning,
    /// They match, and so do longer ones.
    MatchButMore,
    /// They match.
    Match,
}

/// Why a pattern cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// `[` without `]`.
    UnclosedSet,
    /// `[]`, or a range that runs backwards and leaves nothing.
    EmptySet,
    /// Sets hold ASCII characters only; this one is not.
    NotAscii(char),
    /// Something follows `.` or `!`, which match everything that follows.
    AfterWildcard,
    /// More than [`MAX_ELEMENTS`], or none.
    Length,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnclosedSet => f.write_str("a `[` has no `]`"),
            Self::EmptySet => f.write_str("a set in brackets is empty"),
            Self::NotAscii(c) => write!(f, "`{c}` cannot stand in brackets, only ASCII can"),
            Self::AfterWildcard => f.write_str("`.` and `!` must be last"),
            Self::Length => write!(f, "a pattern needs 1 to {MAX_ELEMENTS} characters"),
        }
    }
}

impl std::error::Error for PatternError {}

impl Pattern {
    /// Compiles what follows the underscore.
    ///
    /// # Errors
    /// [`PatternError`] says what to change.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let mut elements = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            if matches!(elements.last(), Some(Element::Some | Element::Any)) {
                return Err(PatternError::AfterWildcard);
            }
            let element = match c {
                '-' => continue,
                'X' | 'x' => Element::Set(DIGITS),
                'Z' | 'z' => Element::Set(set_of(b'1', b'9')),
                'N' | 'n' => Element::Set(set_of(b'2', b'9')),
                '.' => Element::Some,
                '!' => Element::Any,
                '[' => Element::Set(parse_set(&mut rest)?),
                '\\' => Element::Literal(rest.next().unwrap_or('\\')),
                literal => Element::Literal(literal),
            };
            elements.push(element);
        }
        if elements.is_empty() || elements.len() > MAX_ELEMENTS {
            return Err(PatternError::Length);
        }
        Ok(Self { elements })
    }

    /// How far the dialled string matches.
    #[must_use]
    pub fn fit(&self, dialled: &str) -> Fit {
        let mut digits = dialled.chars().filter(|c| *c != '-');
        for element in &self.elements {
            let digit = digits.next();
            match (element, digit) {
                (Element::Any, _) => return Fit::Match,
                (_, None) => return Fit::Beginning,
                (Element::Some, Some(_)) => return Fit::MatchButMore,
                (Element::Literal(c), Some(digit)) if *c == digit => {}
                (Element::Set(set), Some(digit)) if holds(*set, digit) => {}
                (_, Some(_)) => return Fit::No,
            }
        }
        if digits.next().is_some() { Fit::No } else { Fit::Match }
    }

    /// Whether `_.` or `_!`: matches the special extensions too, which is hardly ever meant.
    #[must_use]
    pub fn matches_everything(&self) -> bool {
        matches!(self.elements.first(), Some(Element::Some | Element::Any))
    }
}

/// The fit of a literal extension.
#[must_use]
pub fn literal_fit(extension: &str, dialled: &str) -> Fit {
    let mut name = extension.chars().filter(|c| *c != '-');
    for digit in dialled.chars().filter(|c| *c != '-') {
        if name.next() != Some(digit) {
            return Fit::No;
        }
    }
    if name.next().is_some() { Fit::Beginning } else { Fit::Match }
}

impl Ord for Pattern {
    /// The more specific first: position by position the element that matches fewer characters,
    /// then the lower character; `.` and then `!` are last.
    fn cmp(&self, other: &Self) -> Ordering {
        let own = self.elements.iter().map(Element::rank);
        own.cmp(other.elements.iter().map(Element::rank))
    }
}

impl PartialOrd for Pattern {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Element {
    fn rank(&self) -> (u32, u32, u128) {
        match self {
            Self::Literal(c) => (1, u32::from(*c), 0),
            Self::Set(set) => (set.count_ones(), set.trailing_zeros(), set.reverse_bits()),
            Self::Some => (u32::MAX - 1, 0, 0),
            Self::Any => (u32::MAX, 0, 0),
        }
    }
}

impl fmt::Display for Pattern {
    /// The pattern without its underscore; sets are written out without ranges.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for element in &self.elements {
            match element {
                Element::Literal(c) if "XxZzNn.![\\".contains(*c) || *c == '-' => {
                    write!(f, "\\{c}")?;
                }
                Element::Literal(c) => write!(f, "{c}")?,
                Element::Set(set) => write_set(f, *set)?,
                Element::Some => f.write_str(".")?,
                Element::Any => f.write_str("!")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern(_{self})")
    }
}

fn write_set(f: &mut fmt::Formatter<'_>, set: u128) -> fmt::Result {
    for (name, letters) in [("X", DIGITS), ("Z", set_of(b'1', b'9')), ("N", set_of(b'2', b'9'))] {
        if set == letters {
            return f.write_str(name);
        }
    }
    f.write_str("[")?;
    for byte in (0..128_u8).filter(|byte| set >> byte & 1 == 1) {
        if b"]-\\".contains(&byte) {
            f.write_str("\\")?;
        }
        write!(f, "{}", char::from(byte))?;
    }
    f.write_str("]")
}

const fn set_of(first: u8, last: u8) -> u128 {
    let (mut set, mut byte) = (0, first);
    while byte <= last {
        set |= 1 << byte;
        byte += 1;
    }
    set
}

fn holds(set: u128, c: char) -> bool {
    c.is_ascii() && set >> u32::from(c) & 1 == 1
}

/// Reads up to and including the closing bracket.
fn parse_set(rest: &mut std::str::Chars<'_>) -> Result<u128, PatternError> {
    let mut set = 0_u128;
    let mut range_from = None;
    let mut previous: Option<u8> = None;
    loop {
        let (c, escaped) = match rest.next().ok_or(PatternError::UnclosedSet)? {
            '\\' => (rest.next().ok_or(PatternError::UnclosedSet)?, true),
            c => (c, false),
        };
        if c == ']' && !escaped {
            break;
        }
        if c == '-' && !escaped && range_from.is_none() && previous.is_some() {
            range_from = previous.take();
            continue;
        }
        let byte = u8::try_from(c).ok().filter(u8::is_ascii).ok_or(PatternError::NotAscii(c))?;
        match range_from.take() {
            Some(from) if from <= byte => set |= set_of(from, byte),
            Some(_) => return Err(PatternError::EmptySet),
            None => set |= 1 << byte,
        }
        previous = Some(byte);
    }
    // A hyphen before the bracket stands for itself.
    if range_from.is_some() {
        set |= 1 << b'-';
    }
    if set == 0 { Err(PatternError::EmptySet) } else { Ok(set) }
}
