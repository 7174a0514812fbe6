//! `modules.conf`: everything is built in, so nothing is loaded; what the file asks for is
//! checked against what there is.

use std::collections::HashSet;

use sidetone_conf::{Diagnostic, Document, Span, Value};

use crate::foreign::CHAN_SIP_IS_GONE;
use crate::nearest::nearest;
use crate::report::Report;
use crate::sections::single;
use crate::tables::modules::{MODULES, module_called};

/// What the file asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modules {
    /// Built-in parts it switches off by `noload`, module names without `.so`.
    pub switched_off: Vec<String>,
    /// Built-in parts it asks for.
    pub asked_for: Vec<String>,
}

/// Modules that need more words than "there is no such".
const SPECIAL: &[(&str, &str)] = &[
    (
        "codec_opus_open_source",
        "it is neither part of Asterisk nor of its binary downloads, but of another project; \
         Opus is built in here: remove the line",
    ),
    ("codec_opus_arm", "Opus is built in here: remove the line"),
    ("chan_sip", CHAN_SIP_IS_GONE),
];

impl Modules {
    pub(crate) fn build(document: &Document, report: &mut Report) -> Self {
        let mut modules = Self::default();
        let mut told = HashSet::new();
        for section in single(document, "modules") {
            for value in &section.values {
                modules.line(value, &mut told, report);
            }
        }
        modules
    }

    /// Reads one line; `told` are the unknown modules that were told before.
    fn line<'v>(&mut self, value: &'v Value, told: &mut HashSet<&'v str>, report: &mut Report) {
        let name = value.text.trim_end_matches(".so");
        match value.name.to_ascii_lowercase().as_str() {
            // Without loadable modules there is nothing to find, and no order to keep.
            "autoload" => {}
            "load" | "preload" | "require" | "preload-require" => {
                if module_called(name).is_some() {
                    self.asked_for.push(name.to_owned());
                } else if told.insert(name) {
                    unknown(name, &value.span, report);
                }
            }
            "noload" if module_called(name).is_some() => {
                let message = format!("'{name}' is built in and cannot be left out");
                report.say(
                    Diagnostic::notice(&value.span, message)
                        .hint("switch it off by its own configuration file"),
                );
                self.switched_off.push(name.to_owned());
            }
            // What does not exist is not loaded, as asked for.
            "noload" => {}
            other => {
                let message = format!("modules.conf has no option '{other}'");
                let known = ["autoload", "load", "noload", "preload", "require", "preload-require"];
                let hint = nearest(other, known).map(|near| format!("did you mean '{near}'?"));
                let diagnostic = Diagnostic::warning(&value.span, message);
                report.say(diagnostic.hint(hint.unwrap_or_default()));
            }
        }
    }
}

fn unknown(name: &str, span: &Span, report: &mut Report) {
    let message = format!("module '{name}' is not here");
    let special = SPECIAL.iter().find(|(module, _)| *module == name);
    let hint = match (special, nearest(name, MODULES.iter().map(|module| module.name))) {
        (Some((_, words)), _) => (*words).to_owned(),
        (None, Some(near)) if near.split('_').next() == name.split('_').next() => {
            format!("did you mean '{near}'? that one is built in")
        }
        _ => String::from("nothing is loaded at run time; remove the line"),
    };
    report.say(Diagnostic::warning(span, message).hint(hint));
}
