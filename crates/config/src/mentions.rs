//! What pjsip.conf names that stands in other files: contexts of extensions.conf and classes of
//! musiconhold.conf. A name of nothing refuses no object, for the other file may be what is wrong;
//! it is told with its place once all files are read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sidetone_conf::{Diagnostic, Section, Span};

use crate::nearest::{meant, nearest};
use crate::objects::endpoint::Endpoint;
use crate::objects::music::Music;
use crate::report::Report;
use crate::snapshot::Config;

/// Options of an endpoint that name a context.
const CONTEXTS: &[&str] = &["context", "message_context", "overlap_context"];
/// The option of an endpoint that names a class of music.
const MUSIC: &str = "moh_suggest";

/// Names by option, with the places that write them: an inherited one is written once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mentions(BTreeMap<(&'static str, Arc<str>), Places>);

/// Where a name is written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Places {
    first: Span,
    lines: BTreeSet<(Arc<str>, u32)>,
}

impl Mentions {
    /// What the endpoints name. One that stays as it was before a faulty edit does not name what
    /// the file says now.
    pub(crate) fn of<'a>(
        sections: impl IntoIterator<Item = &'a Section>,
        endpoints: &HashMap<String, Arc<Endpoint>>,
    ) -> Self {
        let mut found = Self::default();
        for section in sections {
            let Some(endpoint) = endpoints.get(&*section.name) else { continue };
            for option in CONTEXTS.iter().copied().chain([MUSIC]) {
                let Some(value) = section.last(option).filter(|value| !value.text.is_empty())
                else {
                    continue;
                };
                if endpoint.settings.text(option) == Some(&*value.text) {
                    found.note(option, &value.text, &value.span);
                }
            }
        }
        found
    }

    fn note(&mut self, option: &'static str, name: &Arc<str>, span: &Span) {
        let places = self
            .0
            .entry((option, Arc::clone(name)))
            .or_insert_with(|| Places { first: span.clone(), lines: BTreeSet::new() });
        places.lines.insert((Arc::clone(&span.file), span.line));
    }

    /// Says which classes of music there are not.
    pub(crate) fn about_music(&self, music: &Music, report: &mut Report) {
        for ((option, name), places) in &self.0 {
            if *option == MUSIC && !music.classes.contains_key(&**name) {
                let near = nearest(name, music.classes.keys().map(String::as_str));
                let file = "musiconhold.conf";
                report.say(nowhere(option, name, file, places, near, "the class default is heard"));
            }
        }
    }
}

impl Config {
    /// Says which contexts endpoints name that are not among `contexts`, those of
    /// `extensions.conf`.
    pub fn unknown_contexts(&self, contexts: &[&str]) -> Vec<Diagnostic> {
        let named = self.mentions.0.iter().filter(|((option, _), _)| CONTEXTS.contains(option));
        let unknown = named.filter(|((_, name), _)| !contexts.contains(&&**name));
        let unknown = unknown.map(|((option, name), places)| {
            let near = nearest(name, contexts.iter().copied());
            nowhere(option, name, "extensions.conf", places, near, "nothing can be reached from it")
        });
        unknown.collect()
    }
}

fn nowhere(
    option: &str,
    name: &str,
    file: &str,
    places: &Places,
    near: Option<&str>,
    consequence: &str,
) -> Diagnostic {
    let more = match places.lines.len() {
        0 | 1 => String::new(),
        lines => format!(", at {lines} places"),
    };
    let message = format!("{option} names '{name}', which is not in {file}{more}: {consequence}");
    let hint = meant(near, || format!("add [{name}] to {file}, or correct the name"));
    Diagnostic::warning(&places.first, message).hint(hint)
}
