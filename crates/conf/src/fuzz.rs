//! Entry point for the fuzzer.

use crate::document::Document;

/// Reads arbitrary bytes as a configuration and checks that printing what was read and reading
/// it again gives the same sections and values.
pub fn fuzz_conf(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let first = crate::parse(&text, "fuzz.conf");
    let printed = first.to_string();
    let second = crate::parse(&printed, "fuzz.conf");
    assert!(!second.has_errors(), "printed form has errors: {printed:?}");
    assert_eq!(shape(&first), shape(&second), "{printed:?}");
    assert_eq!(printed, second.to_string());
}

type Shape<'a> = Vec<(&'a str, bool, Vec<(&'a str, &'a str)>)>;

fn shape(document: &Document) -> Shape<'_> {
    let sections = document.sections.iter();
    sections
        .map(|section| {
            let values = section.values.iter().map(|value| (&*value.name, &*value.text));
            (&*section.name, section.template, values.collect())
        })
        .collect()
}
