//! Reads one section by its table: unknown names, wrong values and options without effect are
//! reported here, once, for every object alike; what is left for the object is its meaning.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use sidetone_conf::{Diagnostic, Section, Span, Value};

use crate::acl::{Acl, AclSet, Sense};
use crate::foreign;
use crate::named::Named;
use crate::objects::codecs::Change;
use crate::report::Report;
use crate::table::{Choice, Kind, ObjectSpec, OptionSpec, Usage, truth};
use crate::tables::{self, Index};

/// What an object was given, for `show` commands and the `…()` functions of the dialplan: the
/// options set, canonical names, last value first found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    set: Vec<(&'static str, Arc<str>)>,
}

impl Settings {
    /// The text an option was set to; several lines of one option are joined by commas.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.set
            .iter()
            .find(|(option, _)| option.eq_ignore_ascii_case(name))
            .map(|(_, text)| &**text)
    }

    /// Replaces what an option was set to by what holds (implied by another option).
    pub(crate) fn imply(&mut self, name: &'static str, text: &str) {
        self.set.retain(|(option, _)| *option != name);
        self.set.push((name, text.into()));
    }

    /// All options with the texts that hold, defaults included, in the form of `show` commands.
    pub fn shown(&self, spec: &ObjectSpec) -> Vec<(&'static str, String)> {
        spec.options
            .iter()
            .map(|option| {
                let text = self.text(option.name).unwrap_or(option.default);
                (option.name, option.shown(text).into_owned())
            })
            .collect()
    }
}

/// A section being read.
pub(crate) struct Fields<'a> {
    spec: &'static ObjectSpec,
    index: &'static Index,
    section: &'a Section,
    /// The values of the section with the options they set, unknown ones left out.
    values: Vec<(&'static OptionSpec, &'a Value)>,
    pub(crate) report: &'a mut Report,
    /// How many errors the section has so far.
    errors: usize,
}

impl<'a> Fields<'a> {
    /// Checks names and types of everything set.
    pub(crate) fn new(
        spec: &'static ObjectSpec,
        section: &'a Section,
        report: &'a mut Report,
    ) -> Self {
        let index = tables::index(spec);
        let values = Vec::with_capacity(section.values.len());
        let mut fields = Self { spec, index, section, values, report, errors: 0 };
        for value in &section.values {
            // Through the index in both cases: options are told apart by their place in memory.
            let exact = index.get(&*value.name);
            let option = exact.or_else(|| index.get(spec.option(&value.name)?.name)).copied();
            fields.values.extend(option.map(|option| (option, value)));
            fields.check(option, value);
        }
        fields
    }

    fn check(&mut self, option: Option<&'static OptionSpec>, value: &Value) {
        let is_type = option.is_none() && value.is("type");
        // Names that start with @ are notes of the user's own tools.
        if is_type || value.name.starts_with('@') {
            return;
        }
        let Some(option) = option else {
            if self.spec.name != "phoneprov" {
                self.unknown(value);
            }
            return;
        };
        if let Some(reason) = option.why_ignored(&value.text) {
            self.report.ignored(self.spec.name, option.name, &value.span, reason);
        }
        if value.text.is_empty() && option.default.is_empty() {
            return;
        }
        if let Err(expected) = option.check(&value.text) {
            let shown = if option.kind == Kind::Secret { "…" } else { &value.text };
            let message = format!("'{} = {shown}' cannot be", option.name);
            self.error_at(&value.span, message, format!("expected {expected}"));
        }
    }

    fn unknown(&mut self, value: &Value) {
        let what = if self.spec.file == "pjsip.conf" { "option of type" } else { "option of" };
        let message = format!("no {what} '{}' is called '{}'", self.spec.name, value.name);
        let hint = match (foreign::explain(&value.name), self.spec.nearest(&value.name)) {
            (Some(today), _) => format!("chan_sip called it so; today it is {today}"),
            (None, Some(near)) => format!("did you mean '{near}'?"),
            (None, None) => String::from("remove the line"),
        };
        self.error_at(&value.span, message, hint);
    }

