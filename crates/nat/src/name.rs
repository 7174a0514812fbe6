//! How long a name's address holds: one DNS question (RFC 1035 §4) about a name that the system
//! has resolved, for the time to live that the system's resolver does not tell.

use std::time::Duration;

/// Bytes before the question.
const HEADER_LEN: usize = 12;
/// Answers read of one response.
const MAX_RECORDS: usize = 64;
/// RFC 1035 §2.3.4.
const MAX_NAME: usize = 255;
const MAX_LABEL: usize = 63;

/// A question for the addresses of a name; `None` for what is no name.
#[must_use]
pub fn question(id: u16, name: &str, ipv6: bool) -> Option<Vec<u8>> {
    let name = name.trim_end_matches('.');
    if name.is_empty() || name.len() > MAX_NAME - 2 {
        return None;
    }
    let mut bytes = id.to_be_bytes().to_vec();
    // Recursion desired, one question.
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.') {
        let len = u8::try_from(label.len()).ok().filter(|len| usize::from(*len) <= MAX_LABEL)?;
        if len == 0 {
            return None;
        }
        bytes.push(len);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes.extend([0, if ipv6 { 28 } else { 1 }, 0, 1]);
    Some(bytes)
}

/// The least time to live of the answers to our question; `None` when it is none, or an error.
#[must_use]
pub fn time_to_live(id: u16, response: &[u8]) -> Option<Duration> {
    let header = response.get(..HEADER_LEN)?;
    let number = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let is_answer = number(0) == id && header[2] & 0x80 != 0 && header[3] & 0x0f == 0;
    if !is_answer {
        return None;
    }
    let mut at = HEADER_LEN;
    for _ in 0..number(4).min(4) {
        at = after_name(response, at)? + 4;
    }
    let mut least: Option<u32> = None;
    for _ in 0..usize::from(number(6)).min(MAX_RECORDS) {
        at = after_name(response, at)?;
        let fixed = response.get(at..at + 10)?;
        let ttl = u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]);
        least = Some(least.map_or(ttl, |least| least.min(ttl)));
        at += 10 + usize::from(u16::from_be_bytes([fixed[8], fixed[9]]));
    }
    least.map(|seconds| Duration::from_secs(seconds.into()))
}

/// Where a name ends; what a pointer leads to does not matter.
fn after_name(bytes: &[u8], mut at: usize) -> Option<usize> {
    let start = at;
    loop {
        let len = usize::from(*bytes.get(at)?);
        match len {
            0 => return Some(at + 1),
            len if len & 0xC0 == 0xC0 => return Some(at + 2),
            len if len > MAX_LABEL || at - start > MAX_NAME => return None,
            len => at += 1 + len,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `stun.example` is an alias with 300 s of an address with 60 s.
    fn response(id: u16) -> Vec<u8> {
        let mut bytes = question(id, "stun.example", false).unwrap();
        bytes[2] = 0x81;
        bytes[3] = 0x80;
        bytes[7] = 2;
        bytes.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 1, 0x2c, 0, 2, 0xc0, 12]);
        bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
        bytes
    }

    #[test]
    fn the_shortest_time_of_the_chain_counts() {
        assert_eq!(time_to_live(7, &response(7)), Some(Duration::from_secs(60)));
        assert_eq!(time_to_live(8, &response(7)), None, "another question's");
        let mut refused = response(7);
        refused[3] |= 3;
        assert_eq!(time_to_live(7, &refused), None);
        let whole = response(7);
        for cut in 0..whole.len() {
            let _ = time_to_live(7, &whole[..cut]);
        }
    }

    #[test]
    fn what_is_no_name_is_not_asked_for() {
        for bad in ["", ".", "a..b", &"x".repeat(64), &"a.".repeat(200)] {
            assert_eq!(question(1, bad, false), None, "{bad}");
        }
        let asked = question(0x1234, "stun.example.", true).unwrap();
        assert_eq!(asked[..4], [0x12, 0x34, 1, 0]);
        assert_eq!(asked[12..], *b"\x04stun\x07example\x00\x00\x1c\x00\x01");
    }
}
