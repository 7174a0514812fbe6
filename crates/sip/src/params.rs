//! `;name=value` parameters of URIs and headers, in order, with unknown ones kept as they came.

use crate::lex::{self, Angles};
use crate::limits;
use crate::text::Text;

/// One parameter. The value is as written, quotes included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// The name as written; compared without regard to case.
    pub name: Text,
    /// The value, when there is an `=`.
    pub value: Option<Text>,
}

/// Parameters in the order they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<Param>);

impl Params {
    /// No parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads `;a;b=c…` (the first `;` may be missing). White space around `;` and `=` is allowed.
    /// None when a name is empty or not a token-like word, or there are too many.
    #[must_use]
    pub fn parse(text: &Text) -> Option<Self> {
        Self::read(text, text.as_bytes())
    }

    /// Reads the part `bytes` of `whole`.
    pub(crate) fn read(whole: &Text, bytes: &[u8]) -> Option<Self> {
        let mut params = Self::new();
        let bytes = bytes.trim_ascii();
        let bytes = bytes.strip_prefix(b";").unwrap_or(bytes);
        if bytes.is_empty() {
            return Some(params);
        }
        for piece in lex::split(bytes, b';', Angles::Plain) {
            let (name, value) = match lex::cut(piece, b'=') {
                Some((name, value)) => (name, Some(value)),
                None => (piece, None),
            };
            if !is_name(name) || value.is_some_and(|value| !is_value(value)) {
                return None;
            }
            if params.0.len() >= limits::PARAMS {
                return None;
            }
            params.0.push(Param { name: whole.share(name), value: value.map(|v| whole.share(v)) });
        }
        Some(params)
    }

    /// The value of a parameter: outer `None` when absent, inner `None` when it has no value.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<Option<&Text>> {
        self.0.iter().find(|p| p.name.eq_ignore_case(name)).map(|p| p.value.as_ref())
    }

    /// The value as written of a parameter that has one.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Text> {
        self.lookup(name).flatten()
    }

    /// Whether the parameter is there, with a value or without.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.lookup(name).is_some()
    }

    /// Sets a parameter, in place when it exists, otherwise at the end.
    pub fn set(&mut self, name: &str, value: Option<Text>) {
        match self.0.iter_mut().find(|p| p.name.eq_ignore_case(name)) {
            Some(param) => param.value = value,
            None => self.0.push(Param { name: Text::from(name), value }),
        }
    }

    /// Adds or replaces `name=value`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Text>) -> Self {
        self.set(name, Some(value.into()));
        self
    }

    /// Adds `name` without a value.
    #[must_use]
    pub fn with_flag(mut self, name: &str) -> Self {
        self.set(name, None);
        self
    }

    /// Removes a parameter; true when it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|p| !p.name.eq_ignore_case(name));
        self.0.len() != before
    }

    /// All parameters in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Param> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends `;name=value…`.
    pub fn write(&self, out: &mut Vec<u8>) {
        for param in &self.0 {
            out.push(b';');
            out.extend_from_slice(param.name.as_bytes());
            if let Some(value) = &param.value {
                out.push(b'=');
                out.extend_from_slice(value.as_bytes());
            }
        }
    }
}

impl<'a> IntoIterator for &'a Params {
    type Item = &'a Param;
    type IntoIter = std::slice::Iter<'a, Param>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Parameter names of URIs may also hold `[ ] / : & $ ( )` (RFC 3261 §25.1 `paramchar`).
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|b| lex::is_token(*b) || b"[]/:&$()".contains(b))
}

/// A quoted string, or anything without blanks, quotes and separators. Empty is tolerated:
/// `;ob=` is seen from real clients.
fn is_value(value: &[u8]) -> bool {
    if value.first() == Some(&b'"') {
        return lex::closing_quote(value, 0) == Some(value.len() - 1);
    }
    !value.iter().any(|b| b.is_ascii_control() || matches!(b, b' ' | b'"' | b'<' | b'>' | b','))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_order_and_spelling() {
        let params = Params::parse(&Text::from(";Lr;a = \"x;y\" ;B=2")).unwrap();
        assert!(params.has("lr") && params.value("b").unwrap() == "2");
        let mut out = Vec::new();
        params.write(&mut out);
        assert_eq!(out, b";Lr;a=\"x;y\";B=2");
    }

    #[test]
    fn empty_or_broken_parameters_are_refused() {
        for text in [";;", ";a;;b", ";=x", ";a=\"x", ";a=b c"] {
            assert_eq!(Params::parse(&Text::from(text)), None, "{text}");
        }
    }
}
