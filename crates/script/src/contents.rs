//! What a program defines: the tables `extensions` and `hints` as contributions to contexts.

use std::collections::BTreeMap;

use mlua::{Function, Lua, Table, Value};
use sidetone_conf::{Diagnostic, Span};
use sidetone_dialplan::script::Contribution;

use crate::FILE;
use crate::limits::MAX_ENTRIES;
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
        let span = Span::whole_file(FILE);
        if self.diagnostics.len() < 100 {
            self.diagnostics.push(Diagnostic::warning(&span, text));
        }
    }

    fn table(&mut self, title: &str, table: &Table, entry: Entry) {
        for pair in table.pairs::<Value, Value>() {
            let Ok((name, inner)) = pair else { continue };
            let (Value::String(name), Value::Table(inner)) = (&name, &inner) else {
                let name = text_of(&name).unwrap_or_else(|| name.type_name().to_owned());
                self.warn(format!("{title}[{name}] is no context: a name and a table are"));
                continue;
            };
            let context = name.to_string_lossy();
            self.contribution(&context);
            for pair in inner.pairs::<Value, Value>() {
                let Ok((name, value)) = pair else { continue };
                self.entries += 1;
                if self.entries > MAX_ENTRIES {
                    return self.warn(format!("more than {MAX_ENTRIES} entries; the rest is lost"));
                }
                let Value::String(name) = &name else {
                    let shown = text_of(&name).unwrap_or_else(|| name.type_name().to_owned());
                    let text = format!("{title}.{context}[{shown}] is left out");
                    self.warn(format!("{text}: names are strings, as in [\"{shown}\"]"));
                    continue;
                };
                entry(self, &context, &name.to_string_lossy(), &value);
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
            Value::Table(list) if name == "include" => {
                for included in list.sequence_values::<Value>() {
                    match included.ok().as_ref().and_then(text_of) {
                        Some(text) => self.contribution(context).includes.push(text),
                        None => self.warn(format!("{context}: an include is no name")),
                    }
                }
            }
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

/// Where a function is written.
fn span_of(function: &Function) -> Span {
    let info = function.info();
    let source = info.source.as_deref().and_then(|source| source.strip_prefix('@'));
    let line = info.line_defined.and_then(|line| u32::try_from(line).ok()).unwrap_or(0);
    Span::new(source.unwrap_or(FILE), line, 0)
}
