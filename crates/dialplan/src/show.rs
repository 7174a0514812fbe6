//! `dialplan show` as text, in the columns that scripts read.

use std::fmt::Write;

use crate::pattern::{Fit, literal_fit};
use crate::plan::{Context, Dialplan, Extension};
use sidetone_conf::Span;

/// What to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection<'a> {
    /// All contexts without one.
    pub context: Option<&'a str>,
    /// Only what this dialled string matches.
    pub extension: Option<&'a str>,
}

impl<'a> Selection<'a> {
    /// Reads the argument of the command: nothing, `context`, `extension@context`, `extension@`
    /// or `@context`.
    #[must_use]
    pub fn new(argument: &'a str) -> Self {
        let present = |text: &'a str| Some(text.trim()).filter(|text| !text.is_empty());
        match argument.split_once('@') {
            Some((extension, context)) => {
                Self { context: present(context), extension: present(extension) }
            }
            None => Self { context: present(argument), extension: None },
        }
    }
}

/// Why there is nothing to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// There is no such context.
    Context,
    /// Nothing in the contexts asked for matches the extension.
    Extension,
}

#[derive(Default)]
struct Counts {
    contexts: usize,
    extensions: usize,
    priorities: usize,
}

/// The text of `dialplan show`.
///
/// # Errors
/// What is asked for does not exist.
pub fn show(plan: &Dialplan, selection: &Selection<'_>) -> Result<String, Nothing> {
    let mut out = String::new();
    let mut counts = Counts::default();
    let chosen: Vec<&Context> = match selection.context {
        Some(name) => vec![plan.context(name).ok_or(Nothing::Context)?],
        None => plan.contexts().iter().collect(),
    };
    for context in chosen {
        show_context(&mut out, context, selection.extension, "Context", &mut counts);
        if selection.context.is_some() && selection.extension.is_some() {
            show_included(&mut out, plan, context, selection.extension, &mut counts);
        }
    }
    if selection.extension.is_some() && counts.extensions == 0 {
        return Err(Nothing::Extension);
    }
    let plural = |count: usize, one: &str, many: &str| {
        format!("{count} {}", if count == 1 { one } else { many })
    };
    let extensions = plural(counts.extensions, "extension", "extensions");
    let priorities = plural(counts.priorities, "priority", "priorities");
    let contexts = plural(counts.contexts, "context", "contexts");
    let _ = writeln!(out, "-= {extensions} ({priorities}) in {contexts}. =-");
    Ok(out)
}

fn show_included(
    out: &mut String,
    plan: &Dialplan,
    from: &Context,
    dialled: Option<&str>,
    counts: &mut Counts,
) {
    let mut seen = vec![&from.name];
    let mut waiting: Vec<&Context> = vec![from];
    while let Some(context) = waiting.pop() {
        for include in &context.includes {
            let Some(included) = plan.context(&include.context) else {
                continue;
            };
            if !seen.contains(&&included.name) {
                seen.push(&included.name);
                show_context(out, included, dialled, "Included context", counts);
                waiting.push(included);
            }
        }
    }
}

fn show_context(
    out: &mut String,
    context: &Context,
    dialled: Option<&str>,
    title: &str,
    counts: &mut Counts,
) {
    let fits = |extension: &&Extension| match (dialled, &extension.pattern) {
        (None, _) => true,
        (Some(dialled), Some(pattern)) => {
            matches!(pattern.fit(dialled), Fit::Match | Fit::MatchButMore)
        }
        (Some(dialled), None) => literal_fit(&extension.name, dialled) == Fit::Match,
    };
    let extensions: Vec<&Extension> = context.all_extensions().filter(fits).collect();
    if dialled.is_some() && extensions.is_empty() {
        return;
    }
    counts.contexts += 1;
    let made_by = |span: &Span| if span.file.ends_with(".lua") { "pbx_lua" } else { "pbx_config" };
    let creator = made_by(&context.span);
    let _ = writeln!(out, "[ {title} '{}' created by '{creator}' ]", context.name);
    for extension in extensions {
        counts.extensions += 1;
        counts.priorities += show_extension(out, extension);
    }
    if dialled.is_none() {
        for include in &context.includes {
            let condition = include.when.as_ref().map(|when| format!(",{}", when.text()));
            let name = format!("'{}{}'", include.context, condition.unwrap_or_default());
            let _ = writeln!(out, "  Include =>        {name:<45} [{}]", made_by(&include.span));
        }
        if context.program.is_some() {
            let _ = writeln!(out, "  Alt. Switch =>    {:<45} [pbx_lua]", "'Lua/'");
        }
        for ignore in &context.ignore_patterns {
            let name = format!("'{}'", ignore.name);
            let _ = writeln!(out, "  Ignore pattern => {name:<45} [pbx_config]");
        }
    }
    out.push('\n');
}

/// Answers how many priorities there are, the hint among them.
fn show_extension(out: &mut String, extension: &Extension) -> usize {
    let caller = extension.caller.as_ref().map(|caller| format!(" (CID match '{}')", caller.name));
    let mut head = format!("'{}'{} =>", extension.name, caller.unwrap_or_default());
    let hint =
        extension.hint.as_ref().map(|hint| (None, format!("hint: {}", hint.device), &hint.span));
    let steps = extension.priorities.iter().map(|priority| {
        let text = format!("{}. {}({})", priority.number, priority.application, priority.arguments);
        (priority.label.as_deref(), text, &priority.span)
    });
    let mut count = 0;
    for (label, text, span) in hint.into_iter().chain(steps) {
        if count > 0 {
            head = label.map(|label| format!("   [{label}]")).unwrap_or_default();
        }
        let file = span.file.rsplit('/').next().unwrap_or_default();
        let _ = writeln!(out, "  {head:<17} {text:<45} [{file}:{}]", span.line);
        count += 1;
    }
    count
}
