//! A whole description: the session part and its `m=` sections (RFC 8866 §5).
//!
//! Reading is tolerant: any line end, any order inside a section, missing `v=`, `o=`, `s=` and
//! `t=`, unknown lines and attributes (kept). Printing is strict: CRLF, the order of RFC 8866 §5,
//! and no value can smuggle in a line of its own.
//!
//! First step of the walk where media matters: the channel reads the INVITE's body with this.
//! Not done here: judging what the attributes mean ([`crate::negotiation`]).

use std::fmt;

use crate::attribute::{Attribute, Attributes};
use crate::limits::{
    MAX_ATTRIBUTES, MAX_BODY_BYTES, MAX_FORMATS, MAX_LINE_BYTES, MAX_MEDIA_LINES, MAX_OTHER_LINES,
};
use crate::line::{Address, MediaLine, Origin, parse_connection};
use crate::plan::MediaKind;

/// A description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// `o=`
    pub origin: Origin,
    /// `s=`, `-` when empty.
    pub name: String,
    /// `c=` before the first `m=`.
    pub connection: Option<Address>,
    /// `b=` values.
    pub bandwidths: Vec<String>,
    /// `t=` and `r=` lines; `0 0` is printed when there is none.
    pub times: Vec<OtherLine>,
    /// `i=`, `u=`, `e=`, `p=`, `z=`, `k=` and unknown lines.
    pub other: Vec<OtherLine>,
    /// `a=` before the first `m=`.
    pub attributes: Attributes,
    /// The `m=` sections in order.
    pub media: Vec<Media>,
}

/// One `m=` section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// `m=`
    pub line: MediaLine,
    /// `c=` lines; the first counts.
    pub connections: Vec<Address>,
    /// `b=` values.
    pub bandwidths: Vec<String>,
    /// `i=`, `k=` and unknown lines.
    pub other: Vec<OtherLine>,
    /// `a=` lines.
    pub attributes: Attributes,
}

/// A line that is kept as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherLine {
    /// The letter before `=`.
    pub letter: char,
    /// What follows `=`.
    pub value: String,
}

/// Why a body is not SDP, in words for the peer's operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// One of [`crate::limits`] was passed: what, and the number allowed.
    TooMuch(&'static str, usize),
    /// A line that must be understood is not: its number counted from 1, and its text.
    Line(usize, String),
    /// No `v=`, `o=` or `m=` line at all.
    NotSdp,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMuch(what, limit) => write!(f, "the SDP has more than {limit} {what}"),
            Self::Line(number, text) => {
                write!(f, "line {number} of the SDP cannot be read: {text:?}")
            }
            Self::NotSdp => f.write_str(
                "the body has none of the lines v=, o= and m=, or garbage and no m=: not SDP",
            ),
        }
    }
}

impl std::error::Error for ParseError {}

impl Session {
    /// Reads a body. Bytes that are not UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// [`ParseError`] when a limit is passed, an `m=` or `c=` line makes no sense, or nothing in
    /// the body looks like SDP.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(ParseError::TooMuch("bytes", MAX_BODY_BYTES));
        }
        let text = String::from_utf8_lossy(body);
        let mut reader = Reader::default();
        for (index, line) in text.split('\n').enumerate() {
            reader.take_line(index + 1, line)?;
        }
        reader.finish()
    }

    /// The connection address of an `m=` section: its own, else the session's.
    #[must_use]
    pub fn connection_of<'a>(&'a self, media: &'a Media) -> Option<&'a Address> {
        media.connections.first().or(self.connection.as_ref())
    }
}

impl Media {
    /// An empty section around an `m=` line.
    #[must_use]
    pub fn new(line: MediaLine) -> Self {
        Self {
            line,
            connections: Vec::new(),
            bandwidths: Vec::new(),
            other: Vec::new(),
            attributes: Attributes::default(),
        }
    }

