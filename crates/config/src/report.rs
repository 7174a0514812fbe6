//! Collects findings while objects are built: errors where they are, and one line per option
//! that is set and does nothing, however many objects set it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sidetone_conf::{Diagnostic, Span};

/// Findings of one load.
#[derive(Debug, Default)]
pub(crate) struct Report {
    diagnostics: Vec<Diagnostic>,
    /// What was said already: inherited values are checked for every heir.
    said: HashSet<String>,
    /// Errors, repeated ones counted.
    errors: usize,
    /// Everything heard, repeated or not.
    heard: usize,
    ignored: BTreeMap<(&'static str, &'static str), Ignored>,
}

/// Where an option without effect is set.
#[derive(Debug)]
struct Ignored {
    first: Span,
    reason: &'static str,
    /// Lines that set it: values inherited by a thousand objects stand on one line.
    lines: BTreeSet<(String, u32)>,
}

impl Report {
    /// A report that already holds findings about the text.
    pub(crate) fn starting_with(diagnostics: Vec<Diagnostic>) -> Self {
        Self { diagnostics, ..Self::default() }
    }

    pub(crate) fn say(&mut self, diagnostic: Diagnostic) {
        self.heard += 1;
        self.errors += usize::from(diagnostic.is_error());
        if self.said.insert(diagnostic.to_string()) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// How many errors there are so far: what adds to it while it is built has errors.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// How much was said so far: what leaves it as it was while it is built has no findings.
    pub(crate) fn heard(&self) -> usize {
        self.heard
    }

    /// Remembers that an option (or, with an empty option name, a whole object) has no effect.
    pub(crate) fn ignored(
        &mut self,
        object: &'static str,
        option: &'static str,
        span: &Span,
        reason: &'static str,
    ) {
        self.heard += 1;
        let entry = self.ignored.entry((object, option)).or_insert_with(|| Ignored {
            first: span.clone(),
            reason,
            lines: BTreeSet::new(),
        });
        entry.lines.insert((span.file.to_string(), span.line));
    }

    /// The findings, those about ignored options last. The second number says how many options
    /// are set without effect.
    pub(crate) fn finish(mut self) -> (Vec<Diagnostic>, usize) {
        let count = self.ignored.len();
        for ((object, option), ignored) in std::mem::take(&mut self.ignored) {
            let what = match option {
                "" => format!("objects of type '{object}'"),
                option => format!("'{option}' of {object}"),
            };
            let more = match ignored.lines.len() {
                0 | 1 => String::new(),
                lines => format!(", set at {lines} places"),
            };
            let message = format!("{what} is ignored: {}{more}", ignored.reason);
            self.diagnostics.push(Diagnostic::warning(&ignored.first, message));
        }
        (self.diagnostics, count)
    }
}
