//! `a=` lines as an ordered list of names and values (RFC 8866 §5.13).
//!
//! Every attribute a peer sent is kept here, known or not, in its order. The typed views live in
//! [`crate::attributes`], one file per family, and read from this list on demand.

use std::fmt::{self, Display};

/// One `a=` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The word before the colon, as received.
    pub name: String,
    /// What follows the colon; `None` for a property such as `a=rtcp-mux`.
    pub value: Option<String>,
}

impl Attribute {
    /// Reads what follows `a=`. `None` when there is no name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, value) = match text.split_once(':') {
            Some((name, value)) => (name, Some(value.trim().to_owned())),
            None => (text, None),
        };
        let name = name.trim();
        (!name.is_empty()).then(|| Self { name: name.to_owned(), value })
    }
}

impl Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}:{value}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The `a=` lines of the session or of one `m=` line, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Vec<Attribute>);

impl Attributes {
    /// All lines in order.
    pub fn iter(&self) -> impl Iterator<Item = &Attribute> {
        self.0.iter()
    }

    /// Number of lines.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a line of this name is there, with or without a value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|a| a.name.eq_ignore_ascii_case(name))
    }

    /// The value of the first line of this name that has one.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// The values of all lines of this name, in order.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |a| a.name.eq_ignore_ascii_case(name));
        named.filter_map(|a| a.value.as_deref())
    }

    /// Appends a line as it is.
    pub fn add(&mut self, attribute: Attribute) {
        self.0.push(attribute);
    }

    /// Appends a property such as `a=rtcp-mux`.
    pub fn push_flag(&mut self, name: &str) {
        self.0.push(Attribute { name: name.to_owned(), value: None });
    }

    /// Appends `a=name:value`.
    pub fn push(&mut self, name: &str, value: impl Display) {
        self.0.push(Attribute { name: name.to_owned(), value: Some(value.to_string()) });
    }

    /// Removes all lines of this name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|a| !a.name.eq_ignore_ascii_case(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_has_no_value_and_an_empty_value_is_kept() {
        let flag = Attribute::parse("rtcp-mux").unwrap();
        assert_eq!(flag.value, None);
        let empty = Attribute::parse("label:").unwrap();
        assert_eq!(empty.to_string(), "label:");
        assert_eq!(Attribute::parse(":x"), None);
    }
}
