//! A configuration after reading: sections in order, values in order, nothing interpreted.

use std::fmt;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span};

/// Which sign stood between name and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `name = value`.
    Assign,
    /// `name => value`.
    Object,
    /// `name += value`; the text is already joined to what it adds to.
    Append,
}

/// One `name = value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The name as written; compare with [`Value::is`].
    pub name: Arc<str>,
    /// The text, trimmed, comments removed, `\;` unescaped, quotes kept.
    pub text: Arc<str>,
    /// The sign.
    pub operator: Operator,
    /// Where the name starts.
    pub span: Span,
    /// The column at which the text starts, from 1.
    pub text_column: u32,
    /// The template it was inherited from.
    pub inherited_from: Option<Arc<str>>,
}

impl Value {
    /// Whether this is the option `name`. Option names ignore case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Where the text starts.
    pub fn text_span(&self) -> Span {
        Span { column: self.text_column, ..self.span.clone() }
    }

    /// The text without one pair of surrounding double quotes.
    pub fn unquoted(&self) -> &str {
        self.text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&self.text)
    }

    /// The items of a comma-separated text, trimmed, empty ones left out.
    pub fn items(&self) -> impl Iterator<Item = &str> {
        self.text.split(',').map(str::trim).filter(|item| !item.is_empty())
    }
}

/// One `[name]` with what it holds, inherited values first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The name as written; section names respect case.
    pub name: Arc<str>,
    /// Where the `[` stands.
    pub span: Span,
    /// Whether it is a template `(!)`, that is, only there to be inherited from.
    pub template: bool,
    /// The sections it inherits from, in order.
    pub parents: Vec<Arc<str>>,
    /// The values in order, repeated names kept.
    pub values: Vec<Value>,
    /// Whether the header could not be understood wholly (a parent that does not exist, …): the
    /// reason is among the document's diagnostics, and the section must not be used.
    pub faulty: bool,
}

impl Section {
    /// The last value called `name`: the one that counts for an option with one value.
    pub fn last(&self, name: &str) -> Option<&Value> {
        self.values.iter().rev().find(|value| value.is(name))
    }

    /// The text of the last value called `name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.last(name).map(|value| &*value.text)
    }

    /// All values called `name`, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.values.iter().filter(move |value| value.is(name))
    }
}

/// A configuration file with everything it includes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Sections in order of first appearance, templates among them, equal names kept apart.
    pub sections: Vec<Section>,
    /// What there is to say about the text itself.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether something that should be part of it could not be read (an include, a command, a
    /// section header, the rest behind a limit), so that what is missing here need not have been
    /// taken out.
    pub incomplete: bool,
    /// The files it was made of, the first being the one asked for.
    pub files: Vec<Arc<str>>,
}

impl Document {
    /// The first usable section called `name` that is not a template.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.live().find(|section| &*section.name == name)
    }

    /// All usable sections called `name`, templates left out.
    pub fn sections_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Section> {
        self.live().filter(move |section| &*section.name == name)
    }

    /// All usable sections: no templates, no faulty ones.
    pub fn live(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|section| !section.template && !section.faulty)
    }

    /// Whether the text itself has errors.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Prints the document in canonical form: includes and inheritance resolved, comments gone.
/// Reading what was printed gives the same sections and values.
impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, section) in self.sections.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            let mark = if section.template { "(!)" } else { "" };
            writeln!(f, "[{}]{mark}", escape(&section.name))?;
            for value in &section.values {
                // An appended text is already whole, so it prints as an assignment.
                let sign = if value.operator == Operator::Object { "=>" } else { "=" };
                writeln!(f, "{} {sign} {}", escape(&value.name), escape(&value.text))?;
            }
        }
        Ok(())
    }
}

fn escape(text: &str) -> String {
    text.replace(';', "\\;")
}
