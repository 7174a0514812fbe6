//! Contexts while they are being read.

use std::collections::HashMap;
use std::sync::Arc;

use sidetone_conf::{Diagnostic, Section, Span, Value};

use super::exten::{self, ExtenLine, Number};
use super::static_text;
use crate::lookup::without_hyphens;
use crate::pattern::Pattern;
use crate::plan::{Caller, Context, Extension, Hint, IgnorePattern, Include, Priority};
use crate::timing::TimeRange;

pub(super) struct Builder<'g> {
    globals: &'g [(String, String)],
    diagnostics: Vec<Diagnostic>,
    contexts: Vec<Context>,
    by_name: HashMap<Arc<str>, usize>,
    /// Extensions of each context by name and caller.
    known: Vec<HashMap<(String, Option<String>), usize>>,
}

/// What `same` and `n` refer to.
#[derive(Default)]
struct Previous {
    /// Index into the context's extensions.
    extension: Option<usize>,
    /// The line before could not be read, and was the first of an extension.
    lost: bool,
    priority: u32,
}

type Finished = (Vec<Context>, HashMap<Arc<str>, usize>, Vec<Diagnostic>);

impl<'g> Builder<'g> {
    pub(super) fn new(globals: &'g [(String, String)], diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            globals,
            diagnostics,
            contexts: Vec::new(),
            by_name: HashMap::new(),
            known: Vec::new(),
        }
    }

    /// Adds a context, or more lines to one that is there already.
    pub(super) fn section(&mut self, section: &Section) {
        let index = self.context_called(&section.name, &section.span);
        let mut previous = Previous::default();
        for value in &section.values {
            self.line(index, value, &mut previous);
        }
    }

    /// The index of a context, which is made if it is not there.
    pub(super) fn context_called(&mut self, name: &Arc<str>, span: &Span) -> usize {
        *self.by_name.entry(name.clone()).or_insert_with(|| {
            self.known.push(HashMap::new());
            self.contexts.push(Context::new(name, span));
            self.contexts.len() - 1
        })
    }

    pub(super) fn context_mut(&mut self, index: usize) -> Option<&mut Context> {
        self.contexts.get_mut(index)
    }

    fn error(&mut self, span: &Span, text: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(span, text));
    }

    fn warn(&mut self, span: &Span, text: impl Into<String>) {
        self.diagnostics.push(Diagnostic::warning(span, text));
    }

    fn line(&mut self, context: usize, value: &Value, previous: &mut Previous) {
        match value.name.to_ascii_lowercase().as_str() {
            "exten" => self.exten(context, value, previous),
            "same" => self.same(context, value, previous),
            "include" => self.include(context, value),
            "ignorepat" => self.ignore_pattern(context, value),
            "switch" | "eswitch" | "lswitch" => {
                let text = format!("{} is not supported; nothing is looked up there", value.name);
                let hint = "load realtime extensions into a context, or use include";
                self.diagnostics.push(Diagnostic::warning(&value.span, text).hint(hint));
            }
            "autohints" => {
                let text = "autohints is not supported; write a hint for each extension";
                self.warn(&value.span, text);
            }
            _ => {
                let text = format!("`{}` is nothing a context can hold", value.name);
                let hint = "exten, same, include, ignorepat";
                self.diagnostics.push(Diagnostic::error(&value.span, text).hint(hint));
            }
        }
    }

    fn exten(&mut self, context: usize, value: &Value, previous: &mut Previous) {
        previous.extension = None;
        previous.lost = true;
        let Some((name, caller, rest)) = exten::split_name(&value.text) else {
            let hint = match value.text.contains('|') {
                true => "`|` no longer separates anything; use commas",
                false => "write name,priority,application(arguments)",
            };
            let text = format!("`{}` has no priority", value.text);
            return self.diagnostics.push(Diagnostic::error(&value.span, text).hint(hint));
        };
        let text = |builder: &mut Self, text: &str| {
            static_text::expand(text, builder.globals, &value.span, &mut builder.diagnostics)
        };
        let (name, caller) = (text(self, name), caller.map(|caller| text(self, caller)));
        if name.is_empty() {
            return self.error(&value.span, "there is no extension before the comma");
        }
        let Some(extension) = self.extension(context, &name, caller, &value.span) else {
            return;
        };
        previous.extension = Some(extension);
        previous.lost = false;
        match exten::split_priority(rest) {
            Ok(line) => self.priority(context, extension, &line, value, previous),
            Err(error) => self.error(&value.span, error),
        }
    }

    fn same(&mut self, context: usize, value: &Value, previous: &mut Previous) {
        let Some(extension) = previous.extension else {
            if !previous.lost {
                self.error(&value.span, "`same` needs an `exten` before it in this context");
            }
            return;
        };
        match exten::split_priority(&value.text) {
            Ok(line) => self.priority(context, extension, &line, value, previous),
            Err(error) => self.error(&value.span, error),
        }
    }

    /// The index of an extension, which is made if it is not there.
    fn extension(
        &mut self,
        context: usize,
        name: &str,
        caller: Option<String>,
        span: &Span,
    ) -> Option<usize> {
        let key = (name.to_owned(), caller);
        if let Some(index) = self.known.get(context)?.get(&key) {
            return Some(*index);
        }
        let pattern = self.pattern_with_advice(name, span)?;
        let caller = match &key.1 {
            None => None,
            Some(caller) => {
                let pattern = self.pattern(caller, span)?;
                Some(Caller { name: caller.as_str().into(), pattern })
            }
        };
        let extensions = &mut self.contexts.get_mut(context)?.extensions;
        let index = extensions.len();
        extensions.push(Extension::new(name, pattern, caller));
        self.known.get_mut(context)?.insert(key, index);
        Some(index)
    }

    /// [`Self::pattern`] of an extension, which should leave the special ones alone.
    pub(super) fn pattern_with_advice(
        &mut self,
        name: &str,
        span: &Span,
    ) -> Option<Option<Pattern>> {
        let pattern = self.pattern(name, span)?;
        if pattern.as_ref().is_some_and(Pattern::matches_everything) {
            let text = format!("{name} also matches the special extensions i, t, h and so on");
            let hint = "write _X. or _[0-9a-zA-Z].";
            self.diagnostics.push(Diagnostic::warning(span, text).hint(hint));
        }
        Some(pattern)
    }

    /// `None` when it is wrong, `Some(None)` when it is literal.
    fn pattern(&mut self, name: &str, span: &Span) -> Option<Option<Pattern>> {
        let Some(text) = name.strip_prefix('_') else {
            return Some(None);
        };
        if lowercase_wildcard(text) {
            let message = format!("in {name}, the small letters x, z and n stand for digits");
            let hint = "write [x], [z] or [n] for the letters, X, Z or N for the digits";
            self.diagnostics.push(Diagnostic::notice(span, message).hint(hint));
        }
        match Pattern::new(text) {
            Ok(pattern) => Some(Some(pattern)),
            Err(error) => {
                self.error(span, format!("the pattern {name} is wrong: {error}"));
                None
            }
        }
    }

    fn priority(
        &mut self,
        context: usize,
        extension: usize,
        line: &ExtenLine<'_>,
        value: &Value,
        previous: &mut Previous,
    ) {
        let number = match line.priority.number {
            Number::Absolute(number) => number,
            Number::Same(plus) => previous.priority.saturating_add(plus),
            Number::After(plus) => previous.priority.saturating_add(plus),
            Number::Hint => return self.hint(context, extension, line.action, &value.span),
        };
        if previous.priority == 0 && !matches!(line.priority.number, Number::Absolute(_)) {
            return self.error(&value.span, "the first priority needs a number; write 1");
        }
        // A line that is wrong counts: those after it keep their numbers.
        previous.priority = number;
        let action = match exten::split_action(line.action) {
            Ok(action) => action,
            Err(error) => return self.error(&value.span, error),
        };
        if let Some(warning) = action.warning {
            self.warn(&value.span, warning);
        }
        let priority = Priority {
            number,
            label: line.priority.label.map(Into::into),
            application: action.application.into(),
            arguments: action.arguments.into(),
            span: value.span.clone(),
        };
        self.insert(context, extension, priority);
    }

    fn insert(&mut self, context: usize, extension: usize, priority: Priority) {
        let Some(target) = self.contexts.get_mut(context) else {
            return;
        };
        let Some(target) = target.extensions.get_mut(extension) else {
            return;
        };
        let label = priority.label.as_deref();
        if let Some(first) = label.and_then(|label| target.label(label)) {
            let text = format!(
                "the label {} is already at priority {} ({})",
                label.unwrap_or_default(),
                first.number,
                first.span
            );
            self.diagnostics.push(Diagnostic::warning(&priority.span, text));
        }
        match target.priorities.binary_search_by_key(&priority.number, |p| p.number) {
            Err(at) => target.priorities.insert(at, priority),
            Ok(at) => {
                let first = target.priorities.get(at).map(|p| p.span.to_string());
                let text = format!(
                    "priority {} of {} is already there ({}); this line is left out",
                    priority.number,
                    target.name,
                    first.unwrap_or_default()
                );
                self.error(&priority.span, text);
            }
        }
    }

    fn hint(&mut self, context: usize, extension: usize, device: &str, span: &Span) {
        let Some(hint) = self.hint_to(device, span) else {
            return;
        };
        let Some(target) = self.contexts.get_mut(context) else {
            return;
        };
        let Some(target) = target.extensions.get_mut(extension) else {
            return;
        };
        if let Some(first) = &target.hint {
            let text = format!("{} already has a hint ({})", target.name, first.span);
            return self.error(span, text);
        }
        target.hint = Some(hint);
    }

    pub(super) fn hint_to(&mut self, device: &str, span: &Span) -> Option<Hint> {
        if device.is_empty() {
            self.error(span, "a hint needs a device such as PJSIP/101");
            return None;
        }
        Some(Hint { device: device.into(), span: span.clone() })
    }

    fn include(&mut self, context: usize, value: &Value) {
        let text =
            static_text::expand(&value.text, self.globals, &value.span, &mut self.diagnostics);
        self.include_text(context, &text, &value.span);
    }

    pub(super) fn include_text(&mut self, context: usize, text: &str, span: &Span) {
        let (name, condition) = match text.split_once([',', '|']) {
            Some((name, condition)) => (name.trim(), Some(condition)),
            None => (text.trim(), None),
        };
        let when = match condition.map(TimeRange::new) {
            None => None,
            Some(Ok(range)) => Some(range),
            Some(Err(error)) => {
                return self.error(span, format!("not included: {error}"));
            }
        };
        let include = Include { context: name.into(), when, span: span.clone() };
        if let Some(context) = self.contexts.get_mut(context) {
            context.includes.push(include);
        }
    }

    fn ignore_pattern(&mut self, context: usize, value: &Value) {
        let Some(pattern) = self.pattern(&value.text, &value.span) else {
            return;
        };
        let ignore = IgnorePattern { name: value.text.clone(), pattern, span: value.span.clone() };
        if let Some(context) = self.contexts.get_mut(context) {
            context.ignore_patterns.push(ignore);
        }
    }

    pub(super) fn finish(mut self) -> Finished {
        for context in &mut self.contexts {
            index(context);
        }
        (self.contexts, self.by_name, self.diagnostics)
    }
}

/// Sorts the extensions for matching and printing.
pub(super) fn index(context: &mut Context) {
    context.extensions.sort_by(|a, b| {
        let caller = |extension: &Extension| {
            let caller = extension.caller.as_ref();
            (caller.is_none(), caller.map(|caller| (caller.pattern.clone(), caller.name.clone())))
        };
        // `None < Some`: literals before patterns.
        (&a.pattern, a.pattern.is_none().then_some(&a.name))
            .cmp(&(&b.pattern, b.pattern.is_none().then_some(&b.name)))
            .then_with(|| caller(a).cmp(&caller(b)))
    });
    let literals = context.extensions.iter().take_while(|extension| extension.pattern.is_none());
    for (index, extension) in literals.enumerate() {
        let key = without_hyphens(&extension.name).into_owned();
        context.exact.entry(key).or_default().push(index);
        context.first_pattern = index + 1;
    }
}

/// Whether x, z or n stands outside of brackets.
fn lowercase_wildcard(pattern: &str) -> bool {
    let mut inside = false;
    pattern.chars().any(|c| {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            _ => {}
        }
        !inside && matches!(c, 'x' | 'z' | 'n')
    })
}