    /// Audio, video, text, image or other.
    #[must_use]
    pub fn kind(&self) -> MediaKind {
        match self.line.media.to_ascii_lowercase().as_str() {
            "audio" => MediaKind::Audio,
            "video" => MediaKind::Video,
            "text" => MediaKind::Text,
            "image" => MediaKind::Image,
            _ => MediaKind::Other,
        }
    }
}

#[derive(Default)]
struct Reader {
    session: Session,
    recognised: bool,
    /// Lines of no form, or an `o=` that cannot be read. Passed over beside `m=` lines.
    has_garbage: bool,
    other_lines: usize,
}

impl Reader {
    fn take_line(&mut self, number: usize, line: &str) -> Result<(), ParseError> {
        if line.len() > MAX_LINE_BYTES {
            return Err(ParseError::TooMuch("bytes in one line", MAX_LINE_BYTES));
        }
        // Control characters inside a line are blanks: what is printed must read the same again.
        let blank = |c: char| if c.is_control() { ' ' } else { c };
        let line: String = line.chars().filter(|c| !matches!(c, '\r' | '\0')).map(blank).collect();
        // Only the space of ASCII separates (RFC 8866 §9): another blank is part of its word.
        let line = line.trim_ascii();
        let mut chars = line.chars();
        // Blank lines and padding after the last line are skipped: some gateways send them.
        let (Some(letter), Some('=')) = (chars.next(), chars.next()) else {
            self.has_garbage |= !line.is_empty();
            return Ok(());
        };
        if !letter.is_ascii_alphabetic() {
            self.has_garbage = true;
            return Ok(());
        }
        let value = chars.as_str().trim_ascii();
        self.recognised |= matches!(letter, 'v' | 'o' | 'm');
        let unreadable = || ParseError::Line(number, line.chars().take(120).collect());
        match letter {
            'm' => self.take_media(MediaLine::parse(value).ok_or_else(unreadable)?),
            'c' => self.take_connection(parse_connection(value).ok_or_else(unreadable)?),
            'a' => self.take_attribute(value),
            _ => self.take_other(letter, value),
        }
    }

    fn take_media(&mut self, line: MediaLine) -> Result<(), ParseError> {
        if self.session.media.len() >= MAX_MEDIA_LINES {
            return Err(ParseError::TooMuch("m= lines", MAX_MEDIA_LINES));
        }
        if line.formats.len() > MAX_FORMATS {
            return Err(ParseError::TooMuch("formats in one m= line", MAX_FORMATS));
        }
        self.other_lines = 0;
        self.session.media.push(Media::new(line));
        Ok(())
    }

    fn take_connection(&mut self, address: Address) -> Result<(), ParseError> {
        self.count_other()?;
        match self.session.media.last_mut() {
            Some(media) => media.connections.push(address),
            None => self.session.connection = Some(address),
        }
        Ok(())
    }

    fn take_attribute(&mut self, value: &str) -> Result<(), ParseError> {
        let attributes = match self.session.media.last_mut() {
            Some(media) => &mut media.attributes,
            None => &mut self.session.attributes,
        };
        if attributes.len() >= MAX_ATTRIBUTES {
            return Err(ParseError::TooMuch("a= lines in one section", MAX_ATTRIBUTES));
        }
        if let Some(attribute) = Attribute::parse(value) {
            attributes.add(attribute);
        }
        Ok(())
    }

    fn take_other(&mut self, letter: char, value: &str) -> Result<(), ParseError> {
        if !matches!(letter, 'v' | 'o' | 's') {
            self.count_other()?;
        }
        let line = OtherLine { letter, value: value.to_owned() };
        let session = &mut self.session;
        match (session.media.last_mut(), letter) {
            (_, 'v') => {}
            (Some(media), 'b') => media.bandwidths.push(line.value),
            (Some(media), _) => media.other.push(line),
            // The origin only identifies the session: a broken one is no reason to refuse a call.
            (None, 'o') => match Origin::parse(value) {
                Some(origin) => session.origin = origin,
                None => self.has_garbage = true,
            },
            (None, 's') => session.name = line.value,
            (None, 'b') => session.bandwidths.push(line.value),
            (None, 't' | 'r') => {
                // `r=` must follow a `t=`, so a list that does not start with one gets it.
                if session.times.is_empty() && letter == 'r' {
                    self.other_lines += 1;
                    session.times.push(OtherLine { letter: 't', value: "0 0".to_owned() });
                }
                session.times.push(line);
            }
            (None, _) => session.other.push(line),
        }
        Ok(())
    }

