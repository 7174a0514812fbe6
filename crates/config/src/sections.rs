//! Files with fixed sections: finding them, what stands in for one that is missing, and saying
//! which section a file does not have.

use std::borrow::Cow;

use sidetone_conf::{Diagnostic, Document, Section, Span};

use crate::nearest::nearest;
use crate::report::Report;

/// Reports every section that is none of `known`: what is written there does nothing, and be it
/// for one wrong letter. Templates are only there to be inherited from, and faulty sections are
/// among the findings about the text.
pub(crate) fn known_only(document: &Document, file: &str, known: &[&str], report: &mut Report) {
    let is_known = |name: &str| known.iter().any(|known| name.eq_ignore_ascii_case(known));
    for section in document.live().filter(|section| !is_known(&section.name)) {
        report.say(unknown(section, file, known));
    }
}

/// That a file has no such section, with the name that was probably meant.
pub(crate) fn unknown(section: &Section, file: &str, known: &[&str]) -> Diagnostic {
    let message = format!("{file} has no section [{}]: its lines do nothing", section.name);
    let hint = match nearest(&section.name, known.iter().copied()) {
        Some(near) => format!("did you mean [{near}]?"),
        None => {
            let names: Vec<String> = known.iter().map(|name| format!("[{name}]")).collect();
            format!("the sections there are: {}", names.join(", "))
        }
    };
    Diagnostic::warning(&section.span, message).hint(hint)
}

/// All sections of that name; section names of fixed sections ignore case.
pub(crate) fn single<'a>(
    document: &'a Document,
    name: &'a str,
) -> impl Iterator<Item = &'a Section> {
    document.live().filter(move |section| section.name.eq_ignore_ascii_case(name))
}

/// The section, or several of that name as if they were one, or an empty one.
pub(crate) fn merged<'a>(document: &'a Document, name: &'a str, file: &str) -> Cow<'a, Section> {
    let mut sections = single(document, name);
    let Some(first) = sections.next() else {
        let span = Span::whole_file(file);
        return Cow::Owned(Section {
            name: name.into(),
            span,
            template: false,
            parents: Vec::new(),
            values: Vec::new(),
            faulty: false,
        });
    };
    let mut found = Cow::Borrowed(first);
    for section in sections {
        found.to_mut().values.extend(section.values.iter().cloned());
    }
    found
}

/// `[general]`.
pub(crate) fn general<'a>(document: &'a Document, file: &str) -> Cow<'a, Section> {
    merged(document, "general", file)
}
