//! The codec list of an endpoint: what `disallow` and `allow` leave, in order of preference.

/// What a codec carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Text (T.140).
    Text,
}

/// A codec that may be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodecSpec {
    /// Its name in configuration.
    pub name: &'static str,
    /// What it carries.
    pub kind: MediaKind,
    /// Whether this server speaks it (audio) or passes it on (video).
    pub available: bool,
}

const fn audio(name: &'static str) -> CodecSpec {
    CodecSpec { name, kind: MediaKind::Audio, available: true }
}

const fn video(name: &'static str) -> CodecSpec {
    CodecSpec { name, kind: MediaKind::Video, available: true }
}

const fn missing(name: &'static str, kind: MediaKind) -> CodecSpec {
    CodecSpec { name, kind, available: false }
}

/// Every codec that may be named, in the order of `allow = all`.
pub const CODECS: &[CodecSpec] = &[
    audio("opus"),
    audio("g722"),
    audio("ulaw"),
    audio("alaw"),
    audio("g726"),
    audio("g726aal2"),
    audio("gsm"),
    audio("slin"),
    audio("slin16"),
    audio("slin48"),
    video("vp8"),
    video("h264"),
    video("vp9"),
    video("h265"),
    video("av1"),
    missing("adpcm", MediaKind::Audio),
    missing("amr", MediaKind::Audio),
    missing("amrwb", MediaKind::Audio),
    missing("codec2", MediaKind::Audio),
    missing("evs", MediaKind::Audio),
    missing("g719", MediaKind::Audio),
    missing("g723", MediaKind::Audio),
    missing("g729", MediaKind::Audio),
    missing("ilbc", MediaKind::Audio),
    missing("lpc10", MediaKind::Audio),
    missing("silk8", MediaKind::Audio),
    missing("silk12", MediaKind::Audio),
    missing("silk16", MediaKind::Audio),
    missing("silk24", MediaKind::Audio),
    missing("siren7", MediaKind::Audio),
    missing("siren14", MediaKind::Audio),
    missing("slin12", MediaKind::Audio),
    missing("slin24", MediaKind::Audio),
    missing("slin32", MediaKind::Audio),
    missing("slin44", MediaKind::Audio),
    missing("slin96", MediaKind::Audio),
    missing("slin192", MediaKind::Audio),
    missing("speex", MediaKind::Audio),
    missing("speex16", MediaKind::Audio),
    missing("speex32", MediaKind::Audio),
    missing("h261", MediaKind::Video),
    missing("h263", MediaKind::Video),
    missing("h263p", MediaKind::Video),
    missing("mpeg4", MediaKind::Video),
    missing("jpeg", MediaKind::Video),
    missing("png", MediaKind::Video),
    missing("red", MediaKind::Text),
    missing("t140", MediaKind::Text),
];

/// Other names of codecs.
const ALIASES: &[(&str, &str)] = &[
    ("pcmu", "ulaw"),
    ("g711u", "ulaw"),
    ("mulaw", "ulaw"),
    ("pcma", "alaw"),
    ("g711a", "alaw"),
    ("slinear", "slin"),
    ("silk", "silk16"),
    ("hevc", "h265"),
];

/// Longest and shortest packet time that may be asked for, in milliseconds.
const PACKET_MS: std::ops::RangeInclusive<u16> = 10..=120;

/// One codec an endpoint may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowedCodec {
    /// Its name in configuration, lower case, out of [`CODECS`].
    pub name: &'static str,
    /// What it carries.
    pub kind: MediaKind,
    /// Milliseconds per packet when the list says so (`ulaw:40`).
    pub packet_ms: Option<u16>,
}

/// The codec called `name`.
pub fn codec(name: &str) -> Option<&'static CodecSpec> {
    let meant = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name));
    let name = meant.map_or(name, |(_, meant)| meant);
    CODECS.iter().find(|codec| codec.name.eq_ignore_ascii_case(name))
}

/// What a line does to the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Allow,
    Disallow,
}

