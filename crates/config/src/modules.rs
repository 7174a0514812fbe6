//! `modules.conf`: everything is built in, so nothing is loaded; what the file asks for is
//! checked against what there is, and what it leaves out is switched off where that makes sense
//! (decision 0052).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use sidetone_conf::{Diagnostic, Document, Span, Value};

use crate::foreign::CHAN_SIP_IS_GONE;
use crate::nearest::{meant, nearest};
use crate::objects::codecs::{AllowedCodec, MediaKind};
use crate::objects::endpoint::Endpoint;
use crate::objects::registration::Registration;
use crate::objects::stun_monitor::StunMonitor;
use crate::report::Report;
use crate::sections::{known_only, single};
use crate::table::truth;
use crate::tables::modules::{MODULES, Module, module_called};

/// What the file asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modules {
    /// Built-in parts it asks for, module names without `.so`.
    pub asked_for: Vec<String>,
    off: BTreeMap<&'static str, Off>,
}

/// A built-in part that is switched off.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Off {
    module: &'static Module,
    /// What did it, as in `by noload in modules.conf:7`.
    why: String,
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

/// Modules that cannot be without another: what loads the first loads the second.
const NEEDS: &[(&str, &str)] = &[("res_pjsip_transport_websocket", "res_http_websocket")];

impl Modules {
    pub(crate) fn build(document: &Document, report: &mut Report) -> Self {
        known_only(document, "modules.conf", &["modules"], report);
        let mut modules = Self::default();
        let mut told = HashSet::new();
        let mut only_listed = None;
        for section in single(document, "modules") {
            for value in &section.values {
                if value.is("autoload") {
                    only_listed = autoload_is_off(value, report).then_some(&value.span);
                } else {
                    modules.line(value, &mut told, report);
                }
            }
        }
        if let Some(span) = only_listed {
            modules.leave_out_unlisted(span, report);
        }
        modules
    }

