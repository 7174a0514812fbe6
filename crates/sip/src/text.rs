//! [`Text`]: a piece of a message. Shares the buffer the message arrived in, and may hold any
//! bytes: SIP header values are usually UTF-8 but never have to be.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

/// Bytes of a message that are usually text. Cloning and slicing share the buffer.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Bytes);

impl Text {
    /// No bytes.
    pub const EMPTY: Self = Self(Bytes::new());

    /// Wraps a constant without copying.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text; invalid UTF-8 is replaced, never refused.
    #[must_use]
    pub fn to_str(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The bytes as text when they are valid UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares without regard to ASCII case.
    #[must_use]
    pub fn eq_ignore_case(&self, other: impl AsRef<[u8]>) -> bool {
        self.0.eq_ignore_ascii_case(other.as_ref())
    }

    /// The bytes from `start` to before `end`, shared; clamped to what exists.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        let end = end.min(self.0.len());
        let start = start.min(end);
        Self(self.0.slice(start..end))
    }

    /// A part of this text as a text of its own, sharing the buffer. A slice from elsewhere is
    /// copied.
    #[must_use]
    pub fn share(&self, part: &[u8]) -> Self {
        let whole = self.0.as_ptr() as usize;
        let start = (part.as_ptr() as usize).wrapping_sub(whole);
        match start.checked_add(part.len()) {
            Some(end) if !part.is_empty() && end <= self.0.len() => Self(self.0.slice(start..end)),
            _ => Self(Bytes::copy_from_slice(part)),
        }
    }

    /// Without white space at both ends.
    #[must_use]
    pub fn trimmed(&self) -> Self {
        self.share(self.0.trim_ascii())
    }

    /// The buffer itself.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// The number these bytes spell in decimal, when it fits.
    #[must_use]
    pub fn decimal<N: TryFrom<u64>>(&self) -> Option<N> {
        crate::lex::decimal(&self.0).and_then(|n| N::try_from(n).ok())
    }

    /// For a quoted string: its content with `\x` escapes undone; otherwise the text itself.
    #[must_use]
    pub fn unquoted(&self) -> Self {
        let Some(inner) = self.0.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""))
        else {
            return self.clone();
        };
        if memchr::memchr(b'\\', inner).is_none() {
            return self.share(inner);
        }
        let mut plain = Vec::with_capacity(inner.len());
        let mut bytes = inner.iter().copied();
        while let Some(byte) = bytes.next() {
            let literal = if byte == b'\\' { bytes.next() } else { Some(byte) };
            plain.extend(literal);
        }
        Self(Bytes::from(plain))
    }

    /// As a quoted string, with `"` and `\` escaped and line ends removed.
    #[must_use]
    pub fn quoted(text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        let mut out = Vec::with_capacity(text.len() + 2);
        out.push(b'"');
        for byte in text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n' | 0)) {
            if matches!(byte, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(byte);
        }
        out.push(b'"');
        Self(Bytes::from(out))
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_str(), f)
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl From<Bytes> for Text {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Bytes::from(bytes))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Bytes::from(text))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_is_undone_by_unquoting() {
        let quoted = Text::quoted(r#"a "b" \c"#);
        assert_eq!(quoted, r#""a \"b\" \\c""#);
        assert_eq!(quoted.unquoted(), r#"a "b" \c"#);
    }

    #[test]
    fn bytes_that_are_not_utf8_survive() {
        let text = Text::from(&b"caf\xe9"[..]);
        assert_eq!(text.as_str(), None);
        assert_eq!(text.as_bytes(), b"caf\xe9");
        assert_eq!(text.to_str(), "caf\u{fffd}");
    }
}