/// What went wrong with one item of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// No codec is called so.
    Unknown(String),
    /// There is such a codec, and this server does not have it; it is left out.
    Missing(&'static str),
    /// The packet time is no number within bounds.
    PacketTime(String),
}

/// Applies one `allow =` or `disallow =` text.
pub(crate) fn apply(list: &mut Vec<AllowedCodec>, change: Change, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for item in text.split([',', '|', '&']).map(str::trim).filter(|item| !item.is_empty()) {
        let (item, change) = match (item.strip_prefix('!'), change) {
            (Some(item), Change::Allow) => (item.trim(), Change::Disallow),
            (Some(item), Change::Disallow) => (item.trim(), Change::Allow),
            (None, change) => (item, change),
        };
        if let Err(problem) = apply_item(list, change, item) {
            problems.push(problem);
        }
    }
    problems
}

fn apply_item(list: &mut Vec<AllowedCodec>, change: Change, item: &str) -> Result<(), Problem> {
    let (name, packet_time) = match item.split_once(':') {
        Some((name, time)) => (name.trim(), Some(time.trim())),
        None => (item, None),
    };
    let packet_ms = match packet_time.map(str::parse::<u16>) {
        None => None,
        Some(Ok(time)) if PACKET_MS.contains(&time) => Some(time),
        Some(_) => return Err(Problem::PacketTime(item.to_owned())),
    };
    if name.eq_ignore_ascii_case("all") {
        match change {
            Change::Disallow => list.clear(),
            Change::Allow => {
                for spec in CODECS.iter().filter(|spec| spec.available) {
                    add(list, spec, packet_ms);
                }
            }
        }
        return Ok(());
    }
    let spec = codec(name).ok_or_else(|| Problem::Unknown(name.to_owned()))?;
    match change {
        Change::Disallow => list.retain(|codec| codec.name != spec.name),
        Change::Allow if !spec.available => return Err(Problem::Missing(spec.name)),
        Change::Allow => add(list, spec, packet_ms),
    }
    Ok(())
}

/// A codec allowed twice keeps its place; the later packet time holds.
fn add(list: &mut Vec<AllowedCodec>, spec: &CodecSpec, packet_ms: Option<u16>) {
    match list.iter_mut().find(|codec| codec.name == spec.name) {
        Some(codec) => codec.packet_ms = packet_ms.or(codec.packet_ms),
        None => list.push(AllowedCodec { name: spec.name, kind: spec.kind, packet_ms }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(lines: &[(Change, &str)]) -> Vec<String> {
        let mut list = Vec::new();
        for (change, text) in lines {
            assert!(apply(&mut list, *change, text).is_empty());
        }
        let show = |codec: &AllowedCodec| match codec.packet_ms {
            Some(time) => format!("{}:{time}", codec.name),
            None => codec.name.to_owned(),
        };
        list.iter().map(show).collect()
    }

    #[test]
    fn order_is_preference() {
        use Change::{Allow, Disallow};
        assert_eq!(names(&[(Disallow, "all"), (Allow, "vp8,opus,ulaw")]), ["vp8", "opus", "ulaw"]);
        assert_eq!(names(&[(Allow, "!all,ulaw:20,alaw")]), ["ulaw:20", "alaw"]);
        assert_eq!(names(&[(Allow, "ulaw"), (Allow, "pcma,ULAW")]), ["ulaw", "alaw"]);
        assert_eq!(names(&[(Allow, "ulaw,alaw,!ulaw")]), ["alaw"]);
        assert!(names(&[(Allow, "all,!opus")]).contains(&"g722".to_owned()));
        assert!(!names(&[(Allow, "all"), (Disallow, "vp9")]).contains(&"vp9".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        let mut list = Vec::new();
        let problems = apply(&mut list, Change::Allow, "ulaw,oups,g729,alaw:7");
        assert_eq!(
            problems,
            [
                Problem::Unknown("oups".into()),
                Problem::Missing("g729"),
                Problem::PacketTime("alaw:7".into())
            ]
        );
        assert_eq!(list.len(), 1);
    }
}
