//! How the parts of an endpoint are read.

use super::*;

#[test]
fn caller_ids_are_read_in_every_form() {
    for (text, name, number) in [
        ("\"Phone A\" <100>", "Phone A", "100"),
        ("Phone A <100>", "Phone A", "100"),
        ("<100>", "", "100"),
        ("+49 30 123", "", "+49 30 123"),
        ("Alice", "Alice", ""),
        ("\"A\" <1", "A", "1"),
    ] {
        let expected = CallerId { name: name.into(), number: number.into() };
        assert_eq!(CallerId::parse(text), expected, "{text}");
    }
}
