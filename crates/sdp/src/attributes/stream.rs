//! Which picture or voice a section carries: `a=msid` (RFC 8830), `a=rid` (RFC 8851),
//! `a=simulcast` (RFC 8853).
//!
//! Sidetone never agrees to simulcast: its answers leave `a=simulcast` and `a=rid` out, and the
//! peer sends one encoding. The views are here so that reports can say what was offered.

use crate::attribute::Attributes;

/// `a=msid`: stream id and track id; the track is empty when not written. `-` means "no stream".
#[must_use]
pub fn msid(attributes: &Attributes) -> Option<(String, String)> {
    let mut words = attributes.value("msid")?.split_ascii_whitespace();
    let stream = words.next()?.to_owned();
    Some((stream, words.next().unwrap_or_default().to_owned()))
}

/// The restriction ids a section would send (`a=rid:hi send …`).
#[must_use]
pub fn sent_rids(attributes: &Attributes) -> Vec<&str> {
    let words = attributes.values("rid").filter_map(|line| line.split_once(' '));
    words.filter(|(_, rest)| rest.trim_start().starts_with("send")).map(|(id, _)| id).collect()
}

/// The number of simulcast encodings a section would send; 0 without `a=simulcast:send`.
#[must_use]
pub fn sent_encodings(attributes: &Attributes) -> usize {
    let Some(value) = attributes.value("simulcast") else {
        return 0;
    };
    let mut words = value.split_ascii_whitespace();
    while let (Some(direction), Some(list)) = (words.next(), words.next()) {
        if direction == "send" {
            return list.split(';').count();
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;

    #[test]
    fn simulcast_of_a_browser_is_counted() {
        let text = b"m=video 9 X 96\na=msid:stream track\na=rid:0 send\na=rid:1 send pt=96\n\
                     a=rid:2 recv\na=simulcast:send 0;1\n";
        let media = Session::parse(text).unwrap().media.remove(0);
        assert_eq!(sent_rids(&media.attributes), ["0", "1"]);
        assert_eq!(sent_encodings(&media.attributes), 2);
        assert_eq!(msid(&media.attributes).unwrap().1, "track");
    }
}
