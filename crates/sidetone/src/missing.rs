//! What the dialplan and the objects of the other files name that is not there. It is said when
//! both are read: at the start, by a reload, and by `sidetone config check`.

use std::collections::HashSet;

use sidetone_apps::applications::{Written, written};
use sidetone_conf::{Diagnostic, Span};
use sidetone_config::modules::Modules;
use sidetone_config::{Config, meant, nearest};
use sidetone_dialplan::{Callable, Dialplan};

/// Applications and functions that the dialplan uses and that are not there, or switched off;
/// with a configuration also endpoints that it calls, and contexts that endpoints name.
pub(crate) fn what_is_missing(plan: &Dialplan, config: Option<&Config>) -> Vec<Diagnostic> {
    let nothing_off = Modules::default();
    let modules = config.map_or(&nothing_off, |config| &*config.modules);
    let mut findings = plan.unknown_applications(&sidetone_apps::has_application);
    findings.extend(plan.unknown_functions(&sidetone_apps::has_function));
    findings.extend(plan.switched_off(&|what| match what {
        Callable::Application(name) => modules.application_off(name),
        Callable::Function(name) => modules.function_off(name),
    }));
    findings.extend(about_calls(plan, config));
    if let Some(config) = config {
        findings.extend(about_features(plan, config, modules));
        findings.extend(config.unknown_contexts(&contexts(plan)));
        findings.extend(about_routes(config, plan));
    }
    findings
}

fn contexts(plan: &Dialplan) -> Vec<&str> {
    plan.contexts().iter().map(|context| &*context.name).collect()
}

/// What routes name: endpoints and contexts that are not there, and option letters.
pub(crate) fn about_routes(config: &Config, plan: &Dialplan) -> Vec<Diagnostic> {
    let mut callees = Callees::new(plan, Some(config));
    for route in &config.routes.routes {
        let written = written("Dial", &format!("{},,{}", route.dial, route.options));
        callees.note(&format!("route '{}'", route.name), written, &route.dial_at);
    }
    callees.findings
}

/// What lines that call somebody name: endpoints and contexts that are not there, and option
/// letters.
fn about_calls(plan: &Dialplan, config: Option<&Config>) -> Vec<Diagnostic> {
    let mut callees = Callees::new(plan, config);
    plan.each_call(&mut |call| {
        let written = written(call.application, call.arguments);
        callees.note(call.application, written, call.span);
    });
    callees.findings
}

/// Looks for those who are called: each endpoint and context that is not there is told once, with
/// the first line that names it.
struct Callees<'a> {
    contexts: Vec<&'a str>,
    /// Without one nothing is known of endpoints.
    config: Option<&'a Config>,
    seen: HashSet<(&'static str, String)>,
    findings: Vec<Diagnostic>,
}

impl<'a> Callees<'a> {
    fn new(plan: &'a Dialplan, config: Option<&'a Config>) -> Self {
        Self { contexts: contexts(plan), config, seen: HashSet::new(), findings: Vec::new() }
    }

    fn note(&mut self, caller: &str, written: Written, at: &Span) {
        for words in written.complaints {
            self.findings.push(Diagnostic::warning(at, format!("{caller}: {words}")));
        }
        for name in written.contexts {
            if !self.contexts.contains(&&*name) && self.seen.insert(("context", name.clone())) {
                let near = nearest(&name, self.contexts.iter().copied());
                let what = format!("{caller} calls an extension of context '{name}'");
                self.findings.push(nowhere(at, &what, "extensions.conf", near));
            }
        }
        let Some(config) = self.config else { return };
        for name in written.endpoints {
            if !config.endpoints.contains_key(&name) && self.seen.insert(("endpoint", name.clone()))
            {
                let mut known: Vec<&str> = config.endpoints.keys().map(String::as_str).collect();
                known.sort_unstable();
                let near = nearest(&name, known);
                let what = format!("{caller} calls endpoint '{name}'");
                self.findings.push(nowhere(at, &what, "pjsip.conf", near));
            }
        }
    }
}

