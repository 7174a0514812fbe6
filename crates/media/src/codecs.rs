//! How the codecs of a leg behave (`codecs.conf`, `asymmetric_rtp_codec`), and which of the agreed
//! codecs a stream sends: the first, unless the peer itself sends another.

use sidetone_codec::catalogue;
use sidetone_codec::{CoderSettings, OpusSettings, SpeexSettings};
use sidetone_sdp::negotiation::CodecSpec;
use sidetone_sdp::plan::{CodecPlan, StreamPlan};

use crate::formats::{format_of, named_format};

/// Packets in a row that must come in another codec before we follow. Less would let a peer that
/// alternates make us start an encoder for every packet.
const FOLLOWED_AFTER: u16 = 5;
/// Each change under one plan takes so many times as long as the one before: two sides that follow
/// each other, and changed at once, would swap their codecs for ever.
const PATIENCE: u16 = 4;
/// No change takes longer than so many packets.
const MOST_PATIENT: u16 = 1_280;

/// Settings of a leg's codecs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodecSettings {
    /// `[opus]` of codecs.conf.
    pub opus: OpusSettings,
    /// `[speex]` of codecs.conf.
    pub speex: SpeexSettings,
    /// `genericplc`: conceal losses for codecs that do not do it themselves.
    pub generic_concealment: bool,
    /// `genericplc_on_equal_codecs`: also between sides of one codec, which are then translated.
    pub conceals_equal: bool,
    /// `asymmetric_rtp_codec`: what we send may differ from what the peer sends.
    pub asymmetric: bool,
}

impl Default for CodecSettings {
    fn default() -> Self {
        Self {
            opus: OpusSettings::default(),
            speex: SpeexSettings::default(),
            generic_concealment: true,
            conceals_equal: false,
            asymmetric: false,
        }
    }
}

/// What a stream knows about its codecs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coding {
    pub(crate) settings: CodecSettings,
    /// The codec the peer sends, as an index of the plan.
    heard: Option<u8>,
    /// Another one, and how often in a row it came.
    other: (u8, u16),
    /// How often in a row it must come.
    needed: u16,
    /// What the peer loses of a hundred packets, by its reports.
    lost_percent: u8,
}

impl Coding {
    pub(crate) fn new(settings: CodecSettings) -> Self {
        Self { settings, heard: None, other: (0, 0), needed: FOLLOWED_AFTER, lost_percent: 0 }
    }

    /// A later plan numbers its codecs anew.
    pub(crate) fn forget(&mut self) {
        (self.heard, self.other, self.needed) = (None, (0, 0), FOLLOWED_AFTER);
    }

    /// Notes the codec of a packet from the peer.
    pub(crate) fn hear(&mut self, codec: u8) {
        match self.heard {
            None => self.heard = Some(codec),
            Some(heard) if heard == codec => self.other = (codec, 0),
            Some(_) if self.other.0 != codec => self.other = (codec, 1),
            Some(_) => {
                self.other.1 += 1;
                if self.other.1 >= self.needed {
                    self.heard = Some(codec);
                    self.needed = (self.needed * PATIENCE).min(MOST_PATIENT);
                }
            }
        }
    }

    /// The codec that must be sent because the peer sends it; `None` when any agreed one may.
    pub(crate) fn followed(&self) -> Option<u8> {
        self.heard.filter(|_| !self.settings.asymmetric)
    }

    /// The codec in which something made here is sent, as an index of the plan: the one the peer
    /// sends, if it must be followed and can be encoded, else the first.
    pub(crate) fn made_in(&self, plan: &StreamPlan) -> u8 {
        let can = |index: &u8| {
            let codec = plan.codecs.get(usize::from(*index));
            codec.is_some_and(|codec| format_of(codec, codec.clock_rate).is_some())
        };
        self.followed().filter(can).unwrap_or(0)
    }

    /// Takes the share of packets that the peer says it lost, in 256ths. It counts at once when it
    /// rises and fades when it falls, since losses come in bursts. Returns the percentage when it
    /// changed.
    pub(crate) fn note_loss(&mut self, fraction: u8) -> Option<u8> {
        let before = self.lost_percent;
        // At most 100.
        let reported = (u32::from(fraction) * 100).div_ceil(256) as u8;
        self.lost_percent = reported.max(before - before.div_ceil(4));
        (self.lost_percent != before).then(|| self.expected_loss())
    }

