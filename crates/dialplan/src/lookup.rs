//! Which extension a dialled string means, seen from a context with its includes.
//!
//! In one context literal extensions come first, then patterns from the most specific to the
//! least; then those of a program (`extensions.lua`), then the included contexts, depth first. A
//! priority that the best match lacks is looked for in the next match, as Asterisk does.

use std::ops::ControlFlow;

use crate::pattern::{Fit, literal_fit};
use crate::plan::{Caller, Context, Dialplan, Extension, Priority};

/// Contexts entered during one search. Asterisk stops at 128 nested includes.
pub const MAX_CONTEXTS: usize = 128;

/// A question to the dialplan.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    /// Where the search begins.
    pub context: &'a str,
    /// What was dialled.
    pub extension: &'a str,
    /// The caller's number; `None` (as well as an empty one) matches `name/` only.
    pub caller: Option<&'a str>,
    /// The wall clock; asked only when an include has a condition.
    pub now: &'a dyn Fn() -> jiff::Zoned,
}

impl std::fmt::Debug for Query<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Query({}@{} by {:?})", self.extension, self.context, self.caller)
    }
}

/// An extension that matches.
#[derive(Clone, Copy, Debug)]
pub struct Found<'p> {
    /// The context it stands in; perhaps an included one.
    pub context: &'p Context,
    /// The extension or pattern.
    pub extension: &'p Extension,
}

/// What digits dialled so far mean.
#[derive(Clone, Copy, Debug)]
pub enum Match<'p> {
    /// Nothing matches, and no further digit will.
    None,
    /// Nothing matches yet, but further digits may.
    Partial,
    /// This matches, and further digits would match nothing.
    Exact(Found<'p>),
    /// This matches, but further digits may match something else: wait for the digit timeout.
    ExactButMore(Found<'p>),
}

impl<'p> Match<'p> {
    /// The extension that matches the digits as they are.
    #[must_use]
    pub fn found(self) -> Option<Found<'p>> {
        match self {
            Self::Exact(found) | Self::ExactButMore(found) => Some(found),
            Self::None | Self::Partial => None,
        }
    }

    /// Whether it is worth waiting for another digit.
    #[must_use]
    pub fn wants_more(self) -> bool {
        matches!(self, Self::Partial | Self::ExactButMore(_))
    }
}