/// Applications behind keys that are not there, or that say where the dialplan goes on, and names
/// in `DYNAMIC_FEATURES` that features.conf lacks.
fn about_features(plan: &Dialplan, config: &Config, modules: &Modules) -> Vec<Diagnostic> {
    const LEADING: &[&str] = &["Goto", "GotoIf", "GotoIfTime", "GosubIf", "While", "Return"];
    let features = &config.features.dynamic;
    let mut found = Vec::new();
    for feature in features.all() {
        let name = &*feature.application;
        let what = format!("feature '{}' runs {name}()", feature.name);
        if !sidetone_apps::has_application(name) {
            let near = nearest(name, sidetone_apps::application_names());
            let hint = meant(near, || "write an application of core show applications".to_owned());
            let message = format!("{what}, which does not exist here");
            found.push(Diagnostic::error(&feature.span, message).hint(hint));
        } else if let Some(why) = modules.application_off(name) {
            found.push(Diagnostic::warning(&feature.span, format!("{what}: {why}")));
        } else if LEADING.iter().any(|leads| leads.eq_ignore_ascii_case(name)) {
            let message = format!("{what}, which leads nowhere within a call");
            let hint = "write Gosub, whose subroutine ends with Return";
            found.push(Diagnostic::warning(&feature.span, message).hint(hint));
        }
    }
    let mut seen = HashSet::new();
    plan.each_call(&mut |call| {
        let (variable, value) = call.arguments.split_once('=').unwrap_or_default();
        let sets = call.application.eq_ignore_ascii_case("Set")
            && variable.trim().trim_start_matches('_') == "DYNAMIC_FEATURES";
        for name in value.split('#').map(str::trim).filter(|_| sets && !value.contains('$')) {
            let known = features.names().any(|known| known.eq_ignore_ascii_case(name));
            if !name.is_empty() && !known && seen.insert(name.to_owned()) {
                let what = format!("DYNAMIC_FEATURES names '{name}'");
                let near = nearest(name, features.names());
                found.push(nowhere(call.span, &what, "features.conf", near));
            }
        }
    });
    found
}

