//! Tones by name or by list, and the two applications that refuse a call with one.
//!
//! A list is what `indications.conf` writes: `425/500,0/500` repeats, `!` marks steps that are
//! played once, `+` adds a second frequency.

use std::time::Duration;

use sidetone_dialplan::{Flow, Stop};
use sidetone_media::{Repeat, Tone, ToneStep};
use sidetone_pbx::channel::{Happening, State};
use sidetone_pbx::{Cause, Channel};

use super::wait;

/// Tones of a country, by name. One table per country comes with `indications.conf`; this is the
/// North American plan, the default of such systems.
const NAMED: &[(&str, &str)] = &[
    ("busy", "480+620/500,0/500"),
    ("congestion", "480+620/250,0/250"),
    ("dial", "350+440"),
    ("dialrecall", "!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,350+440"),
    ("info", "!950/330,!1400/330,!1800/330,0"),
    ("record", "1400/500,0/15000"),
    ("ring", "440+480/2000,0/4000"),
];

/// A tone by name (`busy`) or list; `None` when it is neither.
pub(super) fn parse(text: &str) -> Option<Tone> {
    let text = text.trim();
    let list = NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    let list = list.map_or(text, |(_, list)| list);
    let steps: Option<Vec<(ToneStep, bool)>> = list.split(',').map(step).collect();
    let steps = steps?;
    let repeat = if steps.iter().all(|(_, once)| *once) { Repeat::Once } else { Repeat::Forever };
    Some(Tone { steps: steps.into_iter().map(|(step, _)| step).collect(), repeat })
}

fn step(text: &str) -> Option<(ToneStep, bool)> {
    let text = text.trim();
    let (text, once) = match text.strip_prefix('!') {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (frequencies, duration) = text.split_once('/').unwrap_or((text, "0"));
    let (first, second) = frequencies.split_once('+').unwrap_or((frequencies, "0"));
    let hertz = |text: &str| text.trim().parse::<u16>().ok().filter(|hz| *hz <= 4_000);
    let duration_ms: u64 = duration.trim().parse().ok()?;
    let step = ToneStep {
        first_hz: hertz(first)?,
        second_hz: hertz(second)?,
        duration: Duration::from_millis(duration_ms.min(3_600_000)),
    };
    Some((step, once))
}

/// Starts a tone and lets the dialplan go on.
pub(super) async fn start(channel: &mut Channel, name: &str) {
    let Some(tone) = parse(name) else {
        tracing::warn!("{}: '{name}' is no tone", channel.name());
        return;
    };
    match channel.tone(tone).await {
        Ok(id) => channel.set_background(Some(id)),
        Err(error) => tracing::warn!("{}: no tone: {error}", channel.name()),
    }
}

/// Refuses an unanswered call with the cause; lets an answered one hear the tone.
pub(super) async fn refuse(
    channel: &mut Channel,
    args: &str,
    tone: &str,
    cause: Cause,
) -> Result<Flow, Stop> {
    if channel.state() == State::Up {
        start(channel, tone).await;
        let until = wait::seconds(args).map(|time| channel.until(time));
        while !matches!(channel.wait(until).await?, Happening::Deadline) {}
    }
    Err(Stop::Hangup { cause: cause.0.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_lists_are_tones() {
        let busy = parse("busy").expect("a tone");
        assert_eq!((busy.steps.len(), busy.repeat), (2, Repeat::Forever));
        assert_eq!((busy.steps[0].first_hz, busy.steps[0].second_hz), (480, 620));
        let once = parse("!425/500,!0/500").expect("a tone");
        assert_eq!(once.repeat, Repeat::Once);
        assert_eq!(parse("1004").expect("a tone").steps[0].duration, Duration::ZERO);
    }

    #[test]
    fn nonsense_is_no_tone() {
        for text in ["", "beep", "440/x", "99999/10", "440+/10"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
