//! What a program defines: the tables `extensions` and `hints` as contributions to contexts.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use mlua::{Function, Lua, Table, Value};
use sidetone_conf::{Diagnostic, Span};
use sidetone_dialplan::script::Contribution;

use crate::FILE;
use crate::limits::{MAX_ENTRIES, MAX_FINDINGS};
use crate::text::text_of;

/// Reads both tables. What cannot be used is left out and said.
///
/// # Errors
/// There is no table `extensions`.
pub(crate) fn read(lua: &Lua) -> Result<(Vec<Contribution>, Vec<Diagnostic>), String> {
    let mut reader = Reader::default();
    let extensions = lua.globals().raw_get::<Value>("extensions").ok();
    let Some(Value::Table(extensions)) = extensions else {
        return Err("there is no table `extensions`".to_owned());
    };
    reader.table("extensions", &extensions, Reader::extension);
    match lua.globals().raw_get::<Value>("hints") {
        Ok(Value::Table(hints)) => reader.table("hints", &hints, Reader::hint),
        Ok(Value::Nil) | Err(_) => {}
        Ok(value) => reader.warn(format!("hints is no table but of type {}", value.type_name())),
    }
    Ok(reader.finish())
}

#[derive(Default)]
struct Reader {
    contexts: BTreeMap<String, Contribution>,
    diagnostics: Vec<Diagnostic>,
    entries: usize,
}

type Entry = fn(&mut Reader, context: &str, name: &str, value: &Value);

impl Reader {
    fn warn(&mut self, text: String) {
        let text = match self.diagnostics.len().cmp(&MAX_FINDINGS) {
            Ordering::Less => text,
            Ordering::Equal => "there is more to say; mend the rest first".to_owned(),
            Ordering::Greater => return,
        };
        self.diagnostics.push(Diagnostic::warning(&Span::whole_file(FILE), text));
    }

    /// Counts an entry; false when it is one too many.
    fn has_room(&mut self) -> bool {
        self.entries += 1;
        if self.entries == MAX_ENTRIES + 1 {
            self.warn(format!("more than {MAX_ENTRIES} entries; the rest is lost"));
        }
        self.entries <= MAX_ENTRIES
    }

    fn table(&mut self, title: &str, table: &Table, entry: Entry) {
        for pair in table.pairs::<Value, Value>() {
            let Ok((name, inner)) = pair else { continue };
            let (Some(context), Value::Table(inner)) = (name_of(&name), inner) else {
                let name = shown(&name);
                self.warn(format!("{title}[{name}] is no context: a name and a table are"));
                continue;
            };
            self.contribution(&context);
            for pair in inner.pairs::<Value, Value>() {
                let Ok((name, value)) = pair else { continue };
                if !self.has_room() {
                    return;
                }
                let Some(known) = name_of(&name) else {
                    let name = shown(&name);
                    let text = format!("{title}.{context}[{name}] is left out");
                    self.warn(format!("{text}: names are strings, as in [\"{name}\"], in UTF-8"));
                    continue;
                };
                entry(self, &context, &known, &value);
            }
        }
    }

    fn contribution(&mut self, context: &str) -> &mut Contribution {
        self.contexts.entry(context.to_owned()).or_insert_with(|| Contribution {
            context: context.into(),
            span: Span::new(FILE, 1, 0),
            functions: Vec::new(),
            includes: Vec::new(),
            hints: Vec::new(),
        })
    }

    fn extension(&mut self, context: &str, name: &str, value: &Value) {
        match value {
            Value::Table(list) if name == "include" => self.includes(context, list),
            Value::Function(function) => {
                let span = span_of(function);
                self.contribution(context).functions.push((name.to_owned(), span));
            }
            value => {
                let kind = value.type_name();
                self.warn(format!(
                    "extensions.{context}[\"{name}\"] is no function but of type {kind}"
                ));
            }
        }
    }

    /// A list, whose order counts; what stands beside it is no part of it.
    fn includes(&mut self, context: &str, list: &Table) {
        let mut length = 0;
        for included in list.sequence_values::<Value>() {
            if !self.has_room() {
                return;
            }
            length += 1;
            match included.ok().as_ref().and_then(text_of) {
                Some(text) => self.contribution(context).includes.push(text),
                None => self.warn(format!("extensions.{context}.include[{length}] is no name")),
            }
        }
        for pair in list.pairs::<Value, Value>() {
            let Ok((place, _)) = pair else { continue };
            if !place.as_i64().is_some_and(|place| (1..=length).contains(&place)) {
                let place = shown(&place);
                let text = format!("extensions.{context}.include[{place}] is left out");
                self.warn(format!("{text}: write a list of names, as {{ \"outside\" }}"));
            }
        }
    }

    fn hint(&mut self, context: &str, name: &str, value: &Value) {
        match text_of(value) {
            Some(device) => {
                self.contribution(context).hints.push((name.to_owned(), device));
            }
            None => {
                let kind = value.type_name();
                self.warn(format!("hints.{context}[\"{name}\"] is no text but of type {kind}"));
            }
        }
    }

    fn finish(self) -> (Vec<Contribution>, Vec<Diagnostic>) {
        let sorted = self.contexts.into_values().map(|mut contribution| {
            contribution.functions.sort_by(|a, b| a.0.cmp(&b.0));
            contribution.hints.sort();
            let first = contribution.functions.iter().map(|(_, span)| span);
            let first = first.filter(|span| &*span.file == FILE).min_by_key(|span| span.line);
            if let Some(first) = first.cloned() {
                contribution.span = first;
            }
            contribution
        });
        (sorted.collect(), self.diagnostics)
    }
}

/// The name of a context or an extension, by which it is found again in Lua.
fn name_of(value: &Value) -> Option<String> {
    let Value::String(name) = value else { return None };
    name.to_str().ok().filter(|name| !name.is_empty()).map(|name| name.to_owned())
}

fn shown(value: &Value) -> String {
    text_of(value).unwrap_or_else(|| value.type_name().to_owned())
}

/// Where a function is written.
fn span_of(function: &Function) -> Span {
    let info = function.info();
    let source = info.source.as_deref().and_then(|source| source.strip_prefix('@'));
    let line = info.line_defined.and_then(|line| u32::try_from(line).ok()).unwrap_or(0);
    Span::new(source.unwrap_or(FILE), line, 0)
}
