//! Codecs whose payload types differ by format parameters: which parameters must be equal for two
//! sides to understand each other, and what an answer says.

use super::codec_spec::CodecSpec;
use crate::attributes::Parameters;

/// Codecs relayed as they are when our own parameters are empty.
pub(super) fn is_profiled(name: &str) -> bool {
    matches!(name, "h264" | "h265" | "vp9" | "av1")
}

/// What must be equal in the parameters of both sides, as text; empty for most codecs.
///
/// `name` is the encoding name in lower case.
pub(super) fn variant(name: &str, fmtp: &str) -> String {
    let parameters = Parameters::parse(fmtp);
    let value = |key: &str, default: &str| parameters.value(key).unwrap_or(default).to_owned();
    match name {
        // RFC 6184 §8.2.2: profile and packetization mode; the level may differ.
        "h264" => {
            let profile = h264_profile(&value("profile-level-id", H264_DEFAULT));
            format!("{profile}/{}", value("packetization-mode", "0"))
        }
        // RFC 7798 §7.2.2
        "h265" => format!("{}/{}", value("profile-id", "1"), value("tier-flag", "0")),
        // RFC 9628 §6
        "vp9" => value("profile-id", "0"),
        "av1" => value("profile", "0"),
        // RFC 5577 §4.2: the bit rate is part of the format.
        "g7221" => value("bitrate", ""),
        // RFC 4867 §8.3.1
        "amr" | "amr-wb" => value("octet-align", "0"),
        _ => String::new(),
    }
}

/// Constrained baseline, level 3.1: what browsers assume when the parameter is missing.
const H264_DEFAULT: &str = "42e01f";

/// The profile that the first two bytes of `profile-level-id` stand for (RFC 6184 table 5):
/// several spellings mean the same.
fn h264_profile(profile_level_id: &str) -> String {
    let bytes = u32::from_str_radix(profile_level_id, 16).ok().filter(|_| {
        profile_level_id.len() == 6 && profile_level_id.bytes().all(|b| b.is_ascii_hexdigit())
    });
    let Some(bytes) = bytes else {
        return profile_level_id.to_ascii_lowercase();
    };
    let (idc, constraints) = (bytes >> 16, (bytes >> 8) & 0xFF);
    let name = match (idc, constraints) {
        (0x42, c) if c & 0x4F == 0x40 => "constrained-baseline",
        (0x4D, c) if c & 0x8F == 0x80 => "constrained-baseline",
        (0x58, c) if c & 0xCF == 0xC0 => "constrained-baseline",
        (0x42, c) if c & 0x4F == 0x00 => "baseline",
        (0x58, c) if c & 0xCF == 0x80 => "baseline",
        (0x4D, c) if c & 0xAF == 0x00 => "main",
        (0x64, 0x00) => "high",
        (0x64, 0x0C) => "constrained-high",
        _ => return format!("{:04x}", bytes >> 8),
    };
    name.to_owned()
}

/// Whether the two sets of parameters can work together.
pub(super) fn is_compatible(spec: &CodecSpec, offered_fmtp: &str) -> bool {
    if relays_any_profile(spec) {
        return true;
    }
    let (ours, theirs) = (variant(&spec.name, &spec.fmtp), variant(&spec.name, offered_fmtp));
    // A side that does not state its bit rate takes the other's.
    ours == theirs || (spec.name == "g7221" && (ours.is_empty() || theirs.is_empty()))
}

/// Whether the codec is relayed whatever its profile.
pub(super) fn relays_any_profile(spec: &CodecSpec) -> bool {
    spec.fmtp.is_empty() && is_profiled(&spec.name)
}

/// The parameters we write into an answer for a codec offered with `offered`.
pub(super) fn answer_fmtp(spec: &CodecSpec, offered: &str) -> String {
    if relays_any_profile(spec) {
        // Sprop sets describe the offerer's own stream; repeating them would describe ours.
        return without_parameter_sets(offered);
    }
    if spec.name == "h264" {
        return h264_answer(&spec.fmtp, offered);
    }
    if spec.name == "ilbc" {
        let mode = if ilbc_frame_ms(&spec.fmtp, offered) == 20 { "mode=20" } else { "mode=30" };
        return mode.to_owned();
    }
    spec.fmtp.clone()
}

