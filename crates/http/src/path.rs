//! Paths of requests: decoded once, and only such as cannot leave a folder.

use std::path::PathBuf;

/// Decodes `%xx` of a path. `None` for bad escapes, NUL and what is no UTF-8.
pub(crate) fn decode(raw: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let high = char::from(bytes.next()?).to_digit(16)?;
        let low = char::from(bytes.next()?).to_digit(16)?;
        decoded.push(u8::try_from(high * 16 + low).ok()?);
    }
    let text = String::from_utf8(decoded).ok()?;
    (!text.contains('\0')).then_some(text)
}

/// The relative file path that a decoded request path means. `None` for parents, hidden files,
/// backslashes and drive letters. Empty segments and `.` mean nothing.
pub(crate) fn relative(decoded: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for segment in decoded.split('/').filter(|segment| !segment.is_empty()) {
        if segment.starts_with('.') || segment.contains(['\\', ':', '\0']) {
            return None;
        }
        path.push(segment);
    }
    Some(path)
}

/// The media type of a file by its extension.
pub(crate) fn media_type(path: &std::path::Path) -> &'static str {
    const TYPES: [(&str, &str); 29] = [
        ("html", "text/html; charset=utf-8"),
        ("htm", "text/html; charset=utf-8"),
        ("css", "text/css; charset=utf-8"),
        ("js", "text/javascript; charset=utf-8"),
        ("mjs", "text/javascript; charset=utf-8"),
        ("json", "application/json"),
        ("map", "application/json"),
        ("webmanifest", "application/manifest+json"),
        ("xml", "application/xml"),
        ("txt", "text/plain; charset=utf-8"),
        ("csv", "text/csv; charset=utf-8"),
        ("cfg", "text/plain; charset=utf-8"),
        ("png", "image/png"),
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("gif", "image/gif"),
        ("svg", "image/svg+xml"),
        ("ico", "image/x-icon"),
        ("webp", "image/webp"),
        ("wav", "audio/x-wav"),
        ("mp3", "audio/mpeg"),
        ("ogg", "audio/ogg"),
        ("opus", "audio/ogg"),
        ("webm", "video/webm"),
        ("mp4", "video/mp4"),
        ("wasm", "application/wasm"),
        ("woff", "font/woff"),
        ("woff2", "font/woff2"),
        ("pdf", "application/pdf"),
    ];
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let known = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension));
    known.map_or("application/octet-stream", |(_, media_type)| media_type)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_decoded_once() {
        assert_eq!(decode("/a%20b").as_deref(), Some("/a b"));
        assert_eq!(decode("/%252e").as_deref(), Some("/%2e"));
        assert_eq!(decode("/%"), None);
        assert_eq!(decode("/%0"), None);
        assert_eq!(decode("/%zz"), None);
        assert_eq!(decode("/%00"), None);
        assert_eq!(decode("/%ff"), None);
    }

    #[test]
    fn paths_that_lead_out_mean_no_file() {
        for path in ["../x", "a/../x", "a/..", ".git/x", "..\\x", "C:/x"] {
            assert_eq!(relative(path), None, "{path}");
        }
        assert_eq!(relative("//etc//passwd"), Some(PathBuf::from("etc/passwd")));
    }

    proptest! {
        #[test]
        fn no_path_escapes(raw in "[a-z./%0-9\\\\]{0,40}") {
            if let Some(path) = decode(&raw).as_deref().and_then(relative) {
                prop_assert!(path.is_relative());
                let plain = |part| matches!(part, std::path::Component::Normal(_));
                prop_assert!(path.components().all(plain));
            }
        }
    }
}
