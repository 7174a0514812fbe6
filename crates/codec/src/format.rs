//! What a stream of audio is made of: the codec, the rate at which it runs, and the channels.

use std::fmt;
use std::time::Duration;

/// The longest packet that is decoded: Opus allows 120 ms (RFC 6716 §3.2.5), and nothing else
/// sends more.
pub const MAX_PACKET: Duration = Duration::from_millis(120);
/// Samples of the longest packet, for one channel: 120 ms at 48 kHz. Linear audio at 96 and 192 kHz
/// comes in packets of at most as many.
pub const MAX_SAMPLES: usize = 5760;
/// Bytes of the largest encoded packet: 120 ms of linear audio at 48 kHz stays below this only in
/// one channel, which is all that is sent.
pub const MAX_PACKET_LEN: usize = MAX_SAMPLES * 2;

/// A frame of LPC-10, which is no whole number of milliseconds.
const LPC10_FRAME_US: u64 = 22_500;

/// A codec that Sidetone can decode and encode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 µ-law.
    Ulaw,
    /// G.711 A-law.
    Alaw,
    /// GSM full rate.
    Gsm,
    /// G.726 at 32 kbit/s, packed as RFC 3551 says.
    G726,
    /// G.726 at 32 kbit/s, packed as for ATM.
    G726Aal2,
    /// DVI4, the ADPCM of RFC 3551.
    Adpcm,
    /// Linear 16-bit samples; on the network in network byte order (L16, RFC 3551 §4.5.11).
    Slin,
    /// LPC-10 at 2.4 kbit/s.
    Lpc10,
    /// Speex (RFC 5574).
    Speex,
    /// iLBC in frames of 20 ms.
    Ilbc20,
    /// iLBC in frames of 30 ms.
    Ilbc30,
    /// G.722 at 64 kbit/s.
    G722,
    /// Opus (RFC 6716).
    Opus,
}

impl Codec {
    /// The name in `allow=` and in translation tables, without the rate of linear formats.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ulaw => "ulaw",
            Self::Alaw => "alaw",
            Self::Gsm => "gsm",
            Self::G726 => "g726",
            Self::G726Aal2 => "g726aal2",
            Self::Adpcm => "adpcm",
            Self::Slin => "slin",
            Self::Lpc10 => "lpc10",
            Self::Speex => "speex",
            Self::Ilbc20 | Self::Ilbc30 => "ilbc",
            Self::G722 => "g722",
            Self::Opus => "opus",
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
    /// GSM full rate.
    pub const GSM: Self = Self::mono(Codec::Gsm, 8_000);
    /// G.726 at 32 kbit/s.
    pub const G726: Self = Self::mono(Codec::G726, 8_000);
    /// G.726 at 32 kbit/s, packed as for ATM.
    pub const G726_AAL2: Self = Self::mono(Codec::G726Aal2, 8_000);
    /// DVI4.
    pub const ADPCM: Self = Self::mono(Codec::Adpcm, 8_000);
    /// Linear audio at 8 kHz.
    pub const SLIN: Self = Self::mono(Codec::Slin, 8_000);
    /// LPC-10.
    pub const LPC10: Self = Self::mono(Codec::Lpc10, 8_000);
    /// iLBC in frames of 20 ms.
    pub const ILBC20: Self = Self::mono(Codec::Ilbc20, 8_000);
    /// iLBC in frames of 30 ms, which is what `ilbc` means without more words.
    pub const ILBC30: Self = Self::mono(Codec::Ilbc30, 8_000);
    /// G.722, which runs at 16 kHz while its RTP clock says 8 kHz.
    pub const G722: Self = Self::mono(Codec::G722, 16_000);
    /// Opus at its full band.
    pub const OPUS: Self = Self::mono(Codec::Opus, 48_000);

    /// The formats of the translation table, in its order.
    pub const ALL: [Self; 22] = [
        Self::ULAW,
        Self::ALAW,
        Self::GSM,
        Self::G726,
        Self::G726_AAL2,
        Self::ADPCM,
        Self::SLIN,
        Self::slin(12_000),
        Self::slin(16_000),
        Self::slin(24_000),
        Self::slin(32_000),
        Self::slin(44_100),
        Self::slin(48_000),
        Self::slin(96_000),
        Self::slin(192_000),
        Self::LPC10,
        Self::speex(8_000),
        Self::speex(16_000),
        Self::speex(32_000),
        Self::ILBC30,
        Self::G722,
        Self::OPUS,
    ];

