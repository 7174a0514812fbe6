//! `Wait`: the dialplan pauses.

use std::time::Duration;

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;

pub(super) const DOC: Doc = Doc {
    name: "Wait",
    synopsis: "Wait for a time",
    syntax: "seconds",
    description: "Waits; fractions such as 0.5 are allowed. Digits pressed meanwhile are kept for \
        the application that reads them next.",
    arguments: &[("seconds", "How long")],
    see_also: &["WaitExten"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    match seconds(args) {
        Some(time) => channel.pause(time).await?,
        None => tracing::warn!("{}: Wait: '{args}' is no number of seconds", channel.name()),
    }
    Ok(Flow::Next)
}

/// A time in seconds with fractions, at most a day.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    (0.0..=86_400.0).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

/// The same for an argument: what is no time is named, and counts as not written.
pub(super) fn seconds_of(channel: &Channel, application: &str, text: &str) -> Option<Duration> {
    let found = seconds(text);
    if found.is_none() && !text.trim().is_empty() {
        let name = channel.name();
        tracing::warn!("{name}: {application}: '{}' is no number of seconds", text.trim());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_count_and_nonsense_does_not() {
        assert_eq!(seconds("0.5"), Some(Duration::from_millis(500)));
        assert_eq!(seconds(" 2 "), Some(Duration::from_secs(2)));
        for text in ["", "x", "-1", "NaN", "inf", "1e30"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
