//! Entry points for the fuzzer: arbitrary bytes in, invariants asserted.

use std::path::Component;

use hyper::Method;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use crate::path::{decode, media_type, relative};
use crate::statics::{Range, parse_range};
use crate::websocket::judge;

/// A request path: what it means as a file stays below its folder.
pub fn fuzz_path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Some(path) = decode(text).as_deref().and_then(relative) else {
        return;
    };
    assert!(path.components().all(|part| matches!(part, Component::Normal(_))), "{path:?}");
    let _ = media_type(&path);
}

/// A Range header: a part is never empty and never beyond the end.
pub fn fuzz_range(data: &[u8]) {
    const SIZE: u64 = 1_000;
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Range::Part { first, length } = parse_range(text, SIZE) {
        assert!(length > 0 && first + length <= SIZE);
    }
}

/// The headers of an upgrade, one `name: value` a line: whatever is agreed on was offered.
pub fn fuzz_upgrade(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(100) {
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let name = halves.next().and_then(|name| HeaderName::from_bytes(name).ok());
        let value = halves.next().and_then(|value| HeaderValue::from_bytes(value).ok());
        if let (Some(name), Some(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    if let Ok((accept, protocol)) = judge(&Method::GET, &headers, &["sip", "echo"]) {
        assert_eq!(accept.len(), 28);
        assert!(matches!(protocol, "sip" | "echo"));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_keep_the_invariants(data in prop::collection::vec(any::<u8>(), 0..200)) {
            super::fuzz_path(&data);
            super::fuzz_range(&data);
            super::fuzz_upgrade(&data);
        }

        #[test]
        fn near_misses_keep_the_invariants(data in "(bytes=|/)[0-9%./a-f-]{0,30}") {
            super::fuzz_path(data.as_bytes());
            super::fuzz_range(data.as_bytes());
        }
    }
}
