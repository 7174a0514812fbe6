//! `extensions.conf` as a document becomes a [`Dialplan`].
//!
//! Whatever cannot be loaded is left out and said with file and line; loading never fails as a
//! whole. Reading files, templates and includes of files are the business of `conf`.

mod builder;
mod called;
mod check;
mod exten;
mod script;
mod static_text;
mod uses;

use sidetone_conf::{Diagnostic, Document, Section, Value};

use std::sync::Arc;

use crate::plan::{Dialplan, Settings};
use crate::script::Program;
use builder::Builder;
pub use called::Called;

/// Loads a dialplan. What there is to say about it is in [`Dialplan::diagnostics`]; the
/// document's own diagnostics stay with the document.
#[must_use]
pub fn load(document: &Document) -> Dialplan {
    load_with(document, None)
}

/// [`load`] with the extensions that a program adds. In one context they come after those of the
/// document and before included contexts.
#[must_use]
pub fn load_with(document: &Document, program: Option<Arc<dyn Program>>) -> Dialplan {
    let mut diagnostics = Vec::new();
    let mut settings = Settings::default();
    for section in document.sections_named("general") {
        for value in &section.values {
            read_setting(&mut settings, value, &mut diagnostics);
        }
    }
    let globals = read_globals(document.sections_named("globals"), &mut diagnostics);
    let mut builder = Builder::new(&globals, diagnostics);
    for section in document.live() {
        if !matches!(&*section.name, "general" | "globals") {
            builder.section(section);
        }
    }
    for given in program.iter().flat_map(|program| program.contexts()) {
        builder.contribution(given);
    }
    let (contexts, by_name, diagnostics) = builder.finish();
    let mut plan = Dialplan { settings, globals, diagnostics, contexts, by_name, program };
    let mut found = check::check(&plan);
    plan.diagnostics.append(&mut found);
    plan.diagnostics.sort_by(|a, b| (&a.span.file, a.span.line).cmp(&(&b.span.file, b.span.line)));
    plan
}

/// Options of `[general]` that have no effect, and why.
const WITHOUT_EFFECT: &[(&str, &str)] = &[
    ("extenpatternmatchnew", "patterns are always matched by the fast method"),
    ("static", "no command writes into extensions.conf"),
    ("userscontext", "there is no users.conf"),
    ("writeprotect", "no command writes into extensions.conf"),
];

fn read_setting(settings: &mut Settings, value: &Value, diagnostics: &mut Vec<Diagnostic>) {
    let name = value.name.to_ascii_lowercase();
    if let Some((_, why)) = WITHOUT_EFFECT.iter().find(|(option, _)| *option == name) {
        let text = format!("{} has no effect: {why}", value.name);
        return diagnostics.push(Diagnostic::notice(&value.span, text));
    }
    let field = match name.as_str() {
        "autofallthrough" => &mut settings.autofallthrough,
        "clearglobalvars" => &mut settings.clearglobalvars,
        _ => {
            let text = format!("there is no option {} in [general]", value.name);
            let hint = "a variable belongs into [globals], an extension into a context";
            diagnostics.push(Diagnostic::warning(&value.span, text).hint(hint));
            return;
        }
    };
    *field = match value.text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "y" | "t" | "1" | "on" => true,
        "no" | "false" | "n" | "f" | "0" | "off" => false,
        _ => {
            let text = format!("{} is yes or no, not `{}`", value.name, value.text);
            return diagnostics.push(Diagnostic::error(&value.span, text));
        }
    };
}

fn read_globals<'d>(
    sections: impl Iterator<Item = &'d Section>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(String, String)> {
    let mut globals: Vec<(String, String)> = Vec::new();
    for value in sections.flat_map(|section| &section.values) {
        let text = static_text::expand(&value.text, &globals, &value.span, diagnostics);
        globals.retain(|(name, _)| *name != *value.name);
        globals.push((value.name.to_string(), text));
    }
    globals
}
