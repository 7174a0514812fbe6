//! `RetryDial`: Dial again until somebody answers.

use std::time::Duration;

use sidetone_dialplan::{Doc, Flow, Host as _, Position, Stop, arguments};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::Happening;

use super::dial::place;
use super::prompts::{self, Digits, Played};
use super::{dial, letters, wait};

pub(super) const DOC: Doc = Doc {
    name: "RetryDial",
    synopsis: "Call somebody again and again until there is an answer",
    syntax: "announce,sleep,retries,dialargs",
    description: "Dials; when nobody answered, plays the announcement, waits and dials again. With \
        option d of Dial a digit of the caller that is an extension here, or in EXITCONTEXT, leads \
        there from the waiting too.",
    arguments: &[
        ("announce", "Prompt played before each wait"),
        ("sleep", "Seconds between two attempts; 10 without"),
        ("retries", "How often it is tried again; 0 for ever"),
        ("dialargs", "As for Dial"),
    ],
    variables: &[("DIALSTATUS", "As Dial sets it")],
    see_also: &["Dial"],
    ..Doc::EMPTY
};

/// Seconds between two attempts when none are given.
const SLEEP: Duration = Duration::from_secs(10);

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let mut parts = arguments::split_raw(args, ',', 4).into_iter();
    let mut part = || parts.next().unwrap_or_default().trim().to_owned();
    let (announce, sleep, retries, wanted) = (part(), part(), part(), part());
    if wanted.is_empty() {
        tracing::warn!("{}: RetryDial: announce,sleep,retries,dialargs", channel.name());
        return Ok(Flow::Next);
    }
    let sleep = wait::seconds_of(channel, "RetryDial", &sleep)
        .filter(|time| !time.is_zero())
        .unwrap_or(SLEEP);
    let retries: u32 = retries.parse().unwrap_or(0);
    let exits = exits(&wanted);
    let mut tried = 0_u32;
    loop {
        let flow = dial::run(channel, &wanted).await?;
        let status = channel.variable("DIALSTATUS").unwrap_or_default();
        if flow != Flow::Next || matches!(status.as_str(), "ANSWER" | "INVALIDARGS") {
            return Ok(flow);
        }
        tried = tried.saturating_add(1);
        if retries > 0 && tried > retries {
            return Ok(flow);
        }
        if let Some(flow) = between(channel, &announce, sleep, exits).await? {
            return Ok(flow);
        }
    }
}

/// Whether Dial's options have the letter d.
fn exits(dial: &str) -> bool {
    let options = arguments::split_raw(dial, ',', 4).into_iter().nth(2).unwrap_or_default();
    letters::read(&options).iter().any(|letter| letter.letter == 'd')
}

/// The announcement and the wait; a digit may lead out.
async fn between(
    channel: &mut Channel,
    announce: &str,
    sleep: Duration,
    exits: bool,
) -> Result<Option<Flow>, Stop> {
    let digits = if exits { Digits::Interrupt } else { Digits::Keep };
    if !announce.is_empty()
        && let Played::Digit(digit) = prompts::play(channel, announce, digits).await?
        && let Some(flow) = exit(channel, digit)
    {
        return Ok(Some(flow));
    }
    let until = channel.until(sleep);
    loop {
        let happening = if exits {
            channel.wait(Some(until)).await?
        } else {
            channel.wait_keeping_digits(Some(until)).await?
        };
        match happening {
            Happening::Deadline => return Ok(None),
            Happening::Digit(digit) => {
                if let Some(flow) = exit(channel, digit) {
                    return Ok(Some(flow));
                }
            }
            _ => {}
        }
    }
}

fn exit(channel: &Channel, digit: char) -> Option<Flow> {
    let wanted = channel.variable("EXITCONTEXT").filter(|context| !context.is_empty());
    let context = wanted.unwrap_or_else(|| channel.position().context.to_string());
    let to = Position::new(&context, &digit.to_string(), 1);
    place::exists(channel, &to).then_some(Flow::Goto(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_of_the_dial_say_whether_digits_lead_out() {
        assert!(exits("PJSIP/bob,20,gd"));
        assert!(!exits("PJSIP/bob,20,L(1000:d)"));
        assert!(!exits("PJSIP/bob"));
    }
}