fn nowhere(span: &Span, what: &str, file: &str, near: Option<&str>) -> Diagnostic {
    let message = format!("{what}, which is not in {file} or has errors there");
    let hint = meant(near, || format!("add it to {file}, or correct the name"));
    Diagnostic::warning(span, message).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidetone_conf::MemorySource;

    fn missing(pjsip: &str, extensions: &str) -> Vec<String> {
        missing_with(pjsip, extensions, "")
    }

    fn missing_with(pjsip: &str, extensions: &str, routes: &str) -> Vec<String> {
        let transport = "[u]\ntype=transport\nbind=127.0.0.1\n";
        let source = MemorySource::new()
            .with("/etc/pjsip.conf", format!("{transport}{pjsip}"))
            .with("/etc/routes.conf", routes)
            .with("/etc/extensions.conf", extensions);
        let loaded = sidetone_config::load(&source, "/etc");
        let document = loaded.dialplan_document.expect("a dialplan");
        let plan = sidetone_dialplan::load(&document);
        let found = what_is_missing(&plan, loaded.config.as_deref());
        found.iter().map(ToString::to_string).collect()
    }

    const ALICE: &str = "[alice]\ntype=endpoint\nallow=ulaw\ncontext=internal\n";

    #[test]
    fn names_that_lead_nowhere_are_told_with_their_line_and_the_one_that_was_meant() {
        let found = missing(
            &format!("{ALICE}[bob]\ntype=endpoint\nallow=ulaw\ncontext=intenal\n"),
            "[internal]\nexten => 1,1,Dial(PJSIP/alise&PJSIP/1@trunk&Local/2@intern,20,tq)\n\
             same => n,ExecIf(1?Dial(PJSIP/nobody))\nsame => n,Dial(PJSIP/nobody)\n\
             same => n,Dial(PJSIP/alice&PJSIP/${EXTEN},20,Tt)\n",
        );
        for (place, words) in [
            ("extensions.conf:2: warning: ", "Dial calls endpoint 'alise'"),
            ("extensions.conf:2: warning: ", "did you mean 'alice'?"),
            ("extensions.conf:2: warning: ", "endpoint 'trunk', which is not in pjsip.conf"),
            ("extensions.conf:2: warning: ", "context 'intern'"),
            ("extensions.conf:2: warning: ", "Dial: option q: there is no such option"),
            ("extensions.conf:3: warning: ", "Dial calls endpoint 'nobody'"),
            ("pjsip.conf:11: warning: ", "context names 'intenal', which is not in extensions"),
            ("pjsip.conf:11: warning: ", "did you mean 'internal'?"),
        ] {
            let says = |text: &String| text.starts_with(place) && text.contains(words);
            assert!(found.iter().any(says), "{place}{words}: {found:#?}");
        }
        assert_eq!(found.len(), 6, "{found:#?}");
    }

    #[test]
    fn what_keys_start_is_told_when_it_is_not_there() {
        let source = MemorySource::new()
            .with("/etc/pjsip.conf", format!("[u]\ntype=transport\nbind=127.0.0.1\n{ALICE}"))
            .with(
                "/etc/features.conf",
                "[applicationmap]\nnote => #1,self,Playbak,beep\njump => #2,peer,Goto,x\n\
                 off => #3,self,Playback,beep\n",
            )
            .with("/etc/modules.conf", "[modules]\nnoload => app_playback.so\n")
            .with(
                "/etc/extensions.conf",
                "[internal]\nexten => 1,1,Set(__DYNAMIC_FEATURES=note#jmp)\n\
                 same => n,Set(DYNAMIC_FEATURES=${X}#y)\n",
            );
        let loaded = sidetone_config::load(&source, "/etc");
        let plan = sidetone_dialplan::load(&loaded.dialplan_document.expect("a dialplan"));
        let found = what_is_missing(&plan, loaded.config.as_deref());
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        for (place, words) in [
            ("features.conf:2: error: ", "runs Playbak(), which does not exist here"),
            ("features.conf:2: error: ", "did you mean 'Playback'?"),
            ("features.conf:3: warning: ", "leads nowhere within a call"),
            ("features.conf:4: warning: ", "Playback is switched off by noload"),
            ("extensions.conf:2: warning: ", "DYNAMIC_FEATURES names 'jmp'"),
            ("extensions.conf:2: warning: ", "did you mean 'jump'?"),
        ] {
            let says = |text: &String| text.contains(place) && text.contains(words);
            assert!(found.iter().any(says), "{place}{words}: {found:#?}");
        }
        assert_eq!(found.len(), 4, "{found:#?}");
    }

    #[test]
    fn a_route_that_leads_nowhere_is_told_with_the_name_that_was_meant() {
        let routes = "[a]\ndial = PJSIP/${NUMBER}@alise\nprefix = 4\noptions = q\n\
             [b]\ndial = PJSIP/${NUMBER}@alice&Local/${NUMBER}@a/n\nprefix = 4\noptions = tU(x)\n\
             [c]\ndial = Local/${NUMBER}@nowhere\nprefix = 4\n";
        let found = missing_with(ALICE, "[a]\nexten => 1,1,Route(4930)\n", routes);
        for (place, words) in [
            ("routes.conf:2: warning: ", "route 'a' calls endpoint 'alise'"),
            ("routes.conf:2: warning: ", "did you mean 'alice'?"),
            ("routes.conf:2: warning: ", "route 'a': option q: there is no such option"),
            ("routes.conf:10: warning: ", "context 'nowhere', which is not in extensions.conf"),
        ] {
            let says = |text: &String| text.starts_with(place) && text.contains(words);
            assert!(found.iter().any(says), "{place}{words}: {found:#?}");
        }
        let about_routes = found.iter().filter(|text| text.starts_with("routes.conf"));
        assert_eq!(about_routes.count(), 3, "{found:#?}");
    }

    #[test]
    fn a_dialplan_whose_names_are_all_there_has_nothing_missing() {
        let plan = "[internal]\nexten => 1,1,Dial(PJSIP/alice&Local/1@internal,20,tT)\n";
        assert_eq!(missing(ALICE, plan), Vec::<String>::new());
        assert!(
            !missing("", "[a]\nexten => 1,1,NoOp()\n").iter().any(|text| text.contains("names"))
        );
    }

    #[test]
    fn the_built_in_dialplan_has_nothing_missing() {
        let text = |name: &str| {
            let path = format!("{}/../../etc/{name}", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(path).expect("a built-in file")
        };
        assert_eq!(missing(&text("pjsip.conf"), &text("extensions.conf")), Vec::<String>::new());
    }
}
