//! The limits an `aor` object puts on its bindings.

use super::RegisterError;

/// Limits of one address of record, from its `aor` object.
#[derive(Clone, Copy, Debug)]
pub struct AorLimits {
    /// `max_contacts`; 0 refuses every registration.
    pub max_contacts: u32,
    /// `remove_existing`
    pub remove_existing: bool,
    /// `remove_unavailable`
    pub remove_unavailable: bool,
    /// `minimum_expiration`, seconds.
    pub minimum_s: u32,
    /// `maximum_expiration`, seconds.
    pub maximum_s: u32,
    /// `default_expiration`, seconds.
    pub default_s: u32,
    /// Whether its contacts are asked by OPTIONS (`qualify_frequency`).
    pub is_asked: bool,
}

impl AorLimits {
    /// Seconds to grant for what was asked: the default when nothing was, never above the
    /// maximum, and 0 stays 0.
    ///
    /// # Errors
    /// [`RegisterError::TooBrief`] below the minimum.
    pub fn grant(&self, asked_s: Option<u32>) -> Result<u32, RegisterError> {
        match asked_s {
            None => Ok(self.default_s),
            Some(0) => Ok(0),
            Some(asked_s) if asked_s < self.minimum_s => {
                Err(RegisterError::TooBrief { minimum_s: self.minimum_s })
            }
            Some(asked_s) => Ok(asked_s.min(self.maximum_s)),
        }
    }
}
