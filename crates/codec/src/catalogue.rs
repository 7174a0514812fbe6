//! The codecs of the Asterisk world by their numbers, names and words, for `core show codecs` and
//! `core show translation paths`: those that are spoken here, those that only pass between legs
//! that share them, and those that are missing, with the reason.

use crate::format::Format;

/// What a codec carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Still pictures.
    Image,
    /// Text.
    Text,
}

impl Kind {
    /// `audio`, `video`, `image` or `text`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Image => "image",
            Self::Text => "text",
        }
    }
}

/// One codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in `core show codec`.
    pub id: u16,
    /// What it carries.
    pub kind: Kind,
    /// The codec, the same for all its rates.
    pub codec: &'static str,
    /// The format: the name in `allow=`.
    pub format: &'static str,
    /// Samples per second; the clock of pictures.
    pub sample_rate: u32,
    /// How good it sounds, as Asterisk counts.
    pub quality: u32,
    /// In words.
    pub description: &'static str,
    /// Why it is not decoded or encoded; empty for what is.
    pub missing: &'static str,
}

impl Entry {
    /// The format, when it can be decoded and encoded.
    #[must_use]
    pub fn spoken(&self) -> Option<Format> {
        if self.missing.is_empty() { Format::from_name(self.format) } else { None }
    }
}

const RELAYED: &str = "pictures and text pass as they are";
const G729: &str = "no coder of sound licence: see docs/decisions/0022-codecs.md";
const G723: &str = "no free coder exists";
const RADIO: &str = "no coder: used on radio links only";
const SIREN: &str = "no coder: the licence is Polycom's to give";
const SIREN7: &str = "ITU G.722.1 (Siren7, licensed from Polycom)";
const SIREN14: &str = "ITU G.722.1 Annex C, (Siren14, licensed from Polycom)";
const SILK: &str = "no coder: opus replaced it";
const AMR: &str = "no coder: patents ask for a licence";
const NULL: &str = "carries nothing";
const TEST: &str = "a law for tests, on no wire";

const fn audio(
    id: u16,
    (codec, format): (&'static str, &'static str),
    (sample_rate, quality): (u32, u32),
    description: &'static str,
    missing: &'static str,
) -> Entry {
    Entry { id, kind: Kind::Audio, codec, format, sample_rate, quality, description, missing }
}

const fn picture(id: u16, kind: Kind, name: &'static str, description: &'static str) -> Entry {
    Entry {
        id,
        kind,
        codec: name,
        format: name,
        sample_rate: 1_000,
        quality: 0,
        description,
        missing: RELAYED,
    }
}

