//! Which applications and functions a dialplan uses, for the ones that do not exist.

use std::collections::HashSet;

use sidetone_conf::Diagnostic;

use crate::builtin;
use crate::expand::{Part, next_part, parse_reference};
use crate::functions::BUILTINS;
use crate::plan::{Dialplan, Priority};

/// Nesting of `${…}` looked into; what is deeper is refused when it runs.
const MAX_DEPTH: usize = crate::limits::MAX_EXPANSION_DEPTH;

impl Dialplan {
    /// Names once, with the first file and line, each application that neither this crate nor
    /// `known` has.
    #[must_use]
    pub fn unknown_applications(&self, known: &dyn Fn(&str) -> bool) -> Vec<Diagnostic> {
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        for priority in self.priorities() {
            let name = &*priority.application;
            let exists = name.contains('$') || builtin::find(name).is_some() || known(name);
            if !exists && seen.insert(name.to_ascii_lowercase()) {
                let text = format!("there is no application {name}");
                let hint = "the call is hung up where it is used";
                found.push(Diagnostic::error(&priority.span, text).hint(hint));
            }
        }
        found
    }

    /// Names once, with the first file and line, each function that neither this crate nor
    /// `known` has.
    #[must_use]
    pub fn unknown_functions(&self, known: &dyn Fn(&str) -> bool) -> Vec<Diagnostic> {
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        for priority in self.priorities() {
            let mut visit = |name: &str| {
                let exists = name.is_empty()
                    || name.contains('$')
                    || BUILTINS.iter().any(|doc| doc.name == name)
                    || known(name);
                if !exists && seen.insert(name.to_owned()) {
                    let text = format!("there is no function {name}");
                    let hint = "its value is empty, and setting it does nothing";
                    found.push(Diagnostic::warning(&priority.span, text).hint(hint));
                }
            };
            functions_read(&priority.arguments, 0, &mut visit);
            functions_written(priority, &mut visit);
        }
        found
    }

    fn priorities(&self) -> impl Iterator<Item = &Priority> {
        let extensions = self.contexts.iter().flat_map(|context| &context.extensions);
        extensions.flat_map(|extension| &extension.priorities)
    }
}

fn functions_read(text: &str, depth: usize, visit: &mut dyn FnMut(&str)) {
    if depth > MAX_DEPTH {
        return;
    }
    let mut rest = text;
    while let Some(part) = next_part(rest) {
        rest = match part {
            Part::Literal(_, after) => after,
            Part::Unclosed(_) => "",
            Part::Expression(inner, after) => {
                functions_read(inner, depth + 1, visit);
                after
            }
            Part::Variable(inner, after) => {
                let reference = parse_reference(inner);
                if reference.arguments.is_some() {
                    visit(reference.name);
                }
                functions_read(inner, depth + 1, visit);
                after
            }
        };
    }
}

fn functions_written(priority: &Priority, visit: &mut dyn FnMut(&str)) {
    let name = &*priority.application;
    let pairs = match name.to_ascii_lowercase().as_str() {
        "set" => vec![priority.arguments.to_string()],
        "mset" => crate::arguments::split(&priority.arguments),
        _ => return,
    };
    for pair in pairs {
        let target = pair.split('=').next().unwrap_or_default();
        if let Some((function, _)) = target.split_once('(') {
            visit(function.trim());
        }
    }
}
