//! `message/sipfrag` (RFC 3420) as NOTIFY carries it: the status line of a response, which tells
//! how a transfer goes (RFC 3515 §2.4.5).

use crate::Status;

/// The content type.
pub const CONTENT_TYPE: &str = "message/sipfrag;version=2.0";

/// The body that tells a status.
#[must_use]
pub fn write(status: Status) -> String {
    format!("SIP/2.0 {} {}\r\n", status.code(), status.reason())
}

/// The status in a body; none when it begins with anything else than a status line.
#[must_use]
pub fn read(body: &[u8]) -> Option<Status> {
    let line = body.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    let rest = line.strip_prefix(b"SIP/2.0 ").or_else(|| line.strip_prefix(b"sip/2.0 "))?;
    let (code, after) = rest.split_at_checked(3)?;
    if !code.iter().all(u8::is_ascii_digit) || !matches!(after.first(), None | Some(b' ')) {
        return None;
    }
    Status::new(std::str::from_utf8(code).ok()?.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_reads_back() {
        for status in (100..700).filter_map(Status::new) {
            assert_eq!(read(write(status).as_bytes()), Some(status));
        }
    }

    #[test]
    fn phones_leave_out_the_phrase_and_add_headers() {
        assert_eq!(read(b"SIP/2.0 200"), Status::new(200));
        assert_eq!(read(b"SIP/2.0 603 Declined\r\nTo: <sip:a@b>\r\n"), Status::new(603));
        for wrong in [&b""[..], b"SIP/2.0 20", b"SIP/2.0 2000 OK", b"HTTP/1.1 200 OK", b"SIP/2.0 x"]
        {
            assert_eq!(read(wrong), None, "{}", String::from_utf8_lossy(wrong));
        }
    }
}
