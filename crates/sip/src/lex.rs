//! The lexical ground of SIP (RFC 3261 §25.1): character classes, quoted strings, and splitting
//! of lists and parameters outside quotes and angle brackets. Everything works on byte slices of
//! the message and copies nothing.

/// Characters of a token.
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

/// Whether all of a non-empty slice is token characters.
pub(crate) fn all_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| is_token(*byte))
}

/// Where the quoted string that opens at `open` closes (index of the closing quote).
pub(crate) fn closing_quote(bytes: &[u8], open: usize) -> Option<usize> {
    let mut at = open.checked_add(1)?;
    loop {
        let offset = memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        let found = at + offset;
        if bytes.get(found) == Some(&b'"') {
            return Some(found);
        }
        at = found + 2;
    }
}

/// The index of the first `wanted` byte outside quoted strings and, with [`Angles::Opaque`],
/// outside angle brackets. An unterminated quote hides everything after it.
pub(crate) fn find_outside(bytes: &[u8], wanted: u8, angles: Angles) -> Option<usize> {
    let mut at = 0;
    let mut inside_angles = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' if !inside_angles => at = closing_quote(bytes, at)?,
            b'<' if angles == Angles::Opaque => inside_angles = true,
            b'>' if inside_angles => inside_angles = false,
            _ if byte == wanted && !inside_angles => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Whether `<…>` hides separators.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Angles {
    /// Separators inside `<…>` belong to a URI.
    Opaque,
    /// `<` means nothing here.
    Plain,
}

/// Splits at a separator outside quotes and angle brackets; pieces are trimmed.
pub(crate) fn split(bytes: &[u8], separator: u8, angles: Angles) -> Split<'_> {
    Split { rest: Some(bytes), separator, angles }
}

/// Iterator of [`split`].
#[derive(Clone)]
pub(crate) struct Split<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
    angles: Angles,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.take()?;
        let Some(at) = find_outside(rest, self.separator, self.angles) else {
            return Some(rest.trim_ascii());
        };
        self.rest = rest.get(at + 1..);
        rest.get(..at).map(<[u8]>::trim_ascii)
    }
}

/// Cuts at the first `separator` byte (not quote-aware): before and after, both trimmed.
pub(crate) fn cut(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(separator, bytes)?;
    Some((bytes.get(..at)?.trim_ascii(), bytes.get(at + 1..)?.trim_ascii()))
}

/// An unsigned decimal number; none when empty, not digits or too large.
pub(crate) fn decimal(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Two hex digits after a `%`.
pub(crate) fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let high = char::from(high).to_digit(16)?;
    let low = char::from(low).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_inside_quotes_and_brackets_do_not_split() {
        let list = br#""a, \"b" <sip:x,y@z>;p="1,2" , <sip:c>"#;
        let parts: Vec<_> = split(list, b',', Angles::Opaque).collect();
        assert_eq!(parts, [&br#""a, \"b" <sip:x,y@z>;p="1,2""#[..], b"<sip:c>"]);
    }

    #[test]
    fn decimals_that_overflow_are_refused() {
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(decimal(b"18446744073709551616"), None);
        assert_eq!(decimal(b"-1"), None);
    }
}
