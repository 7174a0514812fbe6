//! Where a channel is in the dialplan.

use std::fmt;
use std::sync::Arc;

/// Context, extension as it was dialled, and priority. Names, not pointers: a reload of the
/// dialplan takes effect at the next priority and leaves the position valid.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// The context in which the extension is looked up.
    pub context: Arc<str>,
    /// The extension as dialled; never a pattern.
    pub extension: Arc<str>,
    /// Counted from 1.
    pub priority: u32,
}

impl Position {
    /// A position from its three parts.
    #[must_use]
    pub fn new(context: &str, extension: &str, priority: u32) -> Self {
        Self { context: context.into(), extension: extension.into(), priority }
    }

    /// The same extension at another priority.
    #[must_use]
    pub fn at(&self, priority: u32) -> Self {
        Self { priority, ..self.clone() }
    }

    /// Another extension in the same context, at priority 1.
    #[must_use]
    pub fn extension(&self, extension: &str) -> Self {
        Self { context: self.context.clone(), extension: extension.into(), priority: 1 }
    }

    /// The next priority of the same extension.
    #[must_use]
    pub fn following(&self) -> Self {
        self.at(self.priority.saturating_add(1))
    }
}

impl fmt::Display for Position {
    /// `context,extension,priority`, the form Goto takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{}", self.context, self.extension, self.priority)
    }
}
