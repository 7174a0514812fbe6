//! Which applications and functions a dialplan uses, for the ones that do not exist.

use std::collections::HashSet;

use sidetone_conf::{Diagnostic, Span};

use crate::builtin;
use crate::expand::{Part, next_part, parse_reference};
use crate::functions::BUILTINS;
use crate::host::Callable;
use crate::plan::Dialplan;

use super::called::{Called, each_call_of};

/// Nesting of `${…}` looked into; what is deeper is refused when it runs.
const MAX_DEPTH: usize = crate::limits::MAX_EXPANSION_DEPTH;

/// What comes of an application that cannot be called.
const HUNG_UP: &str = "the call is hung up where it is used";
/// What comes of an application that `TryExec` cannot find.
const NO_APPLICATION: &str = "TRYSTATUS is NOAPP and the call goes on";
/// What comes of a function that cannot be called.
const ENDED: &str = "the call is hung up where it is read or set";

impl Dialplan {
    /// Names once, with the first file and line, each application that neither this crate nor
    /// `known` has.
    #[must_use]
    pub fn unknown_applications(&self, known: &dyn Fn(&str) -> bool) -> Vec<Diagnostic> {
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        self.each_call(&mut |call| {
            let name = call.application;
            let exists = name.contains('$') || builtin::find(name).is_some() || known(name);
            if exists || !seen.insert((call.may_be_missing, name.to_ascii_lowercase())) {
                return;
            }
            let text = format!("there is no application {name}");
            found.push(if call.may_be_missing {
                Diagnostic::notice(call.span, text).hint(NO_APPLICATION)
            } else {
                Diagnostic::error(call.span, text).hint(HUNG_UP)
            });
        });
        found
    }

    /// Names once, with the first file and line, each function that neither this crate nor
    /// `known` has.
    #[must_use]
    pub fn unknown_functions(&self, known: &dyn Fn(&str) -> bool) -> Vec<Diagnostic> {
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        self.each_function(&mut |name, span| {
            let exists = name.is_empty()
                || name.contains('$')
                || BUILTINS.iter().any(|doc| doc.name == name)
                || known(name);
            if !exists && seen.insert(name.to_owned()) {
                let text = format!("there is no function {name}");
                found.push(Diagnostic::error(span, text).hint(ENDED));
            }
        });
        found
    }

    /// Names once, with the first file and line, each application and function that `why` says
    /// is switched off.
    #[must_use]
    pub fn switched_off(&self, why: &dyn Fn(Callable<'_>) -> Option<String>) -> Vec<Diagnostic> {
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        self.each_call(&mut |call| {
            if let Some(why) = why(Callable::Application(call.application))
                && !call.may_be_missing
                && seen.insert(why.clone())
            {
                found.push(Diagnostic::error(call.span, why).hint(HUNG_UP));
            }
        });
        self.each_function(&mut |name, span| {
            if let Some(why) = why(Callable::Function(name))
                && seen.insert(why.clone())
            {
                found.push(Diagnostic::error(span, why).hint(ENDED));
            }
        });
        found
    }

    /// Calls with each use of a function and where it is.
    fn each_function(&self, visit: &mut dyn FnMut(&str, &Span)) {
        for priority in self.priorities() {
            let mut visit = |name: &str| visit(name, &priority.span);
            functions_read(&priority.arguments, 0, &mut visit);
            each_call_of(priority, &mut |call| functions_written(call, &mut visit));
        }
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

fn functions_written(call: Called<'_>, visit: &mut dyn FnMut(&str)) {
    let pairs = match call.application.to_ascii_lowercase().as_str() {
        "set" => vec![call.arguments.to_owned()],
        "mset" => crate::arguments::split(call.arguments),
        _ => return,
    };
    for pair in pairs {
        let target = pair.split('=').next().unwrap_or_default();
        if let Some((function, _)) = target.split_once('(') {
            visit(function.trim());
        }
    }
}
