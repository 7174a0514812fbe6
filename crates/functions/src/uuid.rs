//! UUID: a random identifier.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "UUID",
        synopsis: "Makes a random identifier (RFC 9562 version 4)",
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(host: &mut dyn FunctionHost, _: &str) -> Outcome {
    let mut bytes = [0; 16];
    host.random().fill(&mut bytes);
    let mut bits = u128::from_be_bytes(bytes);
    // RFC 9562 §5.4: version 4, variant 10.
    bits = bits & !(0xF << 76) | 0x4 << 76;
    bits = bits & !(0x3 << 62) | 0x2 << 62;
    let text = format!("{bits:032x}");
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| text.get(range));
    Ok(groups.into_iter().flatten().collect::<Vec<_>>().join("-"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn version_and_variant_are_marked() {
        let uuid = read(&mut host(), "UUID", "").expect("an identifier");
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
    }
}
