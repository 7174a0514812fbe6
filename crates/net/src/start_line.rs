//! Whether bytes begin like a SIP message: enough to tell a phone from a port scanner, before
//! the parser looks at them.

/// A request line longer than this is no honest one.
const MAX_START_LINE_BYTES: usize = 8_192;

/// Whether the first line is a status line (`SIP/2.0 …`) or ends like a request line
/// (`… SIP/2.0`). The version is compared in any case (RFC 3261 §7.1).
pub(crate) fn is_sip(bytes: &[u8]) -> bool {
    let head = bytes.get(..MAX_START_LINE_BYTES).unwrap_or(bytes);
    let Some(end) = head.iter().position(|byte| *byte == b'\n') else {
        return false;
    };
    let line = head.get(..end).unwrap_or_default().trim_ascii_end();
    let starts = line.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/2.0 "));
    let version_at = line.len().saturating_sub(8);
    let version = line.get(version_at..).unwrap_or_default();
    starts || (version_at > 0 && version.eq_ignore_ascii_case(b" SIP/2.0"))
}

#[cfg(test)]
mod tests {
    use super::is_sip;

    #[test]
    fn requests_and_answers_are_sip_and_http_is_not() {
        assert!(is_sip(b"OPTIONS sip:a@b SIP/2.0\r\n\r\n"));
        assert!(is_sip(b"SIP/2.0 200 OK\r\n\r\n"));
        assert!(!is_sip(b"GET / HTTP/1.1\r\n\r\n"));
        assert!(!is_sip(b"SIP/2.0 200 OK"));
        assert!(!is_sip(b" SIP/2.0\r\n"));
        assert!(!is_sip(b""));
    }
}
