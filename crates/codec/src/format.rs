//! What a stream of audio is made of: the codec, the rate at which it runs, and the channels.

use std::fmt;
use std::time::Duration;

/// The longest packet that is decoded: Opus allows 120 ms (RFC 6716 §3.2.5), and nothing else
/// sends more.
pub const MAX_PACKET: Duration = Duration::from_millis(120);
/// Samples of the longest packet at the highest rate, for one channel.
pub const MAX_SAMPLES: usize = 5760;
/// Bytes of the largest encoded packet: 120 ms of linear audio at 48 kHz stays below this only in
/// one channel, which is all that is sent.
pub const MAX_PACKET_LEN: usize = MAX_SAMPLES * 2;

/// A codec that Sidetone can decode and encode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 µ-law.
    Ulaw,
    /// G.711 A-law.
    Alaw,
    /// G.722 at 64 kbit/s.
    G722,
    /// Opus (RFC 6716).
    Opus,
    /// Linear 16-bit samples; on the network in network byte order (L16, RFC 3551 §4.5.11).
    Slin,
}

impl Codec {
    /// All codecs.
    pub const ALL: [Self; 5] = [Self::Ulaw, Self::Alaw, Self::G722, Self::Opus, Self::Slin];

    /// The name in `allow=` and in translation tables, without the rate of linear formats.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ulaw => "ulaw",
            Self::Alaw => "alaw",
            Self::G722 => "g722",
            Self::Opus => "opus",
            Self::Slin => "slin",
        }
    }
}

/// Codec, rate and channels of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Format {
    /// The codec.
    pub codec: Codec,
    /// Samples per second and channel at which encoder and decoder run. For Opus this is a
    /// choice: any of 8, 12, 16, 24 and 48 kHz reads and writes every Opus stream.
    pub sample_rate: u32,
    /// 1, or 2 for Opus and linear audio.
    pub channels: u8,
}

impl Format {
    /// G.711 µ-law.
    pub const ULAW: Self = Self::mono(Codec::Ulaw, 8_000);
    /// G.711 A-law.
    pub const ALAW: Self = Self::mono(Codec::Alaw, 8_000);
    /// G.722, which runs at 16 kHz while its RTP clock says 8 kHz.
    pub const G722: Self = Self::mono(Codec::G722, 16_000);
    /// Opus at its full band.
    pub const OPUS: Self = Self::mono(Codec::Opus, 48_000);
    /// Linear audio at 8 kHz.
    pub const SLIN: Self = Self::mono(Codec::Slin, 8_000);

    /// The rates of linear audio, with the names they have in the Asterisk world.
    const SLIN_NAMES: [(&'static str, u32); 9] = [
        ("slin", 8_000),
        ("slin12", 12_000),
        ("slin16", 16_000),
        ("slin24", 24_000),
        ("slin32", 32_000),
        ("slin44", 44_100),
        ("slin48", 48_000),
        ("slin96", 96_000),
        ("slin192", 192_000),
    ];

    /// A format of one channel.
    #[must_use]
    pub const fn mono(codec: Codec, sample_rate: u32) -> Self {
        Self { codec, sample_rate, channels: 1 }
    }

    /// Linear audio of one channel.
    #[must_use]
    pub const fn slin(sample_rate: u32) -> Self {
        Self::mono(Codec::Slin, sample_rate)
    }

    /// Reads a name as in `allow=`: `ulaw`, `alaw`, `g722`, `opus`, `slin`, `slin16` and so on, in
    /// any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let fixed = [Self::ULAW, Self::ALAW, Self::G722, Self::OPUS];
        if let Some(format) = fixed.into_iter().find(|f| name.eq_ignore_ascii_case(f.name())) {
            return Some(format);
        }
        let mut linear = Self::SLIN_NAMES.iter();
        linear.find(|(other, _)| name.eq_ignore_ascii_case(other)).map(|(_, hz)| Self::slin(*hz))
    }

    /// The name as in `allow=`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        if self.codec != Codec::Slin {
            return self.codec.name();
        }
        let mut linear = Self::SLIN_NAMES.iter();
        linear.find(|(_, hz)| *hz == self.sample_rate).map_or("slin", |(name, _)| name)
    }

    /// The clock rate of the format's RTP timestamps: 48 kHz for every Opus stream (RFC 7587
    /// §4.1), 8 kHz for G.722 by an old mistake (RFC 3551 §4.5.2).
    #[must_use]
    pub fn rtp_clock_rate(&self) -> u32 {
        match self.codec {
            Codec::Opus => 48_000,
            Codec::G722 => 8_000,
            Codec::Ulaw | Codec::Alaw | Codec::Slin => self.sample_rate,
        }
    }

    /// Samples of one channel in `duration`.
    #[must_use]
    pub fn samples(&self, duration: Duration) -> usize {
        samples(self.sample_rate, duration)
    }
}

/// Samples at `rate` in `duration`, rounded down; durations beyond a day count as a day.
#[must_use]
pub(crate) fn samples(rate: u32, duration: Duration) -> usize {
    let micros = duration.min(Duration::from_secs(86_400)).as_micros();
    // A day at the highest rate is 2^35 samples.
    (micros * u128::from(rate) / 1_000_000) as usize
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.codec.name(), self.sample_rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for name in ["ulaw", "alaw", "g722", "opus", "slin", "slin16", "slin48"] {
            assert_eq!(Format::from_name(name).unwrap().name(), name);
        }
        assert_eq!(Format::from_name("OPUS"), Some(Format::OPUS));
        assert_eq!(Format::from_name("g729"), None);
    }

    #[test]
    fn clocks_of_rtp_differ_from_rates() {
        assert_eq!(Format::mono(Codec::Opus, 8_000).rtp_clock_rate(), 48_000);
        assert_eq!(Format::G722.rtp_clock_rate(), 8_000);
        assert_eq!(Format::ULAW.samples(Duration::from_millis(20)), 160);
    }
}
