//! What a payload type means: `a=rtpmap`, `a=fmtp`, `a=ptime`, `a=maxptime` (RFC 8866 §6.4, §6.6,
//! §6.15) and the static table of RFC 3551 §6.

use std::fmt;

use crate::attribute::Attributes;
use crate::session::Media;

/// `a=rtpmap:111 opus/48000/2`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtpMap {
    /// Payload type, 0…127.
    pub payload_type: u8,
    /// Encoding name as received; compare without case.
    pub name: String,
    /// RTP clock rate in Hz.
    pub clock_rate: u32,
    /// Channels, 1 when not written.
    pub channels: u8,
}

impl RtpMap {
    /// Reads what follows `a=rtpmap:`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (payload_type, encoding) = text.split_once(' ')?;
        let payload_type = parse_payload_type(payload_type)?;
        let mut parts = encoding.trim().split('/');
        let name = parts.next().filter(|name| !name.is_empty())?.to_owned();
        let clock_rate = parts.next()?.trim().parse().ok().filter(|rate| *rate > 0)?;
        let channels = parts.next().and_then(|c| c.trim().parse().ok()).unwrap_or(1);
        Some(Self { payload_type, name, clock_rate, channels })
    }

    /// The meaning of a payload type without `a=rtpmap` (RFC 3551 §6); `None` if it has none.
    #[must_use]
    pub fn of_static(payload_type: u8) -> Option<Self> {
        let (name, clock_rate, channels) = match payload_type {
            0 => ("PCMU", 8000, 1),
            3 => ("GSM", 8000, 1),
            4 => ("G723", 8000, 1),
            5 => ("DVI4", 8000, 1),
            6 => ("DVI4", 16_000, 1),
            7 => ("LPC", 8000, 1),
            8 => ("PCMA", 8000, 1),
            9 => ("G722", 8000, 1),
            10 => ("L16", 44_100, 2),
            11 => ("L16", 44_100, 1),
            12 => ("QCELP", 8000, 1),
            13 => ("CN", 8000, 1),
            15 => ("G728", 8000, 1),
            16 => ("DVI4", 11_025, 1),
            17 => ("DVI4", 22_050, 1),
            18 => ("G729", 8000, 1),
            26 => ("JPEG", 90_000, 1),
            31 => ("H261", 90_000, 1),
            34 => ("H263", 90_000, 1),
            _ => return None,
        };
        Some(Self { payload_type, name: name.to_owned(), clock_rate, channels })
    }
}

impl fmt::Display for RtpMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { payload_type, name, clock_rate, channels } = self;
        write!(f, "{payload_type} {name}/{clock_rate}")?;
        if *channels > 1 { write!(f, "/{channels}") } else { Ok(()) }
    }
}

/// Reads a payload type, 0…127.
#[must_use]
pub fn parse_payload_type(text: &str) -> Option<u8> {
    text.trim().parse().ok().filter(|payload_type| *payload_type < 128)
}

/// The meaning of each format of an RTP `m=` line, in its order, each payload type once. Formats
/// that mean nothing are left out.
#[must_use]
pub fn payloads(media: &Media) -> Vec<RtpMap> {
    let mut maps: [Option<RtpMap>; 128] = std::array::from_fn(|_| None);
    for map in media.attributes.values("rtpmap").filter_map(RtpMap::parse) {
        if let Some(slot) = maps.get_mut(usize::from(map.payload_type)) {
            slot.get_or_insert(map);
        }
    }
    let mut seen = [false; 128];
    let mut found = Vec::new();
    for payload_type in media.line.formats.iter().filter_map(|f| parse_payload_type(f)) {
        let index = usize::from(payload_type);
        let (Some(map), Some(seen)) = (maps.get_mut(index), seen.get_mut(index)) else {
            continue;
        };
        if !std::mem::replace(seen, true) {
            found.extend(map.take().or_else(|| RtpMap::of_static(payload_type)));
        }
    }
    found
}

/// The format parameters of a payload type, empty when there are none.
#[must_use]
pub fn fmtp(attributes: &Attributes, payload_type: u8) -> &str {
    let lines = attributes.values("fmtp").filter_map(|value| value.split_once(' '));
    let mut own = lines.filter(|(format, _)| parse_payload_type(format) == Some(payload_type));
    own.next().map_or("", |(_, parameters)| parameters.trim())
}

