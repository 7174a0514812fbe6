//! From text to [`Document`]: one pass over the lines, includes read where they stand, parents
//! copied where they are named, exactly as an included or inherited line would have been written
//! at that place.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Document, Operator, Section, Value};
use crate::glob;
use crate::header::{self, Header, Modifier};
use crate::limits::{
    MAX_DIAGNOSTICS, MAX_FILE_BYTES, MAX_FILES, MAX_INCLUDE_DEPTH, MAX_LINE_BYTES, MAX_SECTIONS,
    MAX_VALUES,
};
use crate::line::{Comments, Line, trim};
use crate::source::{MemorySource, ReadError, Source};

/// Whether `#exec` runs commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExecIncludes {
    /// `execincludes = yes` in `asterisk.conf`.
    Allowed,
    /// Every `#exec` is an error that says how to allow it.
    #[default]
    Refused,
}

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The directory relative paths start from, without a slash at its end; empty for none.
    pub directory: String,
    /// Whether `#exec` runs commands.
    pub exec_includes: ExecIncludes,
}

/// Reads the file `path` (relative to the directory of the options, or absolute) with all it
/// includes. What is wrong inside is among the document's diagnostics.
///
/// # Errors
/// The file itself is missing or unreadable.
pub fn load(source: &dyn Source, path: &str, options: &Options) -> Result<Document, ReadError> {
    let full = absolute(&options.directory, path);
    let bytes = source.read(&full)?;
    let mut reader = Reader::new(source, options);
    reader.file(&Arc::from(path), &full, bytes);
    Ok(reader.document)
}

/// Reads a text that has no files around it: every include is an error.
pub fn parse(text: &str, file_name: &str) -> Document {
    let source = MemorySource::new();
    let options = Options::default();
    let mut reader = Reader::new(&source, &options);
    reader.file(&Arc::from(file_name), file_name, text.as_bytes().to_vec());
    reader.document
}

fn absolute(directory: &str, path: &str) -> String {
    if path.starts_with('/') || directory.is_empty() {
        return path.to_owned();
    }
    format!("{directory}/{path}")
}

struct Reader<'a> {
    source: &'a dyn Source,
    options: &'a Options,
    document: Document,
    /// Indexes of the sections of each name, in order: files of 50,000 endpoints inherit and add
    /// too often for a search from the start.
    by_name: HashMap<Arc<str>, Vec<usize>>,
    /// Index of the section that values now go to.
    current: Option<usize>,
    /// Full paths of the files being read, outermost first.
    open: Vec<String>,
    values_total: usize,
    /// Set once a limit of the whole document is hit: the rest is not read.
    full: bool,
}

impl<'a> Reader<'a> {
    fn new(source: &'a dyn Source, options: &'a Options) -> Self {
        Self {
            source,
            options,
            document: Document::default(),
            by_name: HashMap::new(),
            current: None,
            open: Vec::new(),
            values_total: 0,
            full: false,
        }
    }

    fn say(&mut self, diagnostic: Diagnostic) {
        if self.document.diagnostics.len() < MAX_DIAGNOSTICS {
            self.document.diagnostics.push(diagnostic);
        }
    }

    fn overflow(&mut self, span: &Span, what: &str, limit: usize) {
        self.full = true;
        self.document.incomplete = true;
        self.say(
            Diagnostic::error(span, format!("more than {limit} {what}: the rest is not read"))
                .hint("split the configuration, or look for an include or template that repeats"),
        );
    }

