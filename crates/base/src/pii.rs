//! Personal data that must not reach a log by accident.

use std::fmt;

/// Wraps a value (a number, a name, a password) whose `Debug` and `Display` show only its size.
/// Call [`Pii::reveal`] where the value itself is needed.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for use and never for logging.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T: AsRef<str>> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} characters>", self.0.as_ref().chars().count())
    }
}

impl<T: AsRef<str>> fmt::Display for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_prints() {
        let password = Pii::new("secret");
        assert_eq!(format!("{password} {password:?}"), "<6 characters> <6 characters>");
        assert_eq!(*password.reveal(), "secret");
    }
}
