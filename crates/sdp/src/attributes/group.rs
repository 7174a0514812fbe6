//! `a=group` and `a=mid` (RFC 5888), with BUNDLE (RFC 9143).

use std::fmt;

use crate::session::{Media, Session};

/// `a=group:BUNDLE 0 1`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// `BUNDLE`, `LS`, …
    pub semantics: String,
    /// The members' MIDs in order; the first names the tagged section (RFC 9143 §7.1.1).
    pub mids: Vec<String>,
}

impl Group {
    /// Reads what follows `a=group:`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace().map(str::to_owned);
        Some(Self { semantics: words.next()?, mids: words.collect() })
    }

    /// The BUNDLE groups of a session in order; a MID counts only in the first that names it.
    #[must_use]
    pub fn bundles(session: &Session) -> Vec<Self> {
        let groups = session.attributes.values("group").filter_map(Self::parse);
        groups.filter(|group| group.semantics.eq_ignore_ascii_case("BUNDLE")).collect()
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.semantics)?;
        self.mids.iter().try_for_each(|mid| write!(f, " {mid}"))
    }
}

/// `a=mid` of a section, if it is a token of at most 64 bytes: it travels in each packet's header
/// extension, browsers use one to three characters.
#[must_use]
pub fn mid(media: &Media) -> Option<&str> {
    let mid = media.attributes.value("mid")?;
    let sound = !mid.is_empty() && mid.len() <= 64 && mid.bytes().all(|b| b.is_ascii_graphic());
    sound.then_some(mid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bundle_groups_are_found() {
        let text = b"v=0\na=group:LS a b\na=group:BUNDLE a b\na=group:BUNDLE\n";
        let groups = Group::bundles(&Session::parse(text).unwrap());
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].to_string(), "BUNDLE a b");
        assert_eq!(groups[1].mids, Vec::<String>::new());
    }
}