    /// Reports an error at a place and counts it against the object.
    pub(crate) fn error_at(&mut self, span: &Span, message: String, hint: impl Into<String>) {
        self.errors += 1;
        self.report.say(Diagnostic::error(span, message).hint(hint));
    }

    /// Reports what another reader of the option's text found.
    pub(crate) fn pass_on(&mut self, finding: Diagnostic) {
        self.errors += usize::from(finding.is_error());
        self.report.say(finding);
    }

    /// Reports an error at the option's line.
    pub(crate) fn error(&mut self, option: &str, message: String, hint: impl Into<String>) {
        let span = self.span(option);
        self.error_at(&span, message, hint);
    }

    /// Reports a warning at the option's line.
    pub(crate) fn warn(&mut self, option: &str, message: String, hint: impl Into<String>) {
        let span = self.span(option);
        self.report.say(Diagnostic::warning(&span, message).hint(hint));
    }

    /// Whether the object has errors and must be refused.
    pub(crate) fn is_bad(&self) -> bool {
        self.errors > 0
    }

    /// Where the option is set, or else where the section starts.
    pub(crate) fn span(&self, option: &str) -> Span {
        self.last(option).map_or_else(|| self.section.span.clone(), |value| value.span.clone())
    }

    /// The section's name.
    pub(crate) fn id(&self) -> String {
        self.section.name.to_string()
    }

