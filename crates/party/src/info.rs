//! Keys in the bodies of INFO (`application/dtmf-relay` and `application/dtmf`), as phones write
//! them, read and written.

use std::time::Duration;

/// The type of the body that says how long a key was held.
pub const RELAY: &str = "application/dtmf-relay";

/// The body of an INFO: `!` is the flash.
#[must_use]
pub fn write_info(digit: char, duration: Duration) -> String {
    let signal = if digit == 'f' { '!' } else { digit };
    format!("Signal={signal}\r\nDuration={}\r\n", duration.as_millis())
}

/// One digit and how long it was held, in milliseconds.
pub type InfoDigit = (char, u32);

/// The digit of an INFO body, or `None` when the body has none.
#[must_use]
pub fn read_info(content_type: &str, body: &[u8]) -> Option<InfoDigit> {
    let body = std::str::from_utf8(body).ok()?;
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case(RELAY) {
        let mut digit = None;
        let mut duration_ms = 250;
        for line in body.lines() {
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "signal" => digit = digit_of(value.trim()),
                "duration" => {
                    duration_ms = value.trim().parse().unwrap_or(duration_ms).clamp(40, 6_000);
                }
                _ => {}
            }
        }
        return digit.map(|digit| (digit, duration_ms));
    }
    if kind.eq_ignore_ascii_case("application/dtmf") {
        return digit_of(body.trim()).map(|digit| (digit, 250));
    }
    None
}

/// A digit by its sign or its event number (RFC 4733 §3.2).
fn digit_of(text: &str) -> Option<char> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => {
            let c = if c == '!' { return Some('f') } else { c.to_ascii_uppercase() };
            matches!(c, '0'..='9' | '*' | '#' | 'A'..='D').then_some(c)
        }
        _ => match text {
            "10" => Some('*'),
            "11" => Some('#'),
            "12" => Some('A'),
            "13" => Some('B'),
            "14" => Some('C'),
            "15" => Some('D'),
            "16" => Some('f'),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bodies_are_read() {
        let relay = b"Signal=5\r\nDuration=160\r\n";
        assert_eq!(read_info("application/dtmf-relay", relay), Some(('5', 160)));
        assert_eq!(read_info("application/dtmf", b"#"), Some(('#', 250)));
        assert_eq!(read_info("application/dtmf-relay", b"Signal=11"), Some(('#', 250)));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for digit in "0123456789*#ABCDf".chars() {
            let body = write_info(digit, Duration::from_millis(160));
            assert_eq!(read_info(RELAY, body.as_bytes()), Some((digit, 160)));
        }
    }

    #[test]
    fn garbage_is_no_digit() {
        for body in [&b""[..], b"Signal=", b"Signal=flash", b"\xff\xfe", b"Signal=99"] {
            assert_eq!(read_info("application/dtmf-relay", body), None);
        }
        assert_eq!(read_info("text/plain", b"5"), None);
    }
}
