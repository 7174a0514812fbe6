//! The body of a SIP INFO that carries candidates: `application/trickle-ice-sdpfrag`
//! (RFC 8840 §9).
//!
//! [`crate::negotiation::Negotiation::trickled`] finds the transports they are for.

use std::fmt;

use crate::limits::{MAX_BODY_BYTES, MAX_CANDIDATES, MAX_LINE_BYTES, MAX_MEDIA_LINES};
use crate::line::MediaLine;
use crate::session::ParseError;

/// RFC 8840 §9.2: a line that names nothing real, for parsers that want one.
const PSEUDO_LINE: &str = "audio 9 RTP/AVP 0";

/// Candidates for some `m=` lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    /// One entry per pseudo `m=` line, in order.
    pub sections: Vec<Section>,
}

/// Candidates for one `m=` line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// `m=` value; only its place in line matters.
    pub media: Option<String>,
    /// `a=mid`: the line the candidates are for.
    pub mid: Option<String>,
    /// `a=ice-ufrag`, the section's or the fragment's: the ICE generation they belong to.
    pub ufrag: Option<String>,
    /// `a=ice-pwd`, the section's or the fragment's.
    pub pwd: Option<String>,
    /// `a=candidate` values without the `candidate:` prefix.
    pub candidates: Vec<String>,
    /// `a=end-of-candidates`, the section's or the fragment's.
    pub complete: bool,
}

impl Fragment {
    /// The content type of such a body.
    pub const CONTENT_TYPE: &'static str = "application/trickle-ice-sdpfrag";

    /// Reads a body. Unknown lines are passed over.
    ///
    /// # Errors
    /// [`ParseError`] when a limit is passed or an `m=` line makes no sense.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(ParseError::TooMuch("bytes", MAX_BODY_BYTES));
        }
        let text = String::from_utf8_lossy(body);
        // What stands before the first section holds for all of them.
        let mut common = Section::default();
        let mut sections: Vec<Section> = Vec::new();
        for (index, line) in text.split('\n').enumerate() {
            let line: String = line.chars().filter(|c| !matches!(c, '\r' | '\0')).collect();
            let line = line.trim_ascii();
            if line.len() > MAX_LINE_BYTES {
                return Err(ParseError::TooMuch("bytes in one line", MAX_LINE_BYTES));
            }
            if let Some(value) = line.strip_prefix("m=") {
                let unreadable = || ParseError::Line(index + 1, line.chars().take(120).collect());
                let media = MediaLine::parse(value).ok_or_else(unreadable)?.to_string();
                if sections.len() >= MAX_MEDIA_LINES {
                    return Err(ParseError::TooMuch("m= lines", MAX_MEDIA_LINES));
                }
                sections.push(Section { media: Some(media), ..Section::default() });
            } else if let Some(value) = line.strip_prefix("a=") {
                sections.last_mut().unwrap_or(&mut common).take(value);
            }
        }
        // Without any m= line the fragment is about one line only.
        if sections.is_empty() && common != Section::default() {
            let media = Some(PSEUDO_LINE.to_owned());
            sections.push(Section { media, ..std::mem::take(&mut common) });
        }
        for section in &mut sections {
            section.ufrag = section.ufrag.take().or_else(|| common.ufrag.clone());
            section.pwd = section.pwd.take().or_else(|| common.pwd.clone());
            section.complete |= common.complete;
        }
        Ok(Self { sections })
    }
}

impl Section {
    fn take(&mut self, attribute: &str) {
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        let text = || Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        match name.trim() {
            "mid" => self.mid = text(),
            "ice-ufrag" => self.ufrag = text(),
            "ice-pwd" => self.pwd = text(),
            "end-of-candidates" => self.complete = true,
            "candidate" if self.candidates.len() < MAX_CANDIDATES => {
                self.candidates.extend(text());
            }
            _ => {}
        }
    }
}

impl fmt::Display for Fragment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sections.iter().try_for_each(|section| write!(f, "{section}"))
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let media = self.media.as_deref().unwrap_or(PSEUDO_LINE);
        write!(f, "m={media}\r\n")?;
        let named = [("ice-ufrag", &self.ufrag), ("ice-pwd", &self.pwd), ("mid", &self.mid)];
        for (name, value) in named {
            if let Some(value) = value {
                write!(f, "a={name}:{value}\r\n")?;
            }
        }
        for candidate in &self.candidates {
            write!(f, "a=candidate:{candidate}\r\n")?;
        }
        if self.complete { f.write_str("a=end-of-candidates\r\n") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_8840_is_read_and_printed() {
        let text = "a=ice-pwd:asd88fgpdd777uzjYhagZg\r\na=ice-ufrag:8hhY\r\nm=audio 9 RTP/AVP 0\r\n\
                    a=mid:1\r\na=candidate:1 1 UDP 2130706432 2001:db8::1 5000 typ host\r\n\
                    a=end-of-candidates\r\nm=audio 9 RTP/AVP 0\r\na=mid:2\r\n";
        let fragment = Fragment::parse(text.as_bytes()).unwrap();
        assert_eq!(fragment.sections.len(), 2);
        assert!(fragment.sections[0].complete && !fragment.sections[1].complete);
        assert_eq!(fragment.sections[1].ufrag.as_deref(), Some("8hhY"));
        assert_eq!(Fragment::parse(fragment.to_string().as_bytes()).unwrap(), fragment);
    }

    #[test]
    fn a_fragment_without_any_media_line_is_about_the_first() {
        let text = b"a=ice-ufrag:8hhY\na=mid:0\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\n";
        let fragment = Fragment::parse(text).unwrap();
        assert_eq!(fragment.sections[0].candidates.len(), 1);
        assert!(Fragment::parse(b"m=audio\n").is_err());
        assert_eq!(Fragment::parse(b"\n").unwrap(), Fragment::default());
    }
}
