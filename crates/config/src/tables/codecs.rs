//! Options of `codecs.conf`.

use crate::objects::codecs_conf::{OpusApplication, OpusBandwidth, OpusSignal};
use crate::table::Kind::{Choice, Number, Text, YesNo};
use crate::table::Usage::Works;
use crate::table::{ObjectSpec, options};

/// The sections there are, and why one does nothing.
pub(crate) const SECTIONS: &[(&str, &str)] = &[
    ("opus", ""),
    ("plc", ""),
    ("speex", "speex encodes with quality 8 and complexity 3"),
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
