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

/// What this server does with a codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Decodes and encodes it (audio), or passes it on and can ask for key frames (video).
    Full,
    /// Passes it between two legs that both speak it. Left out of `allow = all`: a call to anyone
    /// else would be silent.
    Relayed,
    /// Does not have it, for this reason.
    Missing(&'static str),
}

/// A codec that may be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodecSpec {
    /// Its name in configuration.
    pub name: &'static str,
    /// What it carries.
    pub kind: MediaKind,
    /// What this server does with it.
    pub support: Support,
}

const fn audio(name: &'static str) -> CodecSpec {
    CodecSpec { name, kind: MediaKind::Audio, support: Support::Full }
}

const fn relayed(name: &'static str) -> CodecSpec {
    CodecSpec { name, kind: MediaKind::Audio, support: Support::Relayed }
}

const fn text(name: &'static str) -> CodecSpec {
    CodecSpec { name, kind: MediaKind::Text, support: Support::Relayed }
}

const fn video(name: &'static str) -> CodecSpec {
    CodecSpec { name, kind: MediaKind::Video, support: Support::Full }
}

const fn missing(name: &'static str, kind: MediaKind, why: &'static str) -> CodecSpec {
    CodecSpec { name, kind, support: Support::Missing(why) }
}

const AMR: &str = "patents ask for a licence";
const TOO_LARGE: &str = "10 ms do not fit a datagram; it is for files and translation only";
const OLD_PICTURES: &str = "nothing of today sends it";
const STILL: &str = "still pictures are not passed on";

/// Every codec that may be named, in the order of `allow = all`.
pub const CODECS: &[CodecSpec] = &[
    audio("opus"),
    audio("g722"),
    audio("ulaw"),
    audio("alaw"),
    audio("g726"),
    audio("g726aal2"),
    audio("gsm"),
    audio("ilbc"),
    audio("speex32"),
    audio("speex16"),
    audio("speex"),
    audio("adpcm"),
    audio("slin"),
    audio("slin16"),
    audio("slin48"),
    audio("slin12"),
    audio("slin24"),
    audio("slin32"),
    audio("slin44"),
    audio("lpc10"),
    video("vp8"),
    video("h264"),
    video("vp9"),
    video("h265"),
    video("av1"),
    relayed("codec2"),
    relayed("g719"),
    relayed("g723"),
    relayed("g729"),
    relayed("silk8"),
    relayed("silk12"),
    relayed("silk16"),
    relayed("silk24"),
    relayed("siren7"),
    relayed("siren14"),
    missing("amr", MediaKind::Audio, AMR),
    missing("amrwb", MediaKind::Audio, AMR),
    missing("evs", MediaKind::Audio, AMR),
    missing("slin96", MediaKind::Audio, TOO_LARGE),
    missing("slin192", MediaKind::Audio, TOO_LARGE),
    missing("h261", MediaKind::Video, OLD_PICTURES),
    missing("h263", MediaKind::Video, OLD_PICTURES),
    missing("h263p", MediaKind::Video, OLD_PICTURES),
    missing("mpeg4", MediaKind::Video, OLD_PICTURES),
    missing("jpeg", MediaKind::Video, STILL),
    missing("png", MediaKind::Video, STILL),
    text("red"),
    text("t140"),
];

/// Other names of codecs.
const ALIASES: &[(&str, &str)] = &[
    ("pcmu", "ulaw"),
    ("g711u", "ulaw"),
    ("mulaw", "ulaw"),
    ("pcma", "alaw"),
    ("g711a", "alaw"),
    ("slinear", "slin"),
    ("dvi4", "adpcm"),
    ("silk", "silk16"),
    ("hevc", "h265"),
    ("t140red", "red"),
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
    /// There is such a codec, and this server does not have it, for this reason; it is left out.
    Missing(&'static str, &'static str),
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
                for spec in CODECS.iter().filter(|spec| spec.support == Support::Full) {
                    add(list, spec, packet_ms);
                }
            }
        }
        return Ok(());
    }
    let spec = codec(name).ok_or_else(|| Problem::Unknown(name.to_owned()))?;
    match (change, spec.support) {
        (Change::Disallow, _) => list.retain(|codec| codec.name != spec.name),
        (Change::Allow, Support::Missing(why)) => return Err(Problem::Missing(spec.name, why)),
        (Change::Allow, Support::Full | Support::Relayed) => add(list, spec, packet_ms),
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
#[path = "../../tests/unit/codecs.rs"]
mod tests;