    /// What encoders should expect: what the peer reports, and at least what is configured.
    pub(crate) fn expected_loss(&self) -> u8 {
        self.lost_percent.max(self.settings.opus.expected_loss_percent)
    }

    /// The settings of a coder for a codec: ours, within what the peer asks for.
    pub(crate) fn coder(&self, codec: &CodecPlan) -> CoderSettings {
        let asked = self.settings.opus.asked_for_by(&codec.remote_fmtp);
        let opus = OpusSettings { expected_loss_percent: self.expected_loss(), ..asked };
        CoderSettings { opus, speex: self.settings.speex }
    }
}

/// Why audio in the first codec of one side cannot reach the other side: the two codecs by their
/// names in configuration, and the reason. `None` when it can pass, or be translated.
#[must_use]
pub fn no_translation(from: &[CodecSpec], to: &[CodecSpec]) -> Option<String> {
    let (source, target) = (from.first()?, to.first()?);
    let same = |codec: &CodecSpec| {
        codec.name == source.name
            && codec.clock_rate == source.clock_rate
            && codec.channels == source.channels
    };
    if to.iter().any(same) {
        return None;
    }
    let format = |codec: &CodecSpec| {
        named_format(&codec.name, codec.clock_rate, codec.channels, codec.clock_rate)
    };
    let silent = [source, target].into_iter().find(|codec| format(codec).is_none());
    let reason = match (silent, format(source), format(target)) {
        (Some(codec), ..) => {
            let known = catalogue::by_name(codec.config_name()).map(|entry| entry.missing);
            format!("{codec}: {}", known.unwrap_or("not a codec of this server"))
        }
        (None, Some(source), Some(target)) => {
            sidetone_codec::path(source, target).err()?.to_string()
        }
        (None, ..) => return None,
    };
    Some(format!("no translator path from {source} to {target} ({reason})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codec_is_followed_once_it_came_five_times() {
        let mut coding = Coding::new(CodecSettings::default());
        assert_eq!(coding.followed(), None);
        coding.hear(1);
        assert_eq!(coding.followed(), Some(1));
        for _ in 0..20 {
            coding.hear(0);
            coding.hear(1);
        }
        assert_eq!(coding.followed(), Some(1), "a peer that alternates is not followed");
        (0..5).for_each(|_| coding.hear(0));
        assert_eq!(coding.followed(), Some(0));
        let asymmetric = CodecSettings { asymmetric: true, ..CodecSettings::default() };
        let mut coding = Coding::new(asymmetric);
        coding.hear(1);
        assert_eq!(coding.followed(), None);
    }

    #[test]
    fn two_sides_that_follow_each_other_come_to_rest() {
        let mut sides = [Coding::new(CodecSettings::default()); 2];
        sides[0].hear(1);
        sides[1].hear(0);
        let mut changes = Vec::new();
        for at in 0..2_500 {
            let sent = sides.map(|side| side.followed().unwrap_or(0));
            sides[0].hear(sent[1]);
            sides[1].hear(sent[0]);
            let now = sides.map(|side| side.followed().unwrap_or(0));
            if now != sent {
                changes.push(at);
            }
        }
        assert_eq!(changes, [4, 24, 104, 424, 1_704]);
        sides[0].forget();
        sides[0].hear(0);
        (0..5).for_each(|_| sides[0].hear(1));
        assert_eq!(sides[0].followed(), Some(1), "another plan, and no grudge");
    }

    #[test]
    fn loss_counts_at_once_and_fades() {
        let mut coding = Coding::new(CodecSettings::default());
        assert_eq!(coding.note_loss(64), Some(25));
        let faded: Vec<_> = (0..4).filter_map(|_| coding.note_loss(0)).collect();
        assert_eq!(faded, [18, 13, 9, 6]);
        assert_eq!(coding.note_loss(255), Some(100));
        (0..30).for_each(|_| {
            coding.note_loss(0);
        });
        assert_eq!((coding.expected_loss(), coding.note_loss(0)), (0, None));
    }
}