/// The length of iLBC's frames (RFC 3952 §5): the shorter only where both sides ask for it.
#[must_use]
pub fn ilbc_frame_ms(ours: &str, theirs: &str) -> u32 {
    let short = |fmtp: &str| Parameters::parse(fmtp).number("mode") == Some(20);
    if short(ours) && short(theirs) { 20 } else { 30 }
}

fn without_parameter_sets(fmtp: &str) -> String {
    let parts = fmtp.split(';').map(str::trim).filter(|part| !part.is_empty());
    let kept: Vec<&str> = parts.filter(|part| !part.starts_with("sprop-")).collect();
    kept.join(";")
}

/// RFC 6184 §8.2.2: the level is the lower of both unless both allow asymmetry.
fn h264_answer(ours: &str, offered: &str) -> String {
    let (mut answer, offered) = (Parameters::parse(ours), Parameters::parse(offered));
    let asymmetric = |side: &Parameters| side.number("level-asymmetry-allowed") == Some(1);
    let id = |side: &Parameters| {
        let id = side.value("profile-level-id").unwrap_or(H264_DEFAULT).to_owned();
        id.get(4..6).and_then(|level| u8::from_str_radix(level, 16).ok()).map(|level| (id, level))
    };
    let symmetric = !(asymmetric(&answer) && asymmetric(&offered));
    if let (Some((our_id, our_level)), Some((_, level))) = (id(&answer), id(&offered))
        && symmetric
        && level < our_level
    {
        let profile = our_id.get(..4).unwrap_or_default();
        answer.set("profile-level-id", format_args!("{profile}{level:02x}"));
    }
    answer.to_string()
}

/// The parameters we offer for a codec that is relayed whatever its profile, when no peer has
/// named one yet: the profile every browser has.
pub(super) fn offer_fmtp(spec: &CodecSpec) -> String {
    if !spec.fmtp.is_empty() {
        return spec.fmtp.clone();
    }
    match spec.name.as_str() {
        "h264" => "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        "vp9" => "profile-id=0",
        "av1" => "level-idx=5;profile=0;tier=0",
        _ => "",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn h264(fmtp: &str) -> CodecSpec {
        CodecSpec { fmtp: fmtp.to_owned(), ..CodecSpec::of_config_name("h264").unwrap().1 }
    }

    #[test]
    fn h264_profiles_are_compared_by_meaning_and_mode() {
        let ours = h264("packetization-mode=1;profile-level-id=42e01f");
        let check = |offered: &str, expected: bool| {
            assert_eq!(is_compatible(&ours, offered), expected, "{offered}");
        };
        check("profile-level-id=42c00d;packetization-mode=1", true);
        check("profile-level-id=4d801f;packetization-mode=1", true);
        check("packetization-mode=1", true);
        check("profile-level-id=42e01f;packetization-mode=0", false);
        check("profile-level-id=42001f;packetization-mode=1", false);
        check("profile-level-id=4d001f;packetization-mode=1", false);
        check("profile-level-id=64001f;packetization-mode=1", false);
        check("profile-level-id=+2e01f;packetization-mode=1", false);
        assert!(is_compatible(&h264(""), "profile-level-id=640c1f;packetization-mode=0"));
    }

    #[test]
    fn an_h264_answer_takes_the_lower_level_unless_asymmetry_is_allowed() {
        let check = |ours: &str, offered: &str, expected: &str| {
            assert_eq!(answer_fmtp(&h264(ours), offered), expected);
        };
        check("profile-level-id=42e01f", "profile-level-id=42e00d", "profile-level-id=42e00d");
        check("profile-level-id=42e01f", "profile-level-id=42e028", "profile-level-id=42e01f");
        let asymmetric = "level-asymmetry-allowed=1;profile-level-id=42e01f";
        check(asymmetric, "level-asymmetry-allowed=1;profile-level-id=42e00d", asymmetric);
        check("", "profile-level-id=640028;sprop-parameter-sets=Z0", "profile-level-id=640028");
    }

    #[test]
    fn vp9_profiles_must_be_equal_when_ours_is_set() {
        let (_, mut spec) = CodecSpec::of_config_name("vp9").unwrap();
        assert!(is_compatible(&spec, "profile-id=2"));
        spec.fmtp = "profile-id=0".to_owned();
        assert!(is_compatible(&spec, ""));
        assert!(!is_compatible(&spec, "profile-id=2"));
    }
}
