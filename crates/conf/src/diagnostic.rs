//! Where something stands in a file, and what there is to say about it.

use std::fmt;
use std::sync::Arc;

/// A place in a configuration file. Lines and columns count from 1, columns in characters;
/// line 0 means the file as a whole.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Span {
    /// The file as the user knows it: relative to the configuration directory.
    pub file: Arc<str>,
    /// The line, from 1; 0 when the file as a whole is meant.
    pub line: u32,
    /// The column in characters, from 1; 0 when the line as a whole is meant.
    pub column: u32,
}

impl Span {
    /// A place in `file`.
    pub fn new(file: impl Into<Arc<str>>, line: u32, column: u32) -> Self {
        Self { file: file.into(), line, column }
    }

    /// The file as a whole.
    pub fn whole_file(file: impl Into<Arc<str>>) -> Self {
        Self::new(file, 0, 0)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return f.write_str(&self.file);
        }
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing to change.
    Notice,
    /// Works, but not as written or not as meant.
    Warning,
    /// What is named does not take effect.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One finding in the configuration. Prints as `pjsip.conf:12: error: message (hint)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// Where it is.
    pub span: Span,
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to change; empty when there is nothing to advise.
    pub hint: String,
}

impl Diagnostic {
    /// Something that does not take effect.
    pub fn error(span: &Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, span, message)
    }

    /// Something that works otherwise than written or meant.
    pub fn warning(span: &Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, span, message)
    }

    /// Something worth knowing.
    pub fn notice(span: &Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Notice, span, message)
    }

    /// A diagnostic without a hint.
    pub fn new(severity: Severity, span: &Span, message: impl Into<String>) -> Self {
        Self { severity, span: span.clone(), message: message.into(), hint: String::new() }
    }

    /// The same with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.span, self.severity, self.message)?;
        if self.hint.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", self.hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_prints_file_line_and_advice() {
        let span = Span::new("pjsip.conf", 12, 3);
        let text = Diagnostic::error(&span, "no '='").hint("write name = value").to_string();
        assert_eq!(text, "pjsip.conf:12: error: no '=' (write name = value)");
        let whole = Diagnostic::notice(&Span::whole_file("rtp.conf"), "not there");
        assert_eq!(whole.to_string(), "rtp.conf: notice: not there");
    }
}