    /// Rates of linear audio, of Speex, and of what has one only, with the names they have in the
    /// Asterisk world.
    const NAMES: [(&'static str, Self); 23] = [
        ("ulaw", Self::ULAW),
        ("alaw", Self::ALAW),
        ("gsm", Self::GSM),
        ("g726", Self::G726),
        ("g726aal2", Self::G726_AAL2),
        ("adpcm", Self::ADPCM),
        ("slin", Self::SLIN),
        ("slin12", Self::slin(12_000)),
        ("slin16", Self::slin(16_000)),
        ("slin24", Self::slin(24_000)),
        ("slin32", Self::slin(32_000)),
        ("slin44", Self::slin(44_100)),
        ("slin48", Self::slin(48_000)),
        ("slin96", Self::slin(96_000)),
        ("slin192", Self::slin(192_000)),
        ("lpc10", Self::LPC10),
        ("speex", Self::speex(8_000)),
        ("speex16", Self::speex(16_000)),
        ("speex32", Self::speex(32_000)),
        ("ilbc", Self::ILBC30),
        ("ilbc", Self::ILBC20),
        ("g722", Self::G722),
        ("opus", Self::OPUS),
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

    /// Speex.
    #[must_use]
    pub const fn speex(sample_rate: u32) -> Self {
        Self::mono(Codec::Speex, sample_rate)
    }

    /// Reads a name as in `allow=`: `ulaw`, `opus`, `slin`, `slin16`, `speex32` and so on, in any
    /// case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let known = Self::NAMES.iter().find(|(other, _)| name.eq_ignore_ascii_case(other));
        known.map(|(_, format)| *format)
    }

    /// The name as in `allow=`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        let mono = Self { channels: 1, ..*self };
        let known = Self::NAMES.iter().find(|(_, other)| *other == mono);
        known.map_or_else(|| self.codec.name(), |(name, _)| name)
    }

    /// The clock rate of the format's RTP timestamps: 48 kHz for every Opus stream (RFC 7587
    /// §4.1), 8 kHz for G.722 by an old mistake (RFC 3551 §4.5.2).
    #[must_use]
    pub fn rtp_clock_rate(&self) -> u32 {
        match self.codec {
            Codec::Opus => 48_000,
            Codec::G722 => 8_000,
            _ => self.sample_rate,
        }
    }

    /// The packet time nearest to `wanted`, and not longer, that the codec has and that fits a
    /// datagram: whole frames, steps of 10 ms for codecs without frames.
    #[must_use]
    pub fn packet_time(&self, wanted: Duration) -> Duration {
        let wanted = u64::try_from(wanted.as_millis()).unwrap_or(u64::MAX);
        let (step, most) = match self.codec {
            Codec::Opus => {
                let fits = [60, 40, 20, 10].into_iter().find(|time| *time <= wanted);
                return Duration::from_millis(fits.unwrap_or(10));
            }
            Codec::Lpc10 => {
                let frames = (wanted.min(112) * 1_000 / LPC10_FRAME_US).max(1);
                return Duration::from_micros(frames * LPC10_FRAME_US);
            }
            Codec::Gsm => (20, 120),
            Codec::Ilbc20 | Codec::Speex => (20, 60),
            Codec::Ilbc30 => (30, 90),
            // 1,400 bytes of samples: what is not cut into fragments on the way.
            Codec::Slin => (10, (700_000 / u64::from(self.sample_rate.max(1))).clamp(10, 120)),
            Codec::Ulaw
            | Codec::Alaw
            | Codec::G722
            | Codec::G726
            | Codec::G726Aal2
            | Codec::Adpcm => (10, 120),
        };
        Duration::from_millis((wanted.min(most) / step * step).max(step))
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
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
        }
        assert_eq!(Format::from_name("OPUS"), Some(Format::OPUS));
        assert_eq!(Format::from_name("g729"), None);
    }

    #[test]
    fn packets_are_whole_frames_that_fit_a_datagram() {
        let time =
            |format: Format, wanted| format.packet_time(Duration::from_millis(wanted)).as_millis();
        assert_eq!([time(Format::ULAW, 30), time(Format::ULAW, 5)], [30, 10]);
        assert_eq!([time(Format::OPUS, 30), time(Format::OPUS, 200)], [20, 60]);
        assert_eq!([time(Format::GSM, 30), time(Format::GSM, 10)], [20, 20]);
        assert_eq!([time(Format::ILBC30, 20), time(Format::ILBC30, 60)], [30, 60]);
        let lpc10 = |wanted| Format::LPC10.packet_time(Duration::from_millis(wanted));
        assert_eq!(
            [lpc10(20), lpc10(45), lpc10(200)].map(|time| time.as_micros()),
            [22_500, 45_000, 90_000]
        );
        assert_eq!([time(Format::ILBC20, 30), time(Format::slin(48_000), 60)], [20, 10]);
        assert_eq!([time(Format::slin(16_000), 60), time(Format::SLIN, 60)], [40, 60]);
    }

    #[test]
    fn clocks_of_rtp_differ_from_rates() {
        assert_eq!(Format::mono(Codec::Opus, 8_000).rtp_clock_rate(), 48_000);
        assert_eq!(Format::G722.rtp_clock_rate(), 8_000);
        assert_eq!(Format::ULAW.samples(Duration::from_millis(20)), 160);
    }
}
