//! The cheapest chain between two formats: at which rate to decode, whether to resample, at which
//! rate to encode. `core show translation paths` prints it, [`crate::Transcoder`] runs it.
//!
//! The rule: no step may carry less than both ends can, and among those chains the one with the
//! least CPU wins. So Opus runs at 8 kHz next to G.711 and at 16 kHz next to G.722, without a
//! resampler, for less than half the cost of 48 kHz.

use std::fmt;

use crate::cost::{Costs, LINEAR_RATES};
use crate::format::{Codec, Format};
use crate::opus;

/// Why there is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPath {
    /// A format has a rate at which its codec does not run, or an unheard-of channel count.
    UnsupportedFormat(Format),
    /// One format has two channels and the other one, and neither is Opus, which mixes down.
    Channels,
}

impl fmt::Display for NoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsupportedFormat(format) => write!(f, "no codec runs as {format}"),
            Self::Channels => f.write_str("the formats differ in channels"),
        }
    }
}

impl std::error::Error for NoPath {}

/// A chain between two formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// What comes in.
    pub from: Format,
    /// How it is decoded: the codec of `from` at the rate of the samples.
    pub decode: Format,
    /// How it is encoded: the codec of `to` at the rate of the samples.
    pub encode: Format,
    /// What goes out.
    pub to: Format,
    /// CPU of 20 ms in nanoseconds, on the machine where the costs were measured; zero when packets
    /// pass as they are.
    pub cost_ns: u32,
}

impl Path {
    /// Whether packets pass as they are.
    #[must_use]
    pub fn is_passthrough(&self) -> bool {
        self.cost_ns == 0
    }

    /// The formats on the way, the same one never twice in a row.
    #[must_use]
    pub fn steps(&self) -> Vec<Format> {
        let mut steps = vec![self.from];
        if !self.is_passthrough() {
            steps.push(Format { codec: Codec::Slin, ..self.decode });
            steps.push(Format { codec: Codec::Slin, ..self.encode });
            steps.push(self.to);
        }
        steps.dedup();
        steps
    }
}

/// As in `core show translation paths`: `(opus@48000)->(slin@8000)->(ulaw@8000)`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.steps().iter().enumerate() {
            let arrow = if place == 0 { "" } else { "->" };
            write!(f, "{arrow}({step})")?;
        }
        Ok(())
    }
}

/// The cheapest chain from one format to another, by the costs that came with the program.
///
/// # Errors
/// See [`NoPath`].
pub fn path(from: Format, to: Format) -> Result<Path, NoPath> {
    path_by(from, to, &Costs::BUILT_IN)
}

/// The cheapest chain by other costs.
///
/// # Errors
/// See [`NoPath`].
pub fn path_by(from: Format, to: Format, costs: &Costs) -> Result<Path, NoPath> {
    for format in [from, to] {
        if rates(format).is_empty() || !(1..=2).contains(&format.channels) {
            return Err(NoPath::UnsupportedFormat(format));
        }
    }
    if from == to {
        return Ok(Path { from, decode: from, encode: to, to, cost_ns: 0 });
    }
    let channels = match (from.codec, to.codec) {
        _ if from.channels == to.channels => from.channels,
        // An Opus decoder mixes down or doubles; an encoder does not.
        (Codec::Opus, _) => to.channels,
        _ => return Err(NoPath::Channels),
    };
    let needed = from.sample_rate.min(to.sample_rate);
    let mut best: Option<Path> = None;
    for decode_rate in rates(from) {
        for encode_rate in rates(to) {
            if decode_rate.min(encode_rate) < &needed {
                continue;
            }
            let decode = Format { sample_rate: *decode_rate, channels, ..from };
            let encode = Format { sample_rate: *encode_rate, channels, ..to };
            let cost_ns = costs
                .decode_ns(decode)
                .saturating_add(costs.resample_ns(*decode_rate, *encode_rate))
                .saturating_add(costs.encode_ns(encode));
            if best.is_none_or(|best| cost_ns < best.cost_ns) {
                best = Some(Path { from, decode, encode, to, cost_ns });
            }
        }
    }
    best.ok_or(NoPath::UnsupportedFormat(from))
}

/// The rates at which a format can be decoded and encoded: those of Opus, or its own.
fn rates(format: Format) -> &'static [u32] {
    let mono = Format { channels: 1, ..format };
    match format.codec {
        Codec::Opus if opus::RATES.contains(&format.sample_rate) => &opus::RATES,
        Codec::Slin => {
            let at = LINEAR_RATES.iter().position(|rate| *rate == format.sample_rate);
            at.and_then(|at| LINEAR_RATES.get(at..=at)).unwrap_or_default()
        }
        _ if format.channels != 1 => &[],
        Codec::Ilbc20 if mono == Format::ILBC20 => &[8_000],
        _ => {
            let known = Format::ALL.contains(&mono);
            let at = LINEAR_RATES.iter().position(|rate| *rate == format.sample_rate);
            at.filter(|_| known).and_then(|at| LINEAR_RATES.get(at..=at)).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: Format, to: Format, expected: &str) {
        assert_eq!(path(from, to).unwrap().to_string(), expected);
    }

    #[test]
    fn opus_runs_at_the_rate_of_the_other_leg() {
        check(Format::OPUS, Format::ULAW, "(opus@48000)->(slin@8000)->(ulaw@8000)");
        check(Format::ALAW, Format::OPUS, "(alaw@8000)->(slin@8000)->(opus@48000)");
        check(Format::OPUS, Format::G722, "(opus@48000)->(slin@16000)->(g722@16000)");
        check(Format::OPUS, Format::slin(48_000), "(opus@48000)->(slin@48000)");
    }

    #[test]
    fn rates_are_converted_where_codecs_have_no_common_one() {
        check(Format::ULAW, Format::G722, "(ulaw@8000)->(slin@8000)->(slin@16000)->(g722@16000)");
        check(Format::OPUS, Format::slin(32_000), "(opus@48000)->(slin@48000)->(slin@32000)");
        check(Format::ULAW, Format::ALAW, "(ulaw@8000)->(slin@8000)->(alaw@8000)");
    }

    #[test]
    fn the_same_format_passes_through() {
        let same = path(Format::OPUS, Format::OPUS).unwrap();
        assert!(same.is_passthrough());
        assert_eq!(same.to_string(), "(opus@48000)");
    }

    #[test]
    fn a_narrower_opus_is_enough_for_a_narrow_peer() {
        let narrow = Format::mono(Codec::Opus, 8_000);
        assert_eq!(path(Format::OPUS, narrow).unwrap().decode.sample_rate, 8_000);
    }

    #[test]
    fn stereo_is_mixed_down_by_opus_only() {
        let stereo = Format { channels: 2, ..Format::OPUS };
        assert_eq!(path(stereo, Format::ULAW).unwrap().decode.channels, 1);
        let linear = Format { channels: 2, ..Format::slin(48_000) };
        assert_eq!(path(linear, Format::ULAW), Err(NoPath::Channels));
        let odd = Format::mono(Codec::Opus, 44_100);
        assert_eq!(path(odd, Format::ULAW), Err(NoPath::UnsupportedFormat(odd)));
    }

    #[test]
    fn every_format_leads_to_every_other() {
        for from in Format::ALL {
            for to in Format::ALL {
                let cost_ns = path(from, to).unwrap().cost_ns;
                assert_eq!(cost_ns == 0, from == to, "{from} to {to}");
                assert!(cost_ns < u32::MAX / 4, "{from} to {to} was not measured");
            }
        }
    }
}
