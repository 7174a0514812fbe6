//! `Read`: digits into a variable.

use std::time::Duration;

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;

use super::prompts::{self, Digits, Played};
use super::{answer, digits, wait};

pub(super) const DOC: Doc = Doc {
    name: "Read",
    synopsis: "Read digits into a variable",
    syntax: "variable[,filenames[,maxdigits[,options[,attempts[,timeout]]]]]",
    description: "Plays the prompts and reads digits until #, until there are maxdigits of them, \
        or until the time is over. The key # is not part of the result.",
    arguments: &[
        ("variable", "Where the digits go"),
        ("filenames", "Prompts separated by &; a digit interrupts them"),
        ("maxdigits", "How many digits end the reading; up to 255 without"),
        ("attempts", "How often to ask when nothing is pressed; 1"),
        ("timeout", "Seconds for each digit; 10 for the first and 5 between without"),
    ],
    options: &[("n", "Do not answer the call first"), ("s", "Do nothing if it is not answered")],
    variables: &[("READSTATUS", "OK, ERROR, HANGUP, INTERRUPTED, SKIPPED or TIMEOUT")],
    see_also: &["Background", "WaitExten"],
};

/// The most digits one Read takes.
const MOST_DIGITS: usize = 255;

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let parts: Vec<&str> = args.split(',').map(str::trim).collect();
    let part = |place: usize| parts.get(place).copied().unwrap_or_default();
    let variable = part(0);
    if variable.is_empty() {
        tracing::warn!("{}: Read: write the variable's name", channel.name());
        channel.set("READSTATUS", "ERROR");
        return Ok(Flow::Next);
    }
    let most = part(2).parse().ok().filter(|most| (1..=MOST_DIGITS).contains(most));
    let options = part(3);
    if channel.state() != sidetone_pbx::channel::State::Up {
        if options.contains('s') {
            channel.set("READSTATUS", "SKIPPED");
            return Ok(Flow::Next);
        }
        if !options.contains('n') {
            answer::answer(channel).await?;
        }
    }
    let attempts: u32 = part(4).parse().unwrap_or(1).clamp(1, 100);
    let timeout = wait::seconds(part(5)).filter(|time| !time.is_zero());
    let mut read = (String::new(), "TIMEOUT");
    for _ in 0..attempts {
        read = once(channel, part(1), most.unwrap_or(MOST_DIGITS), timeout).await?;
        if read.1 == "OK" {
            break;
        }
    }
    channel.set(variable, read.0);
    channel.set("READSTATUS", read.1);
    Ok(Flow::Next)
}

async fn once(
    channel: &mut Channel,
    prompt: &str,
    most: usize,
    timeout: Option<Duration>,
) -> Result<(String, &'static str), Stop> {
    let mut read = String::new();
    if !prompt.is_empty()
        && let Played::Digit(digit) = prompts::play(channel, prompt, Digits::Interrupt).await?
    {
        if digit == '#' {
            return Ok((read, "OK"));
        }
        read.push(digit);
    }
    while read.len() < most {
        let default =
            if read.is_empty() { digits::RESPONSE_TIMEOUT } else { digits::DIGIT_TIMEOUT };
        let until = channel.until(timeout.unwrap_or(default));
        match channel.read_digit(until).await? {
            Some('#') => return Ok((read, "OK")),
            Some(digit) => read.push(digit),
            None => return Ok((read, "TIMEOUT")),
        }
    }
    Ok((read, "OK"))
}