    /// Reads one line; `told` are the modules that were told before.
    fn line<'v>(&mut self, value: &'v Value, told: &mut HashSet<&'v str>, report: &mut Report) {
        let name = value.text.trim_end_matches(".so");
        match value.name.to_ascii_lowercase().as_str() {
            "load" | "preload" | "require" | "preload-require" => {
                if module_called(name).is_some() {
                    self.asked_for.push(name.to_owned());
                } else if told.insert(name) {
                    unknown(name, &value.span, report);
                }
            }
            "noload" => match module_called(name) {
                Some(Module { name, stays: Some(why), .. }) => {
                    report.ignored("noload", name, &value.span, why);
                }
                Some(module) => {
                    self.leave_out(module, format!("by noload in {}", value.span));
                }
                // What does not exist is not loaded, as asked for.
                None => {}
            },
            other => {
                let message = format!("modules.conf has no option '{other}'");
                let known = ["autoload", "load", "noload", "preload", "require", "preload-require"];
                let hint = meant(nearest(other, known), String::new);
                report.say(Diagnostic::warning(&value.span, message).hint(hint));
            }
        }
    }

    /// `autoload = no`: what no line loads is off, if it can be. Codecs stay: there, a codec whose
    /// module is missing still passes from one leg to another, and set-ups count on it.
    fn leave_out_unlisted(&mut self, span: &Span, report: &mut Report) {
        let lists = |name: &str| self.asked_for.iter().any(|asked| asked == name);
        if !lists("chan_pjsip") && !lists("res_pjsip") {
            let message = "autoload = no is ignored: no line loads chan_pjsip, nobody could call";
            let hint = "write load => for each module that is to be there, chan_pjsip.so too";
            report.say(Diagnostic::warning(span, message).hint(hint));
            return;
        }
        let needed = |name: &str| NEEDS.iter().any(|(by, what)| *what == name && lists(by));
        let unlisted = MODULES.iter().filter(|module| {
            let can_go = module.stays.is_none() && module.codecs.is_empty();
            can_go && !lists(module.name) && !needed(module.name)
        });
        let left_out: Vec<&'static Module> = unlisted.collect();
        if !left_out.is_empty() {
            let number = left_out.len();
            let message = format!(
                "autoload = no: {number} built-in modules that no line loads are switched off"
            );
            let hint = "`module show` lists them";
            report.say(Diagnostic::notice(span, message).hint(hint));
        }
        for module in left_out {
            let name = module.name;
            let why = format!("by autoload = no in {span} without load => {name}.so");
            self.leave_out(module, why);
        }
    }

    /// Switches a module off; the first reason stands.
    fn leave_out(&mut self, module: &'static Module, why: String) {
        self.off.entry(module.name).or_insert(Off { module, why });
    }

    /// The registrations with other servers that are to be made, and what there is to say about
    /// those that are not and about endpoints that are left without a codec.
    pub(crate) fn registrations(
        &self,
        wanted: HashMap<String, Arc<Registration>>,
        endpoints: &HashMap<String, Arc<Endpoint>>,
        report: &mut Report,
    ) -> HashMap<String, Arc<Registration>> {
        self.about_endpoints(endpoints, report);
        match self.off("res_pjsip_outbound_registration") {
            Some(why) if !wanted.is_empty() => {
                let number = wanted.len();
                let message = format!("{number} registrations are not made: switched off {why}");
                report.say(Diagnostic::warning(&Span::whole_file("pjsip.conf"), message));
                HashMap::new()
            }
            _ => wanted,
        }
    }

    /// The watch on our public address, without a server when it is switched off.
    pub(crate) fn monitor(&self, wanted: Arc<StunMonitor>) -> Arc<StunMonitor> {
        if wanted.server.is_some() && self.is_off("res_stun_monitor") {
            return Arc::new(StunMonitor { server: None, ..(*wanted).clone() });
        }
        wanted
    }

    fn about_endpoints(&self, endpoints: &HashMap<String, Arc<Endpoint>>, report: &mut Report) {
        if self.off.is_empty() {
            return;
        }
        let is_off = |codec: &AllowedCodec| self.codec_off(codec.name).is_some();
        let silent = endpoints.values().filter(|endpoint| {
            let mut audio = endpoint.codecs(MediaKind::Audio).peekable();
            audio.peek().is_some() && audio.all(is_off)
        });
        let mut silent: Vec<&str> = silent.map(|endpoint| endpoint.id.as_str()).collect();
        silent.sort_unstable();
        if let Some(first) = silent.first() {
            let number = silent.len();
            let message = format!(
                "{number} endpoints are left without an audio codec, '{first}' first: \
                 modules.conf leaves out all that they allow"
            );
            let hint = "take away the noload of one of them, or allow another";
            report.say(Diagnostic::warning(&Span::whole_file("pjsip.conf"), message).hint(hint));
        }
    }

    /// What switched a module off, as in `by noload in modules.conf:7`; `None` when it is on.
    #[must_use]
    pub fn off(&self, module: &str) -> Option<&str> {
        self.off.get(module).map(|off| off.why.as_str())
    }

    /// Whether a module is switched off.
    #[must_use]
    pub fn is_off(&self, module: &str) -> bool {
        self.off.contains_key(module)
    }

    /// Why the dialplan cannot call an application, in words; `None` when it can, or when there
    /// is none of this name.
    #[must_use]
    pub fn application_off(&self, name: &str) -> Option<String> {
        let (known, why) = self.off_with(|module| module.applications, name)?;
        Some(format!("{known} is switched off {why}"))
    }

    /// As [`Self::application_off`] for a function.
    #[must_use]
    pub fn function_off(&self, name: &str) -> Option<String> {
        let (known, why) = self.off_with(|module| module.functions, name)?;
        Some(format!("{known} is switched off {why}"))
    }

    /// What switched a codec off, by its name in `allow`; `None` when it is on.
    #[must_use]
    pub fn codec_off(&self, name: &str) -> Option<&str> {
        self.off_with(|module| module.codecs, name).map(|(_, why)| why)
    }

    /// The name as the table has it, and what switched off the module it comes with.
    fn off_with(
        &self,
        part: fn(&Module) -> &'static [&'static str],
        name: &str,
    ) -> Option<(&'static str, &str)> {
        self.off.values().find_map(|off| {
            let known = part(off.module).iter().find(|part| part.eq_ignore_ascii_case(name))?;
            Some((*known, off.why.as_str()))
        })
    }
}

/// Whether the line says no.
fn autoload_is_off(value: &Value, report: &mut Report) -> bool {
    let says = truth(&value.text);
    if says.is_none() {
        let message = format!("autoload is yes or no, not '{}': taken as yes", value.text);
        report.say(Diagnostic::warning(&value.span, message));
    }
    says == Some(false)
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
