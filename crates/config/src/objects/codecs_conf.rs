//! `codecs.conf`: how codecs encode. Codecs and endpoints name nothing of it: it holds for all.

use sidetone_conf::{Diagnostic, Document};

use crate::fields::Fields;
use crate::report::Report;
use crate::sections::{merged, unknown};
use crate::table::choices;
use crate::tables::codecs::{OPUS, PLC, SECTIONS, SPEEX};

choices! {
    /// The widest band that is encoded.
    pub enum OpusBandwidth {
        /// Up to 4 kHz.
        Narrow = "narrow",
        /// Up to 6 kHz.
        Medium = "medium",
        /// Up to 8 kHz.
        Wide = "wide",
        /// Up to 12 kHz.
        SuperWide = "super_wide",
        /// Up to 20 kHz.
        Full = "full",
    }
}

choices! {
    /// What the encoder should expect to hear.
    pub enum OpusSignal {
        /// It listens and decides.
        Auto = "auto",
        /// Speech.
        Voice = "voice",
        /// Music.
        Music = "music",
    }
}

choices! {
    /// What the encoder aims for.
    pub enum OpusApplication {
        /// Intelligible speech.
        Voip = "voip",
        /// Fidelity.
        Audio = "audio",
        /// The lowest delay.
        LowDelay = "low_delay",
    }
}

/// `bitrate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OpusBitrate {
    /// The encoder chooses.
    #[default]
    Auto,
    /// As many bits as a packet holds.
    Max,
    /// Bits per second.
    Fixed(u32),
}

/// `[opus]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opus {
    /// Packets of a hundred that are expected to be lost at least; reports of peers count too.
    pub packet_loss: u8,
    /// Effort, 0–10.
    pub complexity: u8,
    /// The widest band.
    pub max_bandwidth: OpusBandwidth,
    /// What is heard.
    pub signal: OpusSignal,
    /// What it is for.
    pub application: OpusApplication,
    /// The highest rate in Hz that peers should encode for.
    pub max_playback_rate: u32,
    /// How many bits.
    pub bitrate: OpusBitrate,
    /// Packets of one size.
    pub cbr: bool,
    /// Copies of the packet before, once loss is expected.
    pub fec: bool,
    /// Silence is not sent.
    pub dtx: bool,
}

/// `[speex]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speex {
    /// Quality of packets of one size, 0–10.
    pub quality: u8,
    /// Effort, 0–10.
    pub complexity: u8,
    /// What was decoded is sharpened.
    pub enhancement: bool,
    /// Silence costs few bits.
    pub vad: bool,
    /// What is easy costs fewer bits.
    pub vbr: bool,
    /// The quality that then is kept.
    pub vbr_quality: u8,
    /// Bits per second on average, or 0.
    pub abr: u32,
    /// Silence is not sent.
    pub dtx: bool,
}

/// What codecs.conf says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecsConf {
    /// `[opus]`.
    pub opus: Opus,
    /// `[speex]`.
    pub speex: Speex,
    /// `[plc] genericplc`: conceal losses for codecs that do not do it themselves.
    pub generic_plc: bool,
    /// `[plc] genericplc_on_equal_codecs`: also where both sides speak the same codec.
    pub generic_plc_on_equal_codecs: bool,
}

impl CodecsConf {
    pub(crate) fn build(document: &Document, report: &mut Report) -> Self {
        for section in document.live() {
            let known = SECTIONS.iter().find(|(name, _)| section.name.eq_ignore_ascii_case(name));
            match known {
                Some((_, "")) => {}
                Some((_, reason)) => {
                    let message = format!("[{}] of codecs.conf is ignored: {reason}", section.name);
                    report.say(Diagnostic::warning(&section.span, message));
                }
                None if is_opus(section) => {
                    let message = format!(
                        "[{}] of codecs.conf is ignored: there is one kind of opus here, [opus]",
                        section.name
                    );
                    report.say(Diagnostic::warning(&section.span, message));
                }
                None => {
                    let names: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
                    report.say(unknown(section, "codecs.conf", &names));
                }
            }
        }
        let (opus, speex) = (opus(document, report), speex(document, report));
        let section = merged(document, "plc", "codecs.conf");
        let fields = Fields::new(&PLC, &section, report);
        Self {
            opus,
            speex,
            generic_plc: fields.flag("genericplc"),
            generic_plc_on_equal_codecs: fields.flag("genericplc_on_equal_codecs"),
        }
    }
}

fn is_opus(section: &sidetone_conf::Section) -> bool {
    section.values.iter().any(|value| {
        value.name.eq_ignore_ascii_case("type") && value.text.eq_ignore_ascii_case("opus")
    })
}

fn opus(document: &Document, report: &mut Report) -> Opus {
    let section = merged(document, "opus", "codecs.conf");
    let mut fields = Fields::new(&OPUS, &section, report);
    Opus {
        packet_loss: fields.number("packet_loss"),
        complexity: fields.number("complexity"),
        max_bandwidth: fields.choice("max_bandwidth").unwrap_or(OpusBandwidth::Full),
        signal: fields.choice("signal").unwrap_or(OpusSignal::Auto),
        application: fields.choice("application").unwrap_or(OpusApplication::Voip),
        max_playback_rate: fields.number("max_playback_rate"),
        bitrate: bitrate(&mut fields),
        cbr: fields.flag("cbr"),
        fec: fields.flag("fec"),
        dtx: fields.flag("dtx"),
    }
}

fn speex(document: &Document, report: &mut Report) -> Speex {
    let section = merged(document, "speex", "codecs.conf");
    let mut fields = Fields::new(&SPEEX, &section, report);
    let [vad, vbr, dtx] = ["vad", "vbr", "dtx"].map(|name| fields.flag(name));
    let abr = fields.number("abr");
    if dtx && !vad && !vbr && abr == 0 {
        fields.warn(
            "dtx",
            "'dtx' does nothing where nobody notices silence".to_owned(),
            "set vad = yes",
        );
    }
    Speex {
        quality: fields.number("quality"),
        complexity: fields.number("complexity"),
        enhancement: fields.flag("enhancement"),
        vad,
        vbr,
        vbr_quality: fields.number("vbr_quality"),
        abr,
        dtx,
    }
}

fn bitrate(fields: &mut Fields<'_>) -> OpusBitrate {
    let text = fields.string("bitrate");
    match (text.to_ascii_lowercase().as_str(), text.parse()) {
        ("auto" | "", _) => OpusBitrate::Auto,
        ("max", _) => OpusBitrate::Max,
        (_, Ok(bits @ 500..=512_000)) => OpusBitrate::Fixed(bits),
        _ => {
            let message = format!("'bitrate = {text}' is no bitrate of opus");
            fields.error("bitrate", message, "write auto, max or bits per second, 500 to 512000");
            OpusBitrate::Auto
        }
    }
}
