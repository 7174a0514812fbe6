//! `a=ssrc` and `a=ssrc-group` (RFC 5576).

use std::fmt::Display;

use crate::attribute::Attributes;
use crate::limits::MAX_SOURCES;

/// The SSRCs a section announces, each once, those that only retransmit (the second of an `FID`
/// group) left out.
#[must_use]
pub fn ssrcs(attributes: &Attributes) -> Vec<u32> {
    let retransmitting = |ssrc: u32| {
        let groups = attributes.values("ssrc-group").filter_map(parse_group);
        groups.take(MAX_SOURCES).any(|(semantics, members)| {
            semantics.eq_ignore_ascii_case("FID") && members.get(1) == Some(&ssrc)
        })
    };
    let mut found = Vec::new();
    for line in attributes.values("ssrc") {
        let number = line.split(' ').next().and_then(|word| word.parse().ok());
        match number {
            Some(ssrc) if !found.contains(&ssrc) => found.push(ssrc),
            _ => continue,
        }
        if found.len() >= MAX_SOURCES {
            break;
        }
    }
    found.retain(|ssrc| !retransmitting(*ssrc));
    found
}

/// The CNAME of the first `a=ssrc:… cname:…` line.
#[must_use]
pub fn cname(attributes: &Attributes) -> Option<&str> {
    let details = attributes.values("ssrc").filter_map(|line| line.split_once(' '));
    details.filter_map(|(_, detail)| detail.trim().strip_prefix("cname:")).next()
}

/// Reads what follows `a=ssrc-group:`.
#[must_use]
pub fn parse_group(text: &str) -> Option<(&str, Vec<u32>)> {
    let mut words = text.split_ascii_whitespace();
    let semantics = words.next()?;
    let members: Result<Vec<u32>, _> = words.take(MAX_SOURCES).map(str::parse).collect();
    Some((semantics, members.ok()?))
}

/// Announces an SSRC with its CNAME.
pub fn announce(attributes: &mut Attributes, ssrc: u32, cname: impl Display) {
    attributes.push("ssrc", format_args!("{ssrc} cname:{cname}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;

    #[test]
    fn retransmission_sources_are_not_listed() {
        let text =
            b"m=video 9 X 96\na=ssrc-group:FID 11 22\na=ssrc:11 cname:x\na=ssrc:11 msid:a b\n\
                     a=ssrc:22 cname:x\na=ssrc:nonsense\n";
        let media = Session::parse(text).unwrap().media.remove(0);
        assert_eq!(ssrcs(&media.attributes), [11]);
        assert_eq!(cname(&media.attributes), Some("x"));
    }
}
