//! Help for commands, applications and functions, from the tables themselves.

use std::fmt::Write as _;

use sidetone_dialplan::{Doc, builtin};

use super::{Context, all as commands, text, wrong};
use crate::socket::Answer;

/// `core show help`
pub(super) async fn help(_: &Context, args: &[&str]) -> Answer {
    let wanted = args.join(" ");
    let found = commands().iter().filter(|command| command.words.starts_with(&wanted));
    let mut out = String::new();
    for command in found {
        let _ = writeln!(out, "{:>30} {} -- {}", command.words, command.syntax, command.synopsis);
    }
    if out.is_empty() { wrong(format!("No such command '{wanted}'.\n")) } else { text(out) }
}

fn applications_of(context: &Context) -> Vec<&'static Doc> {
    let modules = &context.exchange.config().modules;
    let own = context.exchange.catalogue().applications.iter().map(|app| &app.doc);
    let all = own.chain(builtin::BUILTINS.iter().map(|app| app.doc()));
    let mut all: Vec<_> = all.filter(|doc| modules.application_off(doc.name).is_none()).collect();
    all.sort_by_key(|doc| doc.name.to_ascii_lowercase());
    all
}

fn functions_of(context: &Context) -> Vec<&'static Doc> {
    let modules = &context.exchange.config().modules;
    let mut all = (context.exchange.catalogue().function_docs)();
    all.retain(|doc| modules.function_off(doc.name).is_none());
    all
}

/// `core show applications`
pub(super) async fn applications(context: &Context, _: &[&str]) -> Answer {
    let all = applications_of(context);
    let mut out = String::from("    -= Registered Asterisk Applications =-\n");
    for doc in &all {
        let _ = writeln!(out, "{:>20}: {}", doc.name, doc.synopsis);
    }
    let _ = writeln!(out, "    -= {} Applications Registered =-", all.len());
    text(out)
}

/// `core show application`
pub(super) async fn application(context: &Context, args: &[&str]) -> Answer {
    let Some(name) = args.first() else {
        return wrong("Usage: core show application <name>\n");
    };
    let all = applications_of(context);
    match all.iter().find(|doc| doc.name.eq_ignore_ascii_case(name)) {
        Some(doc) => text(page(doc, "application")),
        None => wrong(format!("Your application(s) is (are) not registered: {name}\n")),
    }
}

/// `core show functions`
pub(super) async fn functions(context: &Context, _: &[&str]) -> Answer {
    let all = functions_of(context);
    let mut out = String::from("Installed Custom Functions:\n");
    for doc in &all {
        let usage = format!("{}({})", doc.name, doc.syntax);
        let _ = writeln!(out, "{:<20} {usage:<35} {}", doc.name, doc.synopsis);
    }
    let _ = writeln!(out, "{} custom functions installed.", all.len());
    text(out)
}

/// `core show function`
pub(super) async fn function(context: &Context, args: &[&str]) -> Answer {
    let Some(name) = args.first() else {
        return wrong("Usage: core show function <name>\n");
    };
    let all = functions_of(context);
    match all.iter().find(|doc| doc.name.eq_ignore_ascii_case(name)) {
        Some(doc) => text(page(doc, "function")),
        None => wrong(format!("No function by that name registered: {name}\n")),
    }
}

fn page(doc: &Doc, kind: &str) -> String {
    let name = doc.name;
    let mut out =
        format!("\n  -= Info about {kind} '{name}' =- \n\n[Synopsis]\n{}\n", doc.synopsis);
    let _ = write!(out, "\n[Description]\n{}\n", doc.description);
    let _ = write!(out, "\n[Syntax]\n{name}({})\n", doc.syntax);
    let mut list = |title: &str, rows: &[(&str, &str)]| {
        if !rows.is_empty() {
            let _ = write!(out, "\n[{title}]\n");
            for (name, meaning) in rows {
                let _ = writeln!(out, "{name}\n    {meaning}");
            }
        }
    };
    list("Arguments", doc.arguments);
    list("Options", doc.options);
    list("Variables", doc.variables);
    let also =
        if doc.see_also.is_empty() { "Not available".to_owned() } else { doc.see_also.join(", ") };
    let _ = write!(out, "\n[See Also]\n{also}\n");
    out
}