/// Format parameters taken apart: `key=value` pairs separated by semicolons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the text after the payload type. Names become lower case; a word without `=` has the
    /// value `""`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        let pair = |part: &str| match part.split_once('=') {
            Some((name, value)) => (name.trim().to_ascii_lowercase(), value.trim().to_owned()),
            None => (part.to_ascii_lowercase(), String::new()),
        };
        Self(parts.map(pair).collect())
    }

    /// The value of a parameter, by its name in lower case.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A numeric parameter.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u32> {
        self.value(name)?.parse().ok()
    }

    /// Sets a parameter, in place if it is there.
    pub fn set(&mut self, name: &str, value: impl fmt::Display) {
        match self.0.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = value.to_string(),
            None => self.0.push((name.to_owned(), value.to_string())),
        }
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            f.write_str(if index > 0 { ";" } else { "" })?;
            f.write_str(name)?;
            if !value.is_empty() {
                write!(f, "={value}")?;
            }
        }
        Ok(())
    }
}

/// Packet time assumed when nobody says anything (RFC 3551 §4.2).
pub const DEFAULT_PTIME_MS: u32 = 20;

/// The packet time an `m=` section asks for: `a=ptime`, not above `a=maxptime`, within 10…200 ms.
/// `None` when it does not say.
#[must_use]
pub fn ptime_ms(attributes: &Attributes) -> Option<u32> {
    let (ptime, max) = (millis(attributes, "ptime"), millis(attributes, "maxptime"));
    let wanted = match (ptime, max) {
        (Some(ptime), Some(max)) => ptime.min(max),
        (Some(ptime), None) => ptime,
        // A maximum alone only matters when it is below what is usual.
        (None, Some(max)) => max.min(DEFAULT_PTIME_MS),
        (None, None) => return None,
    };
    // Below 10 ms headers outweigh audio; above 200 ms nobody can talk (RFC 3551 §4.2).
    Some(wanted.clamp(10, 200))
}

/// The longest packet that an `m=` section takes: `a=maxptime`, at least 10 ms.
#[must_use]
pub fn maxptime_ms(attributes: &Attributes) -> Option<u32> {
    millis(attributes, "maxptime").map(|ms| ms.max(10))
}

/// A time in milliseconds; some phones write `20.0`.
fn millis(attributes: &Attributes, name: &str) -> Option<u32> {
    attributes.value(name)?.split('.').next()?.trim().parse().ok().filter(|ms| *ms > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;

    #[test]
    fn static_payload_types_need_no_rtpmap_and_repeated_formats_count_once() {
        let text = b"m=audio 9 RTP/AVP 0 8 0 111 96 200\na=rtpmap:111 opus/48000/2\n";
        let session = Session::parse(text).unwrap();
        let names: Vec<String> =
            payloads(&session.media[0]).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["0 PCMU/8000", "8 PCMA/8000", "111 opus/48000/2"]);
    }

    #[test]
    fn the_packet_time_stays_within_what_makes_sense() {
        let check = |lines: &str, expected: Option<u32>| {
            let text = format!("m=audio 9 RTP/AVP 0\n{lines}");
            let session = Session::parse(text.as_bytes()).unwrap();
            assert_eq!(ptime_ms(&session.media[0].attributes), expected, "{lines}");
        };
        check("", None);
        check("a=ptime:30\n", Some(30));
        check("a=ptime:20.0\n", Some(20));
        check("a=ptime:60\na=maxptime:40\n", Some(40));
        check("a=maxptime:120\n", Some(20));
        check("a=ptime:99999999\n", Some(200));
        check("a=ptime:0\n", None);
    }

    #[test]
    fn parameters_are_found_without_case_and_spaces() {
        let parameters = Parameters::parse("minptime=10; UseInbandFEC = 1;;x");
        assert_eq!(parameters.number("useinbandfec"), Some(1));
        assert_eq!(parameters.to_string(), "minptime=10;useinbandfec=1;x");
    }
}
