//! A codec as configuration names it (`allow=opus,ulaw`) and as SDP names it (`opus/48000/2`).

use std::fmt;

use crate::attributes::RtpMap;
use crate::plan::{CodecPlan, MediaKind};

/// One codec an endpoint may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecSpec {
    /// Encoding name in lower case: `opus`, `pcmu`, `h264`, …
    pub name: String,
    /// RTP clock rate in Hz.
    pub clock_rate: u32,
    /// Channels as written in `a=rtpmap`.
    pub channels: u8,
    /// Our format parameters: what the peer may send. For `h264`, `h265`, `vp9` and `av1` empty
    /// parameters mean that every profile the peer offers is relayed as it is.
    pub fmtp: String,
    /// The payload type we would like in our own offers, if free.
    pub payload_type: Option<u8>,
    /// Packet time asked for with this codec (`allow=ulaw:30`), in milliseconds.
    pub ptime_ms: Option<u32>,
}

/// Parameters of iLBC in frames of 20 ms.
const ILBC_SHORT: &str = "mode=20";

/// Configuration name, encoding name, clock rate, channels, payload type we prefer, parameters.
type Row = (&'static str, &'static str, u32, u8, Option<u8>, &'static str);

#[rustfmt::skip] // A table: one codec per line.
const AUDIO: &[Row] = &[
    ("ulaw", "pcmu", 8000, 1, Some(0), ""),
    ("alaw", "pcma", 8000, 1, Some(8), ""),
    ("g722", "g722", 8000, 1, Some(9), ""),
    ("gsm", "gsm", 8000, 1, Some(3), ""),
    ("g723", "g723", 8000, 1, Some(4), "annexa=no"),
    ("g729", "g729", 8000, 1, Some(18), "annexb=no"),
    ("opus", "opus", 48_000, 2, Some(107), "useinbandfec=1"),
    ("g726", "g726-32", 8000, 1, Some(111), ""),
    ("g726aal2", "aal2-g726-32", 8000, 1, Some(112), ""),
    ("adpcm", "dvi4", 8000, 1, Some(5), ""),
    ("lpc10", "lpc", 8000, 1, Some(7), ""),
    ("ilbc", "ilbc", 8000, 1, Some(97), "mode=30"),
    ("speex", "speex", 8000, 1, Some(110), ""),
    ("speex16", "speex", 16_000, 1, Some(117), ""),
    ("speex32", "speex", 32_000, 1, Some(119), ""),
    ("siren7", "g7221", 16_000, 1, Some(102), "bitrate=32000"),
    ("siren14", "g7221", 32_000, 1, Some(115), "bitrate=48000"),
    ("g719", "g719", 48_000, 1, Some(116), ""),
    ("slin", "l16", 8000, 1, Some(96), ""),
    ("slin12", "l16", 12_000, 1, None, ""),
    ("slin16", "l16", 16_000, 1, Some(118), ""),
    ("slin24", "l16", 24_000, 1, None, ""),
    ("slin32", "l16", 32_000, 1, None, ""),
    ("slin44", "l16", 44_100, 1, Some(11), ""),
    ("slin48", "l16", 48_000, 1, None, ""),
    ("codec2", "codec2", 8000, 1, None, ""),
    ("silk8", "silk", 8000, 1, None, ""),
    ("silk12", "silk", 12_000, 1, None, ""),
    ("silk16", "silk", 16_000, 1, None, ""),
    ("silk24", "silk", 24_000, 1, None, ""),
];

#[rustfmt::skip]
const VIDEO: &[Row] = &[
    ("vp8", "vp8", 90_000, 1, Some(100), ""),
    ("h264", "h264", 90_000, 1, Some(99), ""),
    ("vp9", "vp9", 90_000, 1, Some(108), ""),
    ("av1", "av1", 90_000, 1, Some(105), ""),
    ("h265", "h265", 90_000, 1, Some(104), ""),
    ("h263p", "h263-1998", 90_000, 1, Some(98), ""),
    ("h263", "h263", 90_000, 1, Some(34), ""),
    ("h261", "h261", 90_000, 1, Some(31), ""),
];

#[rustfmt::skip]
const TEXT: &[Row] = &[
    // The parameters of `red` depend on the number of `t140`, see `matching::settle_redundancy`.
    ("red", "red", 1000, 1, Some(106), ""),
    ("t140", "t140", 1000, 1, Some(109), ""),
];

fn rows() -> impl Iterator<Item = (MediaKind, &'static Row)> {
    let audio = AUDIO.iter().map(|row| (MediaKind::Audio, row));
    let video = VIDEO.iter().map(|row| (MediaKind::Video, row));
    audio.chain(video).chain(TEXT.iter().map(|row| (MediaKind::Text, row)))
}

impl CodecSpec {
    /// A codec by its name in `allow=`, with its kind; `None` for names that are not codecs of
    /// RTP streams.
    #[must_use]
    pub fn of_config_name(name: &str) -> Option<(MediaKind, Self)> {
        let (kind, row) = rows().find(|(_, row)| row.0.eq_ignore_ascii_case(name))?;
        let (_, encoding, clock_rate, channels, payload_type, fmtp) = *row;
        let spec = Self {
            name: encoding.to_owned(),
            clock_rate,
            channels,
            fmtp: fmtp.to_owned(),
            payload_type,
            ptime_ms: (encoding == "ilbc").then_some(30),
        };
        Some((kind, spec))
    }

    /// The codec with a packet time of its own (`allow=ulaw:30`). iLBC has frames of two lengths
    /// (RFC 3952): 20 and 40 ms ask for the shorter, everything else for the longer.
    #[must_use]
    pub fn with_ptime(mut self, ptime_ms: u32) -> Self {
        self.ptime_ms = Some(ptime_ms);
        if self.name == "ilbc" {
            let short = ptime_ms < 30 || ptime_ms == 40;
            self.fmtp = if short { ILBC_SHORT } else { "mode=30" }.to_owned();
        }
        self
    }

    /// The name in `allow=` and in the CLI; the encoding name if configuration has none.
    #[must_use]
    pub fn config_name(&self) -> &str {
        config_name(&self.name, self.clock_rate)
    }

    /// The codec of an agreed plan, for offering the same thing to another leg: its parameters
    /// are what the peer wants to receive.
    #[must_use]
    pub fn of_plan(codec: &CodecPlan) -> Self {
        Self {
            name: codec.name.clone(),
            clock_rate: codec.clock_rate,
            channels: codec.channels,
            fmtp: codec.remote_fmtp.clone(),
            payload_type: Some(codec.send_payload_type),
            ptime_ms: None,
        }
    }

    /// Whether encoding name, clock rate and channels are those of an `a=rtpmap`.
    #[must_use]
    pub fn is_encoding_of(&self, map: &RtpMap) -> bool {
        // RFC 7587 §7: opus is always written with two channels; some phones forget that.
        let channels = self.channels == map.channels || self.name == "opus";
        self.name.eq_ignore_ascii_case(&map.name) && self.clock_rate == map.clock_rate && channels
    }
}

/// The name in `allow=` of an encoding, or the encoding name itself.
#[must_use]
pub fn config_name(encoding: &str, clock_rate: u32) -> &str {
    let known = rows().find(|(_, row)| row.1.eq_ignore_ascii_case(encoding) && row.2 == clock_rate);
    known.map_or(encoding, |(_, row)| row.0)
}

impl fmt::Display for CodecSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.config_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_names_lead_to_encodings_and_back() {
        for (kind, row) in rows() {
            let (found, spec) = CodecSpec::of_config_name(row.0).unwrap();
            assert_eq!((found, spec.config_name()), (kind, row.0));
        }
        assert_eq!(CodecSpec::of_config_name("all"), None);
    }
}
