//! Files with fixed sections: finding them, and what stands in for one that is missing.

use std::borrow::Cow;

use sidetone_conf::{Document, Section, Span};

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
