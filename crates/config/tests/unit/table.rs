//! Tables of options: their order, their defaults, values with names.

use super::*;

#[test]
fn type_of_service_reads_numbers_and_names() {
    for (text, expected) in [
        ("ef", Some(184)),
        ("cs3", Some(96)),
        ("af41", Some(136)),
        ("0xb8", Some(184)),
        ("24", Some(24)),
        ("false", Some(0)),
        ("af51", None),
        ("cs", None),
        ("efx", None),
    ] {
        assert_eq!(type_of_service(text), expected, "{text}");
    }
}

#[test]
fn every_table_is_sorted_and_its_defaults_are_valid() {
    for object in crate::tables::ALL {
        let names: Vec<_> = object.options.iter().map(|option| option.name).collect();
        assert!(names.is_sorted(), "{} {}: {names:?}", object.file, object.name);
        for option in object.options {
            assert!(!option.doc.is_empty());
            assert!(
                option.default.is_empty() || option.check(option.default).is_ok(),
                "{} {} default {}",
                object.name,
                option.name,
                option.default
            );
        }
        for (written, meant) in object.aliases {
            assert!(names.contains(meant), "{written} -> {meant}");
        }
    }
}
