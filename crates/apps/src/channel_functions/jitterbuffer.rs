//! `JITTERBUFFER`: a jitter buffer before what the peer sends.

use std::time::Duration;

use sidetone_dialplan::{Doc, FunctionError};
use sidetone_media::{JitterMode, JitterSettings};
use sidetone_pbx::Channel;

use super::{Read, Write};
use sidetone_functions::{Function, Written};

pub(super) const FUNCTION: Function<Read, Write> = Function {
    doc: Doc {
        name: "JITTERBUFFER",
        synopsis: "Puts a jitter buffer before what the peer sends",
        syntax: "type",
        description: "Set it to max_size[,resync_threshold[,target_extra]] in milliseconds, or to \
            default (200,1000,40). Packets then leave in order and at an even pace; what comes \
            later than max_size is lost. A new setting replaces the old one. A fourth part \
            (sync_video) does nothing: pictures do not wait for the voice.",
        arguments: &[(
            "type",
            "fixed: each packet waits max_size; adaptive: as long as the link needs plus \
             target_extra; disabled: no buffer",
        )],
        ..Doc::EMPTY
    },
    read: None,
    write: Some(write),
};

/// Longest time that may be set.
const LONGEST_MS: u64 = 10_000;

fn write(channel: &mut Channel, arguments: &str, value: &str) -> Written {
    let mode = match arguments.trim().to_ascii_lowercase().as_str() {
        "fixed" => Some(JitterMode::Fixed),
        "adaptive" => Some(JitterMode::Adaptive),
        "disabled" => None,
        other => {
            let words = format!("'{other}' is none of fixed, adaptive, disabled");
            return Err(FunctionError::Arguments(words));
        }
    };
    let settings = mode.map(|mode| parse(mode, value)).transpose()?;
    if !channel.set_jitter_buffer(settings) {
        tracing::warn!("{}: JITTERBUFFER: the media worker is too busy", channel.name());
    }
    Ok(())
}

fn parse(mode: JitterMode, value: &str) -> Result<JitterSettings, FunctionError> {
    let mut settings = JitterSettings::new(mode);
    if value.trim().is_empty() || value.trim().eq_ignore_ascii_case("default") {
        return Ok(settings);
    }
    if let Some(video) = value.split(',').nth(3).map(str::trim).filter(|text| !text.is_empty()) {
        tracing::warn!("JITTERBUFFER: '{video}' (sync_video) does nothing: pictures do not wait");
    }
    let slots = [&mut settings.max, &mut settings.resync, &mut settings.extra];
    for (text, slot) in value.split(',').zip(slots) {
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let millis: Option<u64> = text.parse().ok().filter(|ms| (1..=LONGEST_MS).contains(ms));
        let Some(millis) = millis else {
            let words = format!("'{text}' is no number of milliseconds from 1 to {LONGEST_MS}");
            return Err(FunctionError::Arguments(words));
        };
        *slot = Duration::from_millis(millis);
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_what_is_left_out_stays() {
        let default = JitterSettings::new(JitterMode::Fixed);
        assert_eq!(parse(JitterMode::Fixed, "default"), Ok(default));
        let set = parse(JitterMode::Adaptive, "300,,60").expect("numbers");
        let ms = Duration::from_millis;
        assert_eq!((set.max, set.resync, set.extra), (ms(300), default.resync, ms(60)));
        assert_eq!(parse(JitterMode::Adaptive, "300,,60,yes"), Ok(set), "and a word in the log");
        assert!(parse(JitterMode::Fixed, "0").is_err() && parse(JitterMode::Fixed, "x").is_err());
    }
}
