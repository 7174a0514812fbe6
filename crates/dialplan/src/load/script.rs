//! What a program adds: extensions that are functions, beside those of `extensions.conf`.

use std::collections::HashMap;

use sidetone_conf::Span;

use super::builder::{Builder, index};
use crate::plan::{Context, Extension, Priority};
use crate::script::Contribution;

impl Builder<'_> {
    /// Adds what a program has for one context.
    pub(super) fn contribution(&mut self, given: &Contribution) {
        let mut part = Context::new(&given.context, &given.span);
        let mut known = HashMap::new();
        for (name, span) in &given.functions {
            if let Some(extension) = self.of_program(&mut part, &mut known, name, span) {
                extension.is_function = true;
                extension.priorities.push(Priority {
                    number: 1,
                    label: None,
                    application: "Lua".into(),
                    arguments: "".into(),
                    span: span.clone(),
                });
            }
        }
        for (name, device) in &given.hints {
            let Some(hint) = self.hint_to(device, &given.span) else {
                continue;
            };
            if let Some(extension) = self.of_program(&mut part, &mut known, name, &given.span) {
                extension.hint = Some(hint);
            }
        }
        index(&mut part);
        let index = self.context_called(&given.context, &given.span);
        for text in &given.includes {
            self.include_text(index, text, &given.span);
        }
        if let Some(context) = self.context_mut(index) {
            context.program = Some(Box::new(part));
        }
    }

    fn of_program<'c>(
        &mut self,
        part: &'c mut Context,
        known: &mut HashMap<String, usize>,
        name: &str,
        span: &Span,
    ) -> Option<&'c mut Extension> {
        if let Some(index) = known.get(name) {
            return part.extensions.get_mut(*index);
        }
        let pattern = self.pattern_with_advice(name, span)?;
        known.insert(name.to_owned(), part.extensions.len());
        part.extensions.push(Extension::new(name, pattern, None));
        part.extensions.last_mut()
    }
}
