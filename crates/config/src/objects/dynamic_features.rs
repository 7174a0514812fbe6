//! `[applicationmap]` of `features.conf` and the groups beside it: keys that start an application
//! while two talk. Which of them a party may use says its variable `DYNAMIC_FEATURES`.

use std::sync::Arc;

use sidetone_conf::{Diagnostic, Document, Section, Span, Value};

use crate::nearest::{meant, nearest};
use crate::report::Report;
use crate::sections::{single, unknown};

/// The section of applications.
const MAP: &str = "applicationmap";

/// The sections that are no group.
const SECTIONS: &[&str] = &["general", "featuremap", MAP];

/// The most keys of one code: nobody presses more of them within the time allowed.
const MAX_KEYS: usize = 20;

/// An application behind keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamicFeature {
    /// Its name, for `DYNAMIC_FEATURES`.
    pub name: String,
    /// The keys, unless a group has others.
    pub keys: String,
    /// On whose channel it runs.
    pub runs_on: RunsOn,
    /// Which application.
    pub application: String,
    /// Its arguments, not expanded yet.
    pub arguments: String,
    /// The class of music that the other side hears meanwhile; empty for silence.
    pub music: String,
    /// Where it is written.
    pub span: Span,
}

/// On whose channel an application behind keys runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunsOn {
    /// Of the party that pressed the keys.
    Own,
    /// Of the other one.
    Peer,
}

/// A group: its name, and its features with their keys.
type Group = (String, Vec<(String, Arc<DynamicFeature>)>);

/// All applications behind keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DynamicFeatures {
    features: Vec<Arc<DynamicFeature>>,
    groups: Vec<Group>,
}

impl DynamicFeatures {
    pub(crate) fn build(document: &Document, report: &mut Report) -> Self {
        let mut found = Self::default();
        for value in single(document, MAP).flat_map(|section| &section.values) {
            match read(value) {
                Ok((feature, activated_by)) => {
                    if let Some(side) = activated_by.filter(|side| side != "both") {
                        let message = format!(
                            "'/{side}' is ignored: the party whose DYNAMIC_FEATURES names \
                             '{}' may use it",
                            feature.name
                        );
                        report.say(Diagnostic::warning(&value.span, message));
                    }
                    found.features.retain(|before| !before.is(&feature.name));
                    found.features.push(Arc::new(feature));
                }
                Err((message, hint)) => {
                    report.say(Diagnostic::error(&value.span, message).hint(hint));
                }
            }
        }
        for section in document.live().filter(|section| !section.values.is_empty()) {
            let name = &section.name;
            if SECTIONS.iter().any(|known| name.eq_ignore_ascii_case(known)) {
                continue;
            }
            if nearest(name, SECTIONS.iter().copied()).is_some() {
                report.say(unknown(section, "features.conf", SECTIONS));
                continue;
            }
            let group = found.group(section, report);
            found.groups.push(group);
        }
        found
    }

    fn group(&self, section: &Section, report: &mut Report) -> Group {
        let mut members = Vec::new();
        for value in &section.values {
            let Some(feature) = self.find(&value.name) else {
                let near = nearest(&value.name, self.all().map(|feature| &*feature.name));
                let message =
                    format!("[{}] names '{}', which [{MAP}] lacks", section.name, value.name);
                let hint = meant(near, || format!("write it into [{MAP}], or leave it out"));
                report.say(Diagnostic::error(&value.span, message).hint(hint));
                continue;
            };
            match &*value.text {
                "" => members.push((feature.keys.clone(), Arc::clone(feature))),
                keys if are_keys(keys) => members.push((keys.to_owned(), Arc::clone(feature))),
                other => {
                    let message = format!("'{other}' are no keys for '{}'", feature.name);
                    report.say(Diagnostic::error(&value.span, message).hint(KEYS_HINT));
                }
            }
        }
        (section.name.to_string(), members)
    }

    fn find(&self, name: &str) -> Option<&Arc<DynamicFeature>> {
        self.features.iter().find(|feature| feature.is(name))
    }

