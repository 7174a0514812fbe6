//! Options of `codecs.conf`.

use crate::objects::codecs_conf::{OpusApplication, OpusBandwidth, OpusSignal};
use crate::table::Kind::{Choice, Number, Text, YesNo};
use crate::table::Usage::{self, Ignored, Works};
use crate::table::{ObjectSpec, options};

/// The sections there are, and why one does nothing.
pub(crate) const SECTIONS: &[(&str, &str)] = &[
    ("opus", ""),
    ("plc", ""),
    ("speex", ""),
    ("silk8", "SILK is not encoded"),
    ("silk12", "SILK is not encoded"),
    ("silk16", "SILK is not encoded"),
    ("silk24", "SILK is not encoded"),
    ("celt44", "CELT became part of opus"),
    ("celt48", "CELT became part of opus"),
    ("celt32", "CELT became part of opus"),
];

/// `[opus]` of `codecs.conf`.
pub const OPUS: ObjectSpec = ObjectSpec {
    file: "codecs.conf",
    name: "opus",
    usage: Works,
    aliases: &[],
    options: options! {
        "application" Choice(OpusApplication::NAMES), "voip", Works,
            "What the encoder aims for: intelligible speech, fidelity, or the lowest delay.";
        "bitrate" Text, "auto", Works,
            "Bits per second the encoder spends at most on average, and peers may: auto, max, \
             500 to 512000.";
        "cbr" YesNo, "no", Works, "Packets of one size.";
        "complexity" Number { min: 0, max: 10 }, "5", Works,
            "Effort of the encoder. Asterisk's default is 10, which halves the calls of a core.";
        "dtx" YesNo, "no", Works, "Do not send silence, and ask peers not to.";
        "fec" YesNo, "yes", Works,
            "Repeat speech in the next packet once loss is reported, and ask peers to.";
        "max_bandwidth" Choice(OpusBandwidth::NAMES), "full", Works,
            "The widest band that is encoded.";
        "max_playback_rate" Number { min: 8_000, max: 48_000 }, "48000", Works,
            "The highest rate in Hz that peers should encode for.";
        "packet_loss" Number { min: 0, max: 100 }, "0", Works,
            "Packets of a hundred that the encoder expects to be lost at least.";
        "signal" Choice(OpusSignal::NAMES), "auto", Works,
            "What is heard: speech, music, or let the encoder listen.";
        "type" Choice(&["opus"]), "opus", Works, "Always `opus`.";
    },
};

/// Why nothing prepares sound before it is encoded.
const PREPROCESS: Usage = Ignored("sound is encoded as it arrives: nothing changes it before");

/// `[speex]` of `codecs.conf`.
pub const SPEEX: ObjectSpec = ObjectSpec {
    file: "codecs.conf",
    name: "speex",
    usage: Works,
    aliases: &[],
    options: options! {
        "abr" Number { min: 0, max: 64_000 }, "0", Works,
            "Bits per second that are kept on average; 0 for none in particular.";
        "complexity" Number { min: 0, max: 10 }, "3", Works, "Effort of the encoder.";
        "dtx" YesNo, "no", Works, "Do not send silence that `vad`, `vbr` or `abr` notices.";
        "enhancement" YesNo, "yes", Works, "Sharpen what was decoded.";
        "pp_agc" YesNo, "no", PREPROCESS, "Bring sound to one level.";
        "pp_agc_level" Text, "8000", PREPROCESS, "That level.";
        "pp_denoise" YesNo, "no", PREPROCESS, "Take away noise.";
        "pp_dereverb" YesNo, "no", PREPROCESS, "Take away echo of the room.";
        "pp_dereverb_decay" Text, "0.4", PREPROCESS, "How fast that fades.";
        "pp_dereverb_level" Text, "0.3", PREPROCESS, "How strong it is.";
        "pp_vad" YesNo, "no", PREPROCESS, "Notice silence before sound is encoded.";
        "preprocess" YesNo, "no", PREPROCESS, "Prepare sound before it is encoded.";
        "quality" Number { min: 0, max: 10 }, "8", Works,
            "Quality of packets of one size. Asterisk's default is 3, half the bits and audibly \
             less.";
        "vad" YesNo, "no", Works, "Notice silence, and spend few bits on it.";
        "vbr" YesNo, "no", Works, "Spend fewer bits on what is easy to encode.";
        "vbr_quality" Number { min: 0, max: 10 }, "4", Works, "Quality that `vbr` keeps.";
    },
};

/// `[plc]` of `codecs.conf`.
pub const PLC: ObjectSpec = ObjectSpec {
    file: "codecs.conf",
    name: "plc",
    usage: Works,
    aliases: &[],
    options: options! {
        "genericplc" YesNo, "yes", Works,
            "Conceal lost packets of codecs that do not do it themselves; off, they are silence.";
        "genericplc_on_equal_codecs" YesNo, "no", Works,
            "Decode and encode audio between sides of one codec too, to conceal what was lost.";
    },
};
