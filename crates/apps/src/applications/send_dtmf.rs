//! `SendDTMF`: digits to the peer.

use std::time::Duration;

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::{Pace, State};

use super::answer;

pub(super) const DOC: Doc = Doc {
    name: "SendDTMF",
    synopsis: "Send digits to the peer",
    syntax: "digits[,timeout_ms[,duration_ms[,channel[,options]]]]",
    description: "Sends the digits in the way that dtmf_mode of the endpoint says. The dialplan \
        goes on when the last one is sent.",
    arguments: &[
        ("digits", "0-9, *, #, A-D; w pauses half a second, W a second, f is a hook flash"),
        ("timeout_ms", "Silence after each digit; 250 without"),
        ("duration_ms", "How long each digit is held; 100 without"),
        ("channel", "Another channel whose peer gets the digits"),
    ],
    options: &[("a", "Answer the call first")],
    see_also: &["Read", "WaitDigit"],
    ..Doc::EMPTY
};

/// Longest time for one digit or pause: a minute.
const LONGEST_MS: u64 = 60_000;

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let parts: Vec<&str> = args.split(',').map(str::trim).collect();
    let part = |place: usize| parts.get(place).copied().unwrap_or_default();
    let digits = part(0);
    if digits.is_empty() {
        tracing::warn!("{}: SendDTMF: write the digits to send", channel.name());
        return Ok(Flow::Next);
    }
    let usual = Pace::default();
    let pace = Pace {
        interval: millis(part(1)).unwrap_or(usual.interval),
        duration: millis(part(2)).filter(|time| !time.is_zero()).unwrap_or(usual.duration),
    };
    if part(4).contains('a') && channel.state() != State::Up {
        answer::answer(channel).await?;
    }
    match part(3) {
        "" => channel.send_digits(digits, pace).await?,
        other => {
            if !channel.send_digits_on(other, digits, pace).await? {
                tracing::warn!("{}: SendDTMF: there is no channel {other}", channel.name());
            }
        }
    }
    Ok(Flow::Next)
}

fn millis(text: &str) -> Option<Duration> {
    text.parse().ok().filter(|ms| *ms <= LONGEST_MS).map(Duration::from_millis)
}