/// All codecs by their numbers.
#[rustfmt::skip] // A table: one codec per line.
pub const ENTRIES: &[Entry] = &[
    audio(1, ("codec2", "codec2"), (8_000, 0), "Codec 2", RADIO),
    audio(2, ("g723", "g723"), (8_000, 20), "G.723.1", G723),
    audio(3, ("ulaw", "ulaw"), (8_000, 100), "G.711 u-law", ""),
    audio(4, ("alaw", "alaw"), (8_000, 100), "G.711 a-law", ""),
    audio(5, ("gsm", "gsm"), (8_000, 40), "GSM", ""),
    audio(6, ("g726", "g726"), (8_000, 85), "G.726 RFC3551", ""),
    audio(7, ("g726aal2", "g726aal2"), (8_000, 85), "G.726 AAL2", ""),
    audio(8, ("adpcm", "adpcm"), (8_000, 80), "DVI4 ADPCM, RFC3551", ""),
    audio(9, ("slin", "slin"), (8_000, 115), "16 bit Signed Linear PCM", ""),
    audio(10, ("slin", "slin12"), (12_000, 116), "16 bit Signed Linear PCM (12kHz)", ""),
    audio(11, ("slin", "slin16"), (16_000, 117), "16 bit Signed Linear PCM (16kHz)", ""),
    audio(12, ("slin", "slin24"), (24_000, 118), "16 bit Signed Linear PCM (24kHz)", ""),
    audio(13, ("slin", "slin32"), (32_000, 119), "16 bit Signed Linear PCM (32kHz)", ""),
    audio(14, ("slin", "slin44"), (44_100, 120), "16 bit Signed Linear PCM (44kHz)", ""),
    audio(15, ("slin", "slin48"), (48_000, 121), "16 bit Signed Linear PCM (48kHz)", ""),
    audio(16, ("slin", "slin96"), (96_000, 122), "16 bit Signed Linear PCM (96kHz)", ""),
    audio(17, ("slin", "slin192"), (192_000, 123), "16 bit Signed Linear PCM (192kHz)", ""),
    audio(18, ("lpc10", "lpc10"), (8_000, 8), "LPC10", ""),
    audio(19, ("g729", "g729"), (8_000, 45), "G.729A", G729),
    audio(20, ("speex", "speex"), (8_000, 40), "SpeeX", ""),
    audio(21, ("speex", "speex16"), (16_000, 40), "SpeeX 16khz", ""),
    audio(22, ("speex", "speex32"), (32_000, 40), "SpeeX 32khz", ""),
    audio(23, ("ilbc", "ilbc"), (8_000, 35), "iLBC", ""),
    audio(24, ("g722", "g722"), (16_000, 110), "G722", ""),
    audio(25, ("siren7", "siren7"), (16_000, 85), SIREN7, SIREN),
    audio(26, ("siren14", "siren14"), (32_000, 90), SIREN14, SIREN),
    audio(27, ("g719", "g719"), (48_000, 95), "ITU G.719", SIREN),
    audio(28, ("opus", "opus"), (48_000, 75), "Opus Codec", ""),
    picture(29, Kind::Image, "jpeg", "JPEG image"),
    picture(30, Kind::Image, "png", "PNG Image"),
    picture(31, Kind::Video, "h261", "H.261 video"),
    picture(32, Kind::Video, "h263", "H.263 video"),
    picture(33, Kind::Video, "h263p", "H.263+ video"),
    picture(34, Kind::Video, "h264", "H.264 video"),
    picture(35, Kind::Video, "h265", "H.265 video"),
    picture(36, Kind::Video, "mpeg4", "MPEG4 video"),
    picture(37, Kind::Video, "vp8", "VP8 video"),
    picture(38, Kind::Video, "vp9", "VP9 video"),
    picture(39, Kind::Text, "red", "T.140 Realtime Text with redundancy"),
    picture(40, Kind::Text, "t140", "Passthrough T.140 Realtime Text"),
    picture(41, Kind::Image, "t38", "T.38 UDPTL Fax"),
    audio(42, ("none", "none"), (8_000, 0), "<Null> codec", NULL),
    audio(43, ("silk", "silk8"), (8_000, 0), "SILK Codec (8 KHz)", SILK),
    audio(44, ("silk", "silk12"), (12_000, 0), "SILK Codec (12 KHz)", SILK),
    audio(45, ("silk", "silk16"), (16_000, 0), "SILK Codec (16 KHz)", SILK),
    audio(46, ("silk", "silk24"), (24_000, 0), "SILK Codec (24 KHz)", SILK),
    audio(47, ("amr", "amr"), (8_000, 0), "AMR", AMR),
    audio(48, ("amrwb", "amrwb"), (16_000, 0), "AMR-WB", AMR),
    audio(49, ("testlaw", "testlaw"), (8_000, 0), "G.711 test-law", TEST),
    picture(50, Kind::Video, "av1", "AV1 video"),
];

/// The codec of a number.
#[must_use]
pub fn by_id(id: u16) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.id == id)
}

/// The codec of a name in `allow=`.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.format.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spoken_and_what_is_listed_are_the_same() {
        let spoken: Vec<Format> = ENTRIES.iter().filter_map(Entry::spoken).collect();
        assert_eq!(spoken, Format::ALL);
        for entry in ENTRIES {
            assert_eq!(entry.spoken().is_none(), !entry.missing.is_empty(), "{}", entry.format);
            assert_eq!(by_name(entry.format), by_id(entry.id));
        }
    }
}
