//! What can be said about a dialplan only after all of it is read: dead ends and gaps.

use std::ops::ControlFlow;

use sidetone_conf::{Diagnostic, Span};

use crate::expand::{Part, next_part};
use crate::nearest::nearest;
use crate::plan::{Context, Dialplan, Extension, Priority};
use crate::target::{self, Target, TargetPriority, is_static, split_condition};

use super::called::{Called, each_call_of};

pub(super) fn check(plan: &Dialplan) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for context in plan.contexts() {
        for include in &context.includes {
            if plan.context(&include.context).is_none() {
                found.push(unknown_context(plan, &include.context, &include.span, "included"));
            } else if include.context == context.name {
                let text = format!("context {} includes itself", context.name);
                found.push(Diagnostic::warning(&include.span, text));
            }
        }
        for extension in &context.extensions {
            check_numbers(extension, &mut found);
            for priority in &extension.priorities {
                check_brackets(priority, &mut found);
                check_destinations(plan, context, extension, priority, &mut found);
            }
        }
    }
    found
}

fn unknown_context(plan: &Dialplan, name: &str, span: &Span, role: &str) -> Diagnostic {
    let text = format!("there is no context {name} to be {role}");
    let names = plan.contexts().iter().map(|context| &*context.name);
    let hint = nearest(name, names).map(|near| format!("perhaps {near} is meant"));
    Diagnostic::error(span, text).hint(hint.unwrap_or_default())
}

fn check_numbers(extension: &Extension, found: &mut Vec<Diagnostic>) {
    let Some(first) = extension.priorities.first() else {
        return;
    };
    if first.number != 1 {
        let text = format!("{} begins at priority {}", extension.name, first.number);
        let hint = "a call enters at priority 1, unless a less specific pattern has it";
        found.push(Diagnostic::warning(&first.span, text).hint(hint));
    }
    for (before, after) in extension.priorities.iter().zip(extension.priorities.iter().skip(1)) {
        // A label or a distance of 100 (the old n+101) says that the jump is meant.
        let meant = after.label.is_some() || after.number - before.number >= 100;
        if after.number != before.number + 1 && !meant {
            let text = format!(
                "{} has no priority {}; only a Goto reaches this line",
                extension.name,
                before.number + 1
            );
            found.push(Diagnostic::warning(&after.span, text));
        }
    }
}

fn check_brackets(priority: &Priority, found: &mut Vec<Diagnostic>) {
    let mut rest: &str = &priority.arguments;
    while let Some(part) = next_part(rest) {
        rest = match part {
            Part::Literal(_, after) | Part::Variable(_, after) | Part::Expression(_, after) => {
                after
            }
            Part::Unclosed(text) => {
                let message = format!("`{text}` has no closing bracket");
                return found.push(Diagnostic::error(&priority.span, message));
            }
        };
    }
}

/// Where a line can lead to, as far as that is fixed: by its application, or by one inside it.
fn destinations(priority: &Priority) -> Vec<Target> {
    let mut found = Vec::new();
    each_call_of(priority, &mut |call| {
        if !call.elsewhere {
            found.extend(destinations_of(&call));
        }
    });
    found
}

fn destinations_of(call: &Called<'_>) -> Vec<Target> {
    let texts = match call.application.to_ascii_lowercase().as_str() {
        "goto" | "gosub" => vec![call.arguments],
        "gotoif" | "gotoiftime" | "gosubif" => {
            let (_, then, otherwise) = split_condition(call.arguments);
            [then, otherwise].into_iter().flatten().collect()
        }
        _ => Vec::new(),
    };
    let parse = |text: &str| {
        let head = text.split('(').next().unwrap_or_default();
        is_static(head).then(|| target::Call::new(text)).flatten().map(|call| call.target)
    };
    texts.into_iter().filter_map(parse).collect()
}

fn check_destinations(
    plan: &Dialplan,
    context: &Context,
    extension: &Extension,
    priority: &Priority,
    found: &mut Vec<Diagnostic>,
) {
    for target in destinations(priority) {
        let name = target.context.as_deref().unwrap_or(&context.name);
        if plan.context(name).is_none() {
            found.push(unknown_context(plan, name, &priority.span, "gone to"));
            continue;
        }
        let has = |candidate: &Extension| match &target.priority {
            TargetPriority::Number(number) => candidate.priority(*number).is_some(),
            TargetPriority::Label(label) => candidate.label(label).is_some(),
            TargetPriority::Relative(distance) => {
                let number = i64::from(priority.number).saturating_add(*distance);
                u32::try_from(number).is_ok_and(|number| candidate.priority(number).is_some())
            }
        };
        let same = target.extension.is_none() && target.context.is_none();
        if same && (has(extension) || extension.pattern.is_some()) {
            // A pattern may share its label with another one that matches the same number.
            if has(extension) || any_extension(context, &has) {
                continue;
            }
        }
        let dialled = target.extension.as_deref().unwrap_or(&extension.name);
        let mut exists = false;
        plan.any_match(name, dialled, &mut |candidate| {
            exists |= has(candidate);
            if exists { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if !exists {
            found.push(dead_end(&target, name, dialled, extension, &priority.span));
        }
    }
}

fn any_extension(context: &Context, has: &dyn Fn(&Extension) -> bool) -> bool {
    // Contexts that include others may find it there.
    !context.includes.is_empty() || context.extensions.iter().any(has)
}

fn dead_end(
    target: &Target,
    context: &str,
    dialled: &str,
    extension: &Extension,
    span: &Span,
) -> Diagnostic {
    match &target.priority {
        TargetPriority::Label(label) => {
            let text = format!("there is no label {label} in {dialled} of context {context}");
            let labels = extension.priorities.iter().filter_map(|p| p.label.as_deref());
            let near = nearest(label, labels).map(|near| format!("perhaps {near} is meant"));
            Diagnostic::error(span, text).hint(near.unwrap_or_default())
        }
        TargetPriority::Number(number) => {
            let text = format!("there is no {dialled} with priority {number} in context {context}");
            Diagnostic::warning(span, text)
        }
        TargetPriority::Relative(distance) => {
            Diagnostic::warning(span, format!("there is no priority at a distance of {distance}"))
        }
    }
}
