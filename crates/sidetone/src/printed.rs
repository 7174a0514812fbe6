//! What the tools and the console print. Whoever reads may close the pipe early
//! (`sidetone … | head -1`): then it has seen enough, and nothing has failed.

use std::fmt::Display;
use std::io::Write as _;

/// A line on standard output.
pub(crate) fn line(text: impl Display) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Text on standard output as it is, which may end without a line feed.
pub(crate) fn text(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A line of complaint on standard error.
pub(crate) fn complaint(text: impl Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
