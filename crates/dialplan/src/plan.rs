//! A loaded dialplan: contexts, extensions, priorities. Immutable; a reload makes a new one.
//!
//! Built by [`crate::load`], searched by [`crate::lookup`], printed by [`crate::show`].

use std::collections::HashMap;
use std::sync::Arc;

use crate::pattern::Pattern;
use crate::script::Program;
use crate::timing::TimeRange;
use sidetone_conf::{Diagnostic, Span};

/// A whole `extensions.conf`, and what a program adds to it.
#[derive(Clone, Debug, Default)]
pub struct Dialplan {
    /// `[general]`.
    pub settings: Settings,
    /// `[globals]` in order, values as written: they may refer to one another.
    pub globals: Vec<(String, String)>,
    /// Findings of the load, by file and line.
    pub diagnostics: Vec<Diagnostic>,
    /// The program of the extensions that are functions.
    pub program: Option<Arc<dyn Program>>,
    pub(crate) contexts: Vec<Context>,
    pub(crate) by_name: HashMap<Arc<str>, usize>,
}

/// The options of `[general]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `autofallthrough`: hang up, busy or congestion when an extension has no further priority;
    /// otherwise wait for a new extension to be dialled.
    pub autofallthrough: bool,
    /// `clearglobalvars`: a reload forgets global variables set since the last one.
    pub clearglobalvars: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { autofallthrough: true, clearglobalvars: false }
    }
}

/// A named group of extensions.
#[derive(Clone, Debug)]
pub struct Context {
    /// The name between brackets.
    pub name: Arc<str>,
    /// Where it begins first.
    pub span: Span,
    /// Literal extensions by name, then patterns from the most specific to the least.
    pub extensions: Vec<Extension>,
    /// Contexts searched when nothing here matches, in order.
    pub includes: Vec<Include>,
    /// Prefixes after which the dial tone goes on.
    pub ignore_patterns: Vec<IgnorePattern>,
    /// What a program adds to this context; searched after it and before what it includes.
    pub(crate) program: Option<Box<Self>>,
    /// Literal extensions by their name without hyphens; indices into `extensions`.
    pub(crate) exact: HashMap<String, Vec<usize>>,
    /// Index of the first pattern in `extensions`.
    pub(crate) first_pattern: usize,
}

/// `exten => name/caller,…` with all its priorities.
#[derive(Clone, Debug)]
pub struct Extension {
    /// As written, patterns with their underscore.
    pub name: Arc<str>,
    /// Present when the name begins with an underscore.
    pub pattern: Option<Pattern>,
    /// Present when the extension is for certain callers only.
    pub caller: Option<Caller>,
    /// In ascending order of their numbers.
    pub priorities: Vec<Priority>,
    /// `exten => name,hint,device`.
    pub hint: Option<Hint>,
    /// Whether it is a function of the program; its one priority says where.
    pub(crate) is_function: bool,
}

/// The part after the slash of an extension.
#[derive(Clone, Debug)]
pub struct Caller {
    /// As written; empty means a caller without a number.
    pub name: Arc<str>,
    /// Present when it begins with an underscore.
    pub pattern: Option<Pattern>,
}

/// One step of an extension.
#[derive(Clone, Debug)]
pub struct Priority {
    /// Counted from 1.
    pub number: u32,
    /// The name for Goto.
    pub label: Option<Arc<str>>,
    /// The application's name.
    pub application: Arc<str>,
    /// Between the parentheses, not expanded.
    pub arguments: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// What the state of an extension is derived from.
#[derive(Clone, Debug)]
pub struct Hint {
    /// Devices joined by `&`, then presence after a comma, as written.
    pub device: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

impl Hint {
    /// Devices and presence without the name, and the name that may stand in parentheses behind:
    /// `PJSIP/101(Alice)`.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        let (device, name) = self.device.split_once('(').unwrap_or((&self.device, ""));
        (device.trim(), name.rsplit_once(')').map_or(name, |(name, _)| name).trim())
    }
}

/// `include => context[,time range]`.
#[derive(Clone, Debug)]
pub struct Include {
    /// The included context.
    pub context: Arc<str>,
    /// When it counts; always without one.
    pub when: Option<TimeRange>,
    /// Where it stands.
    pub span: Span,
}

/// `ignorepat => 9`.
#[derive(Clone, Debug)]
pub struct IgnorePattern {
    /// As written.
    pub name: Arc<str>,
    /// Present when it begins with an underscore.
    pub pattern: Option<Pattern>,
    /// Where it stands.
    pub span: Span,
}

impl Dialplan {
    /// Contexts in the order of the files.
    #[must_use]
    pub fn contexts(&self) -> &[Context] {
        &self.contexts
    }

    /// A context by its exact name.
    #[must_use]
    pub fn context(&self, name: &str) -> Option<&Context> {
        self.contexts.get(*self.by_name.get(name)?)
    }

    /// Every extension with a hint, as `(context, extension)`.
    pub fn hints(&self) -> impl Iterator<Item = (&Context, &Extension)> {
        let all = self.contexts.iter().flat_map(|c| c.all_extensions().map(move |e| (c, e)));
        all.filter(|(_, extension)| extension.hint.is_some())
    }
}

impl Context {
    pub(crate) fn new(name: &Arc<str>, span: &Span) -> Self {
        Self {
            name: name.clone(),
            span: span.clone(),
            extensions: Vec::new(),
            includes: Vec::new(),
            ignore_patterns: Vec::new(),
            program: None,
            exact: HashMap::new(),
            first_pattern: 0,
        }
    }

    /// The extensions of the files, then those of a program.
    pub(crate) fn all_extensions(&self) -> impl Iterator<Item = &Extension> {
        let more = self.program.iter().flat_map(|program| &program.extensions);
        self.extensions.iter().chain(more)
    }
}

impl Extension {
    pub(crate) fn new(name: &str, pattern: Option<Pattern>, caller: Option<Caller>) -> Self {
        let name = name.into();
        Self { name, pattern, caller, priorities: Vec::new(), hint: None, is_function: false }
    }

    /// The priority of this number.
    #[must_use]
    pub fn priority(&self, number: u32) -> Option<&Priority> {
        let index = self.priorities.binary_search_by_key(&number, |p| p.number).ok()?;
        self.priorities.get(index)
    }

    /// The priority of this label.
    #[must_use]
    pub fn label(&self, label: &str) -> Option<&Priority> {
        self.priorities.iter().find(|p| p.label.as_deref() == Some(label))
    }
}