    fn count_other(&mut self) -> Result<(), ParseError> {
        self.other_lines += 1;
        // The `t=` line that printing adds counts from the start.
        if self.other_lines >= MAX_OTHER_LINES {
            return Err(ParseError::TooMuch("lines beside a= in one section", MAX_OTHER_LINES));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Session, ParseError> {
        // `v=0` before garbage is no description without media.
        if !self.recognised || (self.has_garbage && self.session.media.is_empty()) {
            return Err(ParseError::NotSdp);
        }
        if self.session.name.is_empty() {
            "-".clone_into(&mut self.session.name);
        }
        // `r=` must follow a `t=`, so a list that does not start with one gets it.
        if self.session.times.first().is_none_or(|line| line.letter != 't') {
            self.session.times.insert(0, OtherLine { letter: 't', value: "0 0".to_owned() });
        }
        // Sorted by the order of printing, so that printing and reading again changes nothing.
        self.session.other.sort_by_key(|line| rank(line.letter));
        for media in &mut self.session.media {
            media.other.sort_by_key(|line| rank(line.letter));
        }
        Ok(self.session)
    }
}

/// Place of a kept line in the order of RFC 8866 §5; unknown letters come last.
fn rank(letter: char) -> usize {
    "iuepzk".find(letter).unwrap_or(usize::MAX)
}

/// Whether a kept line stands before `c=`.
fn before_connection(line: &OtherLine) -> bool {
    matches!(line.letter, 'i' | 'u' | 'e' | 'p')
}

/// Writes one line; a line break inside the value is left out, or it would start another line.
fn write_line(f: &mut fmt::Formatter<'_>, letter: char, value: impl fmt::Display) -> fmt::Result {
    let value = value.to_string();
    let clean = value.chars().filter(|c| !matches!(c, '\r' | '\n' | '\0'));
    write!(f, "{letter}={}\r\n", clean.collect::<String>())
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_line(f, 'v', 0)?;
        write_line(f, 'o', &self.origin)?;
        write_line(f, 's', if self.name.is_empty() { "-" } else { &self.name })?;
        for line in self.other.iter().filter(|line| before_connection(line)) {
            write_line(f, line.letter, &line.value)?;
        }
        if let Some(address) = &self.connection {
            write_line(f, 'c', address)?;
        }
        for bandwidth in &self.bandwidths {
            write_line(f, 'b', bandwidth)?;
        }
        if self.times.is_empty() {
            write_line(f, 't', "0 0")?;
        }
        for line in &self.times {
            write_line(f, line.letter, &line.value)?;
        }
        for line in self.other.iter().filter(|line| !before_connection(line)) {
            write_line(f, line.letter, &line.value)?;
        }
        for attribute in self.attributes.iter() {
            write_line(f, 'a', attribute)?;
        }
        self.media.iter().try_for_each(|media| write!(f, "{media}"))
    }
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_line(f, 'm', &self.line)?;
        for line in self.other.iter().filter(|line| before_connection(line)) {
            write_line(f, line.letter, &line.value)?;
        }
        for address in &self.connections {
            write_line(f, 'c', address)?;
        }
        for bandwidth in &self.bandwidths {
            write_line(f, 'b', bandwidth)?;
        }
        for line in self.other.iter().filter(|line| !before_connection(line)) {
            write_line(f, line.letter, &line.value)?;
        }
        self.attributes.iter().try_for_each(|attribute| write_line(f, 'a', attribute))
    }
}