    fn file(&mut self, name: &Arc<str>, full_path: &str, bytes: Vec<u8>) {
        let whole = Span::whole_file(Arc::clone(name));
        if self.document.files.len() >= MAX_FILES {
            return self.overflow(&whole, "files", MAX_FILES);
        }
        self.document.files.push(Arc::clone(name));
        if bytes.len() > MAX_FILE_BYTES {
            let message = format!("longer than {MAX_FILE_BYTES} bytes: not read");
            self.document.incomplete = true;
            return self.say(Diagnostic::error(&whole, message).hint("split it with #include"));
        }
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let line = line_of(error.as_bytes(), valid);
                self.say(
                    Diagnostic::warning(&Span::new(Arc::clone(name), line, 0), "not UTF-8")
                        .hint("convert it, for example with iconv -f latin1 -t utf-8"),
                );
                text
            }
        };
        self.open.push(full_path.to_owned());
        let mut comments = Comments::default();
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        for (raw, number) in text.split('\n').zip(1u32..) {
            if self.full {
                break;
            }
            let span = Span::new(Arc::clone(name), number, 1);
            if raw.len() > MAX_LINE_BYTES {
                let message = format!("the line is longer than {MAX_LINE_BYTES} bytes: ignored");
                self.say(Diagnostic::error(&span, message));
                continue;
            }
            let line = comments.strip(raw, number);
            self.line(&line, &span);
        }
        if let Some(opened) = comments.unclosed() {
            let span = Span::new(Arc::clone(name), opened, 0);
            self.say(
                Diagnostic::warning(&span, "the block comment ';--' is never closed")
                    .hint("write --; where it ends; everything after it was ignored"),
            );
        }
        self.open.pop();
    }

    fn line(&mut self, line: &Line, line_span: &Span) {
        let (text, start) = trim(&line.text);
        let span = Span { column: line.column(start), ..line_span.clone() };
        match text.chars().next() {
            None => {}
            Some('[') => self.section(text, &span),
            Some('#') => self.directive(text, &span),
            Some(_) => self.value(line, text, start, &span),
        }
    }

    fn section(&mut self, text: &str, span: &Span) {
        let header = match header::parse(text) {
            Ok(header) => header,
            Err(why) => {
                // What follows must not land in the section before, and which section is missing
                // now cannot be said.
                self.current = None;
                self.document.incomplete = true;
                return self.say(Diagnostic::error(span, why).hint("write [name]"));
            }
        };
        if !header.rest.is_empty() {
            let message = format!("'{}' after the section header is ignored", header.rest);
            self.say(Diagnostic::warning(span, message));
        }
        if self.document.sections.len() >= MAX_SECTIONS {
            return self.overflow(span, "sections", MAX_SECTIONS);
        }
        if let Some(Modifier::Add(selector)) =
            header.modifiers.iter().find(|modifier| matches!(modifier, Modifier::Add(_)))
        {
            self.add_to(&header, selector, span);
        } else {
            let name: Arc<str> = header.name.into();
            let index = self.document.sections.len();
            self.by_name.entry(Arc::clone(&name)).or_default().push(index);
            self.document.sections.push(Section {
                name,
                span: span.clone(),
                template: header.modifiers.contains(&Modifier::Template),
                parents: Vec::new(),
                values: Vec::new(),
                faulty: false,
            });
            self.current = Some(index);
        }
        for modifier in &header.modifiers {
            if let Modifier::Inherit(parent) = modifier {
                self.inherit(parent, span);
            }
        }
    }

    /// The sections called `name` so far, with their indexes.
    fn named(&self, name: &str) -> impl Iterator<Item = (usize, &Section)> {
        let indexes = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        indexes.iter().filter_map(|index| Some((*index, self.document.sections.get(*index)?)))
    }

    /// `[name](+)`: what follows is added to the section that is already there.
    fn add_to(&mut self, header: &Header<'_>, selector: &str, span: &Span) {
        let mut candidates =
            self.named(header.name).filter(|(_, section)| header::selects(selector, section));
        let found = candidates.next().map(|(index, _)| index);
        let others = candidates.count();
        self.current = found;
        if found.is_none() {
            let message = format!("nothing to add to: no section [{}] before this", header.name);
            self.say(Diagnostic::error(span, message).hint("move it down, or remove the (+)"));
        } else if others > 0 && selector.is_empty() {
            let message = format!(
                "{} sections are called [{}]; this adds to the first",
                others + 1,
                header.name
            );
            self.say(Diagnostic::notice(span, message).hint("select with (+type=…)"));
        }
    }

    fn inherit(&mut self, parent: &str, span: &Span) {
        let Some(current) = self.current else { return };
        let candidates = || self.named(parent).filter(|(index, _)| *index < current);
        let found = candidates().find(|(_, section)| section.template).or(candidates().next());
        let Some((index, base)) = found else {
            let hint = self.template_hint(parent);
            let message = format!("inherits from [{parent}], which is not defined before it");
            if let Some(section) = self.document.sections.get_mut(current) {
                section.faulty = true;
            }
            return self.say(Diagnostic::error(span, message).hint(hint));
        };
        let count = base.values.len();
        if self.values_total.saturating_add(count) > MAX_VALUES {
            return self.overflow(span, "values", MAX_VALUES);
        }
        let name = Arc::clone(&base.name);
        let faulty = base.faulty;
        let mut inherited: Vec<Value> = base.values.clone();
        self.values_total += count;
        for value in &mut inherited {
            value.inherited_from.get_or_insert_with(|| Arc::clone(&name));
        }
        debug_assert!(index < current, "a parent stands before its child");
        if let Some(section) = self.document.sections.get_mut(current) {
            section.parents.push(name);
            section.values.append(&mut inherited);
            section.faulty |= faulty;
        }
    }

    /// What to advise when a template is missing: the first few there are.
    fn template_hint(&self, parent: &str) -> String {
        const SHOWN: usize = 5;
        let mut hint = format!("define [{parent}](!) above this line");
        // Messages beyond the limit are not kept, so their advice is not worth a search.
        if self.document.diagnostics.len() < MAX_DIAGNOSTICS {
            let templates = self.document.sections.iter().filter(|section| section.template);
            let names: Vec<&str> = templates.map(|section| &*section.name).take(SHOWN).collect();
            if !names.is_empty() {
                hint.push_str(&format!("; known: {}", names.join(", ")));
            }
        }
        hint
    }

    fn value(&mut self, line: &Line, text: &str, start: usize, span: &Span) {
        let Some((left, right)) = text.split_once('=') else {
            return self.say(
                Diagnostic::warning(span, format!("no '=' in \"{}\": ignored", shorten(text)))
                    .hint("write name = value, or start a comment with ;"),
            );
        };
        let (left, appends) = match left.strip_suffix('+') {
            Some(left) => (left, true),
            None => (left, false),
        };
        let (right, operator) = match right.strip_prefix('>') {
            _ if appends => (right, Operator::Append),
            Some(right) => (right, Operator::Object),
            None => (right, Operator::Assign),
        };
        let (name, _) = trim(left);
        let (value_text, skipped) = trim(right);
        if name.is_empty() {
            return self.say(Diagnostic::error(span, "no name before '='"));
        }
        let Some(section) = self.current.and_then(|index| self.document.sections.get_mut(index))
        else {
            self.document.incomplete = true;
            return self.say(
                Diagnostic::error(span, format!("'{name}' stands in no section: ignored"))
                    .hint("put a [section] line above it"),
            );
        };
        let text_start = start + (text.len() - right.len()) + skipped;
        let mut value = Value {
            name: name.into(),
            text: value_text.into(),
            operator,
            span: span.clone(),
            text_column: line.column(text_start),
            inherited_from: None,
        };
        if operator == Operator::Append
            && let Some(earlier) = section.values.iter_mut().rev().find(|v| v.is(name))
        {
            value.text = format!("{}{value_text}", earlier.text).into();
            if value.text.len() > MAX_LINE_BYTES {
                let message = format!("'{name}' grows over {MAX_LINE_BYTES} bytes: ignored");
                return self.say(Diagnostic::error(span, message));
            }
            *earlier = value;
            return;
        }
        section.values.push(value);
        self.values_total += 1;
        if self.values_total > MAX_VALUES {
            self.overflow(span, "values", MAX_VALUES);
        }
    }

    fn directive(&mut self, text: &str, span: &Span) {
        let (word, argument) = match text.find(|character: char| character <= ' ') {
            Some(end) => text.split_at(end),
            None => (text, ""),
        };
        let argument = trim(argument).0;
        let argument = match (argument.chars().next(), argument.chars().last()) {
            (Some('"'), Some('"')) | (Some('<'), Some('>')) if argument.len() >= 2 => {
                argument.get(1..argument.len() - 1).unwrap_or("")
            }
            _ => argument,
        };
        let required = match word.to_ascii_lowercase().as_str() {
            "#include" => true,
            "#tryinclude" => false,
            "#exec" => return self.exec(argument, span),
            _ => {
                return self.say(
                    Diagnostic::warning(span, format!("unknown directive '{}'", shorten(word)))
                        .hint("#include, #tryinclude and #exec exist; a comment starts with ;"),
                );
            }
        };
        if argument.is_empty() {
            return self.say(Diagnostic::error(span, format!("{word} names no file")));
        }
        if !self.may_nest(span) {
            return;
        }
        if !glob::is_pattern(argument) {
            return self.include(argument, required, span);
        }
        let pattern = absolute(&self.options.directory, argument);
        match glob::expand(self.source, &pattern) {
            Ok(paths) => {
                for path in paths {
                    self.include(&path, required, span);
                }
            }
            Err(why) => {
                self.document.incomplete = true;
                self.say(Diagnostic::error(span, format!("{argument}: {why}")));
            }
        }
    }

    fn may_nest(&mut self, span: &Span) -> bool {
        if self.open.len() <= MAX_INCLUDE_DEPTH {
            return true;
        }
        self.document.incomplete = true;
        let message = format!("includes nest deeper than {MAX_INCLUDE_DEPTH}: not followed");
        self.say(Diagnostic::error(span, message).hint("include it from a file further up"));
        false
    }

    fn include(&mut self, path: &str, required: bool, span: &Span) {
        let full = absolute(&self.options.directory, path);
        if self.open.contains(&full) {
            let message = format!("'{path}' includes itself: not followed");
            return self.say(Diagnostic::error(span, message));
        }
        let bytes = match self.source.read(&full) {
            Ok(bytes) => bytes,
            Err(ReadError::NotFound) if !required => return,
            Err(why) => {
                self.document.incomplete = true;
                let hint = if required { "#tryinclude does not mind a missing file" } else { "" };
                let message = format!("cannot include '{path}': {why}");
                return self.say(Diagnostic::error(span, message).hint(hint));
            }
        };
        let base = format!("{}/", self.options.directory);
        let shown = full.strip_prefix(&base).unwrap_or(&full);
        self.file(&Arc::from(shown), &full, bytes);
    }

    fn exec(&mut self, command: &str, span: &Span) {
        if self.options.exec_includes == ExecIncludes::Refused {
            self.document.incomplete = true;
            return self.say(
                Diagnostic::error(span, "#exec is switched off: the command was not run")
                    .hint("execincludes = yes in [options] of asterisk.conf allows it"),
            );
        }
        if command.is_empty() {
            return self.say(Diagnostic::error(span, "#exec names no command"));
        }
        if !self.may_nest(span) {
            return;
        }
        match self.source.exec(command) {
            Ok(bytes) => self.file(&Arc::from(format!("#exec {command}")), command, bytes),
            Err(why) => {
                self.document.incomplete = true;
                self.say(Diagnostic::error(span, format!("#exec '{command}' failed: {why}")));
            }
        }
    }
}

/// The number of the line that holds the byte at `offset`, from 1.
fn line_of(bytes: &[u8], offset: usize) -> u32 {
    let before = bytes.iter().take(offset).filter(|byte| **byte == b'\n').count();
    u32::try_from(before + 1).unwrap_or(u32::MAX)
}

/// A piece of the user's text short enough for a message.
fn shorten(text: &str) -> String {
    const SHOWN_CHARACTERS: usize = 40;
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
        None => text.to_owned(),
    }
}
