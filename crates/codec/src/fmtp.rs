//! Format parameters of Opus (RFC 7587 §6.1) both ways: what we say about ourselves, and what the
//! peer's words mean for our encoder.

use crate::opus::{Bandwidth, Bitrate, BitrateMode, OpusSettings};

/// What a peer may say of its bitrate, in bits per second (RFC 7587 §6.1).
const BITRATES: std::ops::RangeInclusive<u32> = 6_000..=510_000;
/// The band of each playback rate in Hz.
const BANDS: [(u32, Bandwidth); 5] = [
    (8_000, Bandwidth::Narrow),
    (12_000, Bandwidth::Medium),
    (16_000, Bandwidth::Wide),
    (24_000, Bandwidth::SuperWide),
    (48_000, Bandwidth::Full),
];

impl Bandwidth {
    /// The lowest playback rate that has the band, in Hz.
    #[must_use]
    pub fn playback_rate(self) -> u32 {
        BANDS.iter().find(|(_, band)| *band == self).map_or(48_000, |(rate, _)| *rate)
    }

    /// The widest band that a playback rate has.
    #[must_use]
    pub fn of_playback_rate(rate: u32) -> Self {
        let fits = BANDS.iter().rev().find(|(lowest, _)| *lowest <= rate);
        fits.map_or(Self::Narrow, |(_, band)| *band)
    }
}

impl OpusSettings {
    /// The parameters for our SDP: what the peer may send to us. What equals the default of the
    /// RFC is left out.
    #[must_use]
    pub fn fmtp(&self) -> String {
        let mut parts = Vec::new();
        if self.max_playback_rate < 48_000 {
            parts.push(format!("maxplaybackrate={}", self.max_playback_rate));
        }
        let captured = self.max_bandwidth.playback_rate();
        if captured < 48_000 {
            parts.push(format!("sprop-maxcapturerate={captured}"));
        }
        if let Bitrate::BitsPerSecond(bits) = self.bitrate {
            let bits = bits.clamp(*BITRATES.start(), *BITRATES.end());
            parts.push(format!("maxaveragebitrate={bits}"));
        }
        if self.mode == BitrateMode::Constant {
            parts.push("cbr=1".to_owned());
        }
        if self.forward_error_correction {
            parts.push("useinbandfec=1".to_owned());
        }
        if self.discontinuous_transmission {
            parts.push("usedtx=1".to_owned());
        }
        parts.join(";")
    }

    /// These settings within what the peer's parameters ask for: no wider band than it plays, no
    /// more bits than it takes, redundancy only if it uses it. What it did not say means what the
    /// RFC says.
    #[must_use]
    pub fn asked_for_by(&self, fmtp: &str) -> Self {
        let value = |wanted: &str| {
            fmtp.split(';').find_map(|part| {
                let (name, value) = part.split_once('=')?;
                let found = name.trim().eq_ignore_ascii_case(wanted);
                found.then(|| value.trim().parse::<u32>().ok()).flatten()
            })
        };
        let mut asked = *self;
        if let Some(rate) = value("maxplaybackrate") {
            asked.max_bandwidth = asked.max_bandwidth.min(Bandwidth::of_playback_rate(rate));
        }
        if let Some(most) = value("maxaveragebitrate") {
            let most = most.clamp(*BITRATES.start(), *BITRATES.end());
            asked.bitrate = Bitrate::BitsPerSecond(match self.bitrate {
                Bitrate::BitsPerSecond(bits) => bits.min(most),
                Bitrate::Auto | Bitrate::Max => most,
            });
        }
        if value("cbr") == Some(1) {
            asked.mode = BitrateMode::Constant;
        }
        asked.forward_error_correction &= value("useinbandfec") == Some(1);
        match value("usedtx") {
            Some(0) => asked.discontinuous_transmission = false,
            Some(_) => asked.discontinuous_transmission = true,
            None => {}
        }
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_the_peer_asks_for_bounds_the_encoder() {
        let ours = OpusSettings::default();
        let asked = ours.asked_for_by(
            "maxplaybackrate=16000; sprop-maxcapturerate=8000; maxaveragebitrate=20000;\
             stereo=1;useinbandfec=1;usedtx=1;cbr=1;minptime=10",
        );
        assert_eq!(asked.max_bandwidth, Bandwidth::Wide);
        assert_eq!(asked.bitrate, Bitrate::BitsPerSecond(20_000));
        assert_eq!(asked.mode, BitrateMode::Constant);
        assert!(asked.forward_error_correction && asked.discontinuous_transmission);
        let plain = ours.asked_for_by("");
        assert!(!plain.forward_error_correction && !plain.discontinuous_transmission);
        assert_eq!(plain.bitrate, Bitrate::Auto);
    }

    #[test]
    fn configuration_bounds_what_the_peer_asks_for() {
        let ours = OpusSettings {
            bitrate: Bitrate::BitsPerSecond(16_000),
            max_bandwidth: Bandwidth::Narrow,
            forward_error_correction: false,
            ..OpusSettings::default()
        };
        let asked =
            ours.asked_for_by("maxaveragebitrate=64000;maxplaybackrate=48000;useinbandfec=1");
        assert_eq!(asked.bitrate, Bitrate::BitsPerSecond(16_000));
        assert_eq!(asked.max_bandwidth, Bandwidth::Narrow);
        assert!(!asked.forward_error_correction);
    }

    #[test]
    fn our_own_words_leave_defaults_out() {
        assert_eq!(OpusSettings::default().fmtp(), "useinbandfec=1");
        let all = OpusSettings {
            max_playback_rate: 16_000,
            max_bandwidth: Bandwidth::Wide,
            bitrate: Bitrate::BitsPerSecond(24_000),
            mode: BitrateMode::Constant,
            discontinuous_transmission: true,
            ..OpusSettings::default()
        };
        assert_eq!(
            all.fmtp(),
            "maxplaybackrate=16000;sprop-maxcapturerate=16000;maxaveragebitrate=24000;cbr=1;\
             useinbandfec=1;usedtx=1"
        );
    }

    proptest! {
        #[test]
        fn whatever_a_peer_writes_the_encoder_takes_it(fmtp in "[a-z=;0-9 -]{0,80}") {
            let asked = OpusSettings::default().asked_for_by(&fmtp);
            let format = crate::Format::mono(crate::Codec::Opus, 8_000);
            let asked = crate::CoderSettings { opus: asked, ..crate::CoderSettings::default() };
            prop_assert!(crate::encoder(format, &asked).is_ok());
        }
    }
}