    /// All of them, as written.
    pub fn all(&self) -> impl Iterator<Item = &DynamicFeature> {
        self.features.iter().map(|feature| &**feature)
    }

    /// The names that `DYNAMIC_FEATURES` may hold.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let groups = self.groups.iter().map(|(name, _)| name.as_str());
        self.features.iter().map(|feature| &*feature.name).chain(groups)
    }

    /// What somebody may use whose `DYNAMIC_FEATURES` is this: names of features and groups with
    /// `#` between them.
    #[must_use]
    pub fn allowed(&self, names: &str) -> Vec<(String, Arc<DynamicFeature>)> {
        let mut allowed = Vec::new();
        for name in names.split('#').map(str::trim).filter(|name| !name.is_empty()) {
            if let Some(feature) = self.find(name) {
                allowed.push((feature.keys.clone(), Arc::clone(feature)));
            }
            let named = |(group, _): &&Group| group.eq_ignore_ascii_case(name);
            allowed.extend(self.groups.iter().filter(named).flat_map(|(_, all)| all).cloned());
        }
        allowed
    }
}

impl DynamicFeature {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

const KEYS_HINT: &str = "write 1 to 20 of 0 to 9, *, # and A to D";

fn are_keys(text: &str) -> bool {
    let is_key = |key: char| key.is_ascii_digit() || "*#ABCD".contains(key);
    (1..=MAX_KEYS).contains(&text.len()) && text.chars().all(is_key)
}

/// What is wrong and what to write.
type Wrong = (String, String);

/// `keys,activate-on[/activated-by],application[,arguments[,music class]]`, and who was once
/// allowed to press them. Arguments with commas stand between quotes, or after the name between
/// parentheses.
fn read(value: &Value) -> Result<(DynamicFeature, Option<String>), Wrong> {
    let name = value.name.trim().to_owned();
    let form = || "write keys,self or peer,application,arguments,music class".to_owned();
    let parts: Vec<&str> = value.text.splitn(3, ',').map(str::trim).collect();
    let [keys, on, call] = parts[..] else {
        return Err((format!("'{name}' needs keys, self or peer, and an application"), form()));
    };
    if !are_keys(keys) {
        return Err((format!("'{keys}' are no keys for '{name}'"), KEYS_HINT.to_owned()));
    }
    let (on, by) = on.split_once('/').map_or((on, None), |(on, by)| (on, Some(by.trim())));
    let runs_on = match on.trim().to_ascii_lowercase().as_str() {
        "self" => RunsOn::Own,
        "peer" => RunsOn::Peer,
        other => return Err((format!("'{name}' cannot run on '{other}'"), form())),
    };
    let Some((application, arguments, music)) = call_and_music(call) else {
        return Err((format!("'{name}' needs an application"), form()));
    };
    let keys = keys.to_owned();
    let span = value.span.clone();
    let feature = DynamicFeature { name, keys, runs_on, application, arguments, music, span };
    Ok((feature, by.map(str::to_ascii_lowercase)))
}

/// The application, its arguments and the class of music.
fn call_and_music(text: &str) -> Option<(String, String, String)> {
    let owned = |name: &str, arguments: &str, music: &str| {
        let name = name.trim();
        let parts = (name.to_owned(), arguments.trim().to_owned(), music.trim().to_owned());
        (!name.is_empty()).then_some(parts)
    };
    let comma = text.find(',').unwrap_or(text.len());
    if let Some(open) = text.find('(').filter(|open| *open < comma) {
        let (name, rest) = text.split_at(open);
        let close = rest.rfind(')').unwrap_or(rest.len());
        let music = rest.get(close + 1..).unwrap_or_default().trim();
        return owned(name, rest.get(1..close)?, music.strip_prefix(',').unwrap_or(music));
    }
    let (name, rest) = text.split_once(',').unwrap_or((text, ""));
    let rest = rest.trim();
    if let Some((quoted, after)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        let after = after.trim();
        return owned(name, quoted, after.strip_prefix(',').unwrap_or(after));
    }
    let (arguments, music) = rest.split_once(',').unwrap_or((rest, ""));
    owned(name, arguments, music)
}