impl Dialplan {
    /// What the dialled string means. Extensions that consist of a hint only do not count.
    #[must_use]
    pub fn lookup(&self, query: &Query<'_>) -> Match<'_> {
        let mut found = None;
        let mut more = false;
        self.walk(query, Scope::Beginnings, &mut |candidate, fit| {
            if candidate.extension.priorities.is_empty() {
                return ControlFlow::Continue(());
            }
            more |= matches!(fit, Fit::Beginning | Fit::MatchButMore);
            if found.is_none() && matches!(fit, Fit::Match | Fit::MatchButMore) {
                found = Some(candidate);
            }
            if found.is_some() && more { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match (found, more) {
            (Some(found), true) => Match::ExactButMore(found),
            (Some(found), false) => Match::Exact(found),
            (None, true) => Match::Partial,
            (None, false) => Match::None,
        }
    }

    /// The priority of this number in the first match that has it.
    #[must_use]
    pub fn find(&self, query: &Query<'_>, priority: u32) -> Option<(Found<'_>, &Priority)> {
        self.find_by(query, |extension| extension.priority(priority))
    }

    /// The priority with this label in the first match that has it.
    #[must_use]
    pub fn find_label(&self, query: &Query<'_>, label: &str) -> Option<(Found<'_>, &Priority)> {
        self.find_by(query, |extension| extension.label(label))
    }

    /// The first match that has a hint.
    #[must_use]
    pub fn find_hint(&self, query: &Query<'_>) -> Option<Found<'_>> {
        let mut result = None;
        self.walk(query, Scope::Matches, &mut |found, _| {
            if found.extension.hint.is_none() {
                return ControlFlow::Continue(());
            }
            result = Some(found);
            ControlFlow::Break(())
        });
        result
    }

    fn find_by<'p>(
        &'p self,
        query: &Query<'_>,
        select: impl Fn(&'p Extension) -> Option<&'p Priority>,
    ) -> Option<(Found<'p>, &'p Priority)> {
        let mut result = None;
        self.walk(query, Scope::Matches, &mut |found, _| match select(found.extension) {
            Some(priority) => {
                result = Some((found, priority));
                ControlFlow::Break(())
            }
            None => ControlFlow::Continue(()),
        });
        result
    }

    /// Visits whatever could ever match, at any time and for any caller, until told to stop.
    pub(crate) fn any_match<'p>(
        &'p self,
        context: &str,
        extension: &str,
        visit: &mut dyn FnMut(&'p Extension) -> ControlFlow<()>,
    ) {
        let query = Query { context, extension, caller: None, now: &jiff::Zoned::default };
        self.walk(&query, Scope::Ever, &mut |found, _| visit(found.extension));
    }

    fn walk<'p>(&'p self, query: &Query<'_>, scope: Scope, visit: Visitor<'_, 'p>) {
        let mut search = Search { plan: self, query, scope, visited: Vec::new() };
        let _ = search.context(query.context, visit);
    }
}

type Visitor<'a, 'p> = &'a mut dyn FnMut(Found<'p>, Fit) -> ControlFlow<()>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Extensions that match the dialled string as it is.
    Matches,
    /// The same, whatever the time and the caller.
    Ever,
    /// Also those that would match it with further digits.
    Beginnings,
}

struct Search<'p, 'q> {
    plan: &'p Dialplan,
    query: &'q Query<'q>,
    scope: Scope,
    visited: Vec<*const Context>,
}

impl<'p> Search<'p, '_> {
    fn context(&mut self, name: &str, visit: Visitor<'_, 'p>) -> ControlFlow<()> {
        let Some(context) = self.plan.context(name) else {
            return ControlFlow::Continue(());
        };
        // A context reached twice can only repeat what it said the first time.
        if self.visited.len() >= MAX_CONTEXTS || self.visited.contains(&std::ptr::from_ref(context))
        {
            return ControlFlow::Continue(());
        }
        self.visited.push(context);
        self.own(context, visit)?;
        if let Some(program) = &context.program {
            self.own(program, visit)?;
        }
        for include in &context.includes {
            let now = self.query.now;
            let when = include.when.as_ref().filter(|_| self.scope != Scope::Ever);
            if when.is_none_or(|when| when.contains(&now())) {
                self.context(&include.context, visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn own(&self, context: &'p Context, visit: Visitor<'_, 'p>) -> ControlFlow<()> {
        self.literals(context, visit)?;
        for extension in context.extensions.get(context.first_pattern..).unwrap_or_default() {
            let Some(pattern) = &extension.pattern else {
                continue;
            };
            let fit = pattern.fit(self.query.extension);
            self.offer(Found { context, extension }, fit, visit)?;
        }
        ControlFlow::Continue(())
    }

    fn literals(&self, context: &'p Context, visit: Visitor<'_, 'p>) -> ControlFlow<()> {
        let key = without_hyphens(self.query.extension);
        for index in context.exact.get(key.as_ref()).into_iter().flatten() {
            if let Some(extension) = context.extensions.get(*index) {
                self.offer(Found { context, extension }, Fit::Match, visit)?;
            }
        }
        if self.scope != Scope::Beginnings {
            return ControlFlow::Continue(());
        }
        // Sorted by name, so that all names with the dialled beginning stand together, except
        // those written with hyphens, which are few.
        let literals = context.extensions.get(..context.first_pattern).unwrap_or_default();
        for extension in literals {
            let fit = literal_fit(&extension.name, key.as_ref());
            if fit == Fit::Beginning {
                self.offer(Found { context, extension }, fit, visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn offer(&self, found: Found<'p>, fit: Fit, visit: Visitor<'_, 'p>) -> ControlFlow<()> {
        let wanted = match fit {
            Fit::No => false,
            Fit::Beginning => self.scope == Scope::Beginnings,
            Fit::Match | Fit::MatchButMore => true,
        };
        let anyone = self.scope == Scope::Ever;
        if wanted && (anyone || caller_fits(found.extension.caller.as_ref(), self.query.caller)) {
            return visit(found, fit);
        }
        ControlFlow::Continue(())
    }
}

fn caller_fits(wanted: Option<&Caller>, caller: Option<&str>) -> bool {
    let Some(wanted) = wanted else { return true };
    let caller = caller.unwrap_or_default();
    match &wanted.pattern {
        Some(pattern) => matches!(pattern.fit(caller), Fit::Match | Fit::MatchButMore),
        None => literal_fit(&wanted.name, caller) == Fit::Match,
    }
}

pub(crate) fn without_hyphens(name: &str) -> std::borrow::Cow<'_, str> {
    if name.contains('-') { name.replace('-', "").into() } else { name.into() }
}

impl Context {
    /// Whether the dial tone goes on after these digits (`ignorepat`).
    #[must_use]
    pub fn ignores(&self, dialled: &str) -> bool {
        self.ignore_patterns.iter().any(|ignore| match &ignore.pattern {
            Some(pattern) => matches!(pattern.fit(dialled), Fit::Match | Fit::MatchButMore),
            None => literal_fit(&ignore.name, dialled) == Fit::Match,
        })
    }
}