    fn option(&self, name: &str) -> &'static OptionSpec {
        let option = self.index.get(name).copied();
        debug_assert!(option.is_some(), "{} is in no table", name);
        const MISSING: OptionSpec =
            OptionSpec { name: "", kind: Kind::Text, default: "", usage: Usage::Works, doc: "" };
        option.unwrap_or(&MISSING)
    }

    /// All values of an option, aliases included, in order.
    pub(crate) fn all(&self, name: &str) -> impl DoubleEndedIterator<Item = &'a Value> {
        let option = self.option(name);
        let sets = move |(set, _): &&(&OptionSpec, &'a Value)| std::ptr::eq(*set, option);
        self.values.iter().filter(sets).map(|(_, value)| *value)
    }

    fn last(&self, name: &str) -> Option<&'a Value> {
        self.all(name).next_back()
    }

    /// The lines that change the codec list, in order.
    pub(crate) fn codec_lines(&self) -> impl Iterator<Item = (Change, &'a Value)> {
        self.values.iter().filter_map(|(option, value)| match option.name {
            "allow" => Some((Change::Allow, *value)),
            "disallow" => Some((Change::Disallow, *value)),
            _ => None,
        })
    }

    /// Whether the option is set to anything.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.last(name).is_some_and(|value| !value.text.is_empty())
    }

    /// The text that holds: what was set, or the default.
    pub(crate) fn string(&self, name: &str) -> String {
        self.last(name).map_or(self.option(name).default, |value| &value.text).to_owned()
    }

    /// The text when it is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        Some(self.string(name)).filter(|text| !text.is_empty())
    }

    /// The text when it is right by its type, else the default.
    fn valid(&self, name: &str) -> Cow<'a, str> {
        let option = self.option(name);
        let text = self.last(name).map(|value| &*value.text);
        Cow::from(text.filter(|text| option.check(text).is_ok()).unwrap_or(option.default))
    }

    /// A yes/no value.
    pub(crate) fn flag(&self, name: &str) -> bool {
        truth(&self.valid(name)) == Some(true)
    }

    /// A whole number.
    pub(crate) fn number<T: TryFrom<i64> + Default>(&self, name: &str) -> T {
        let number: i64 = self.valid(name).parse().unwrap_or(0);
        T::try_from(number).unwrap_or_default()
    }

    /// A number with a fraction.
    pub(crate) fn decimal(&self, name: &str) -> f64 {
        self.valid(name).parse().unwrap_or(0.0)
    }

    /// A word; `None` only for an option whose default is empty and that is not set.
    pub(crate) fn choice<T: Choice>(&self, name: &str) -> Option<T> {
        T::from_name(&self.valid(name))
    }

    /// Words separated by commas.
    pub(crate) fn choices<T: Choice>(&self, name: &str) -> Vec<T> {
        self.valid(name).split(',').filter_map(|word| T::from_name(word.trim())).collect()
    }

    /// Items separated by commas, of all lines.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        self.all(name).flat_map(Value::items).map(str::to_owned).collect()
    }

    /// Items separated by commas, of the last line: what stands there replaces what a template
    /// says.
    pub(crate) fn last_list(&self, name: &str) -> Vec<String> {
        self.last(name).into_iter().flat_map(Value::items).map(str::to_owned).collect()
    }

    /// Names the options that are set though they do nothing here.
    pub(crate) fn idle(&mut self, options: &[&str], whose: &str, hint: &str) {
        for option in options {
            if self.is_set(option) {
                self.warn(option, format!("'{option}' {whose}"), hint);
            }
        }
    }

    /// The addresses of an option that holds one.
    pub(crate) fn address(&mut self, name: &str) -> Option<IpAddr> {
        let text = self.text(name)?;
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match bare.unwrap_or(&text).parse() {
            Ok(address) => Some(address),
            Err(_) => {
                let message = format!("'{name} = {text}' is no IP address");
                self.error(name, message, "write it like 192.0.2.1 or 2001:db8::1");
                None
            }
        }
    }

    /// A SIP URI, perhaps in angle brackets.
    pub(crate) fn sip_uri(&mut self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        self.check_uri(name, &text);
        Some(text)
    }

    /// Reports what cannot be a SIP URI.
    pub(crate) fn check_uri(&mut self, name: &str, text: &str) {
        let uri = text.trim_start_matches('<').to_ascii_lowercase();
        let rest = uri.strip_prefix("sip:").or_else(|| uri.strip_prefix("sips:"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains(char::is_whitespace)) {
            let message = format!("'{name} = {text}' is no SIP URI");
            self.error(name, message, r"write sip:host, sip:user@host:port or sip:host\;lr");
        }
    }

    /// `permit` and `deny` in the order written, together with the named lists of `acl`.
    pub(crate) fn acl_set(
        &mut self,
        [acl, deny, permit]: [&'static str; 3],
        named: &Named<Acl>,
    ) -> AclSet {
        let mut set = AclSet::default();
        for name in self.list(acl) {
            match named.find(&name) {
                Ok(list) => set.lists.push(Arc::clone(list)),
                Err(why) => {
                    let message = format!("{acl} names the list '{name}', {}", why.problem());
                    self.error(acl, message, why.cure("add it to acl.conf"));
                }
            }
        }
        let mut own = Acl::default();
        for (option, value) in self.values.clone() {
            let sense = if option.name == deny {
                Sense::Deny
            } else if option.name == permit {
                Sense::Permit
            } else {
                continue;
            };
            if let Err(why) = own.add(sense, &value.text) {
                self.error_at(&value.span, why, "no rule of this line holds");
            }
        }
        if !own.is_empty() {
            set.lists.push(Arc::new(own));
        }
        set
    }

    /// What was set, for `show` commands.
    pub(crate) fn settings(&self) -> Settings {
        let mut set: Vec<(&'static str, Arc<str>)> = Vec::new();
        for (option, value) in &self.values {
            let sums_up = matches!(option.name, "set_var" | "match_header" | "match_request_uri")
                || option.kind == Kind::List;
            // A secret is kept where it is used and nowhere else.
            if option.kind == Kind::Secret {
                set.retain(|(name, _)| *name != option.name);
                set.push((option.name, "****".into()));
                continue;
            }
            match set.iter_mut().find(|(name, _)| *name == option.name) {
                Some((_, text)) if sums_up => *text = format!("{text},{}", value.text).into(),
                Some((_, text)) => *text = Arc::clone(&value.text),
                None => set.push((option.name, Arc::clone(&value.text))),
            }
        }
        Settings { set }
    }
}
