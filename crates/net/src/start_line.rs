//! Whether bytes begin like a SIP message: enough to tell a phone from a port scanner, before
//! the parser looks at them.

/// A request line longer than this is no honest one.
const MAX_START_LINE_BYTES: usize = 8_192;

/// Whether the first line is a status line (`SIP/2.0 …`) or ends like a request line
/// (`… SIP/2.0`). The name is compared in any case (RFC 3261 §7.1). Another version is SIP too:
/// the parser refuses it with 505.
pub(crate) fn is_sip(bytes: &[u8]) -> bool {
    let head = bytes.get(..MAX_START_LINE_BYTES).unwrap_or(bytes);
    let Some(end) = head.iter().position(|byte| *byte == b'\n') else {
        return false;
    };
    let line = head.get(..end).unwrap_or_default().trim_ascii_end();
    let starts = line.split_first_chunk::<8>().is_some_and(|(start, _)| {
        let (version, blank) = start.split_at(7);
        is_version(version) && blank == b" "
    });
    let ends = line.split_last_chunk::<8>().is_some_and(|(before, end)| {
        let (blank, version) = end.split_at(1);
        !before.is_empty() && blank == b" " && is_version(version)
    });
    starts || ends
}

/// `SIP/2.0` with any two digits.
fn is_version(word: &[u8]) -> bool {
    matches!(word, [s, i, p, b'/', major, b'.', minor]
        if [*s, *i, *p].eq_ignore_ascii_case(b"SIP")
            && major.is_ascii_digit() && minor.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_sip;

    #[test]
    fn requests_and_answers_are_sip_and_http_is_not() {
        assert!(is_sip(b"OPTIONS sip:a@b SIP/2.0\r\n\r\n"));
        assert!(is_sip(b"SIP/2.0 200 OK\r\n\r\n"));
        assert!(is_sip(b"OPTIONS sip:a@b SIP/7.0\r\n\r\n"), "to be told 505");
        assert!(!is_sip(b"OPTIONS sip:a@b SIP/x.0\r\n\r\n"));
        assert!(!is_sip(b"GET / HTTP/1.1\r\n\r\n"));
        assert!(!is_sip(b"SIP/2.0 200 OK"));
        assert!(!is_sip(b" SIP/2.0\r\n"));
        assert!(!is_sip(b""));
    }
}
