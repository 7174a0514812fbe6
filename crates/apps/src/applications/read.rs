//! `Read`: digits into a variable.

use std::time::Duration;

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;

use super::prompts::{self, Digits, Played};
use super::{answer, digits, tones, wait, warn_about};

pub(super) const DOC: Doc = Doc {
    name: "Read",
    synopsis: "Read digits into a variable",
    syntax: "variable[,filenames[,maxdigits[,options[,attempts[,timeout]]]]]",
    description: "Plays the prompts and reads digits until #, until there are maxdigits of them, \
        or until the time is over. The key that ends it is not part of the result.",
    arguments: &[
        ("variable", "Where the digits go"),
        ("filenames", "Prompts separated by &; a digit interrupts them"),
        ("maxdigits", "How many digits end the reading; up to 255 without"),
        ("attempts", "How often to ask when nothing is pressed; 1"),
        ("timeout", "Seconds for each digit; 10 for the first and 5 between without"),
    ],
    options: &[
        ("n", "Do not answer the call first"),
        ("s", "Do nothing if it is not answered"),
        ("i", "The filename is a tone, by name or list, as Playtones takes it"),
        ("t(digits)", "The digits that end the reading instead of #; none without digits"),
        ("e", "A reading of nothing but its end gives the digit that ended it"),
    ],
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
    if most.is_none() && !part(2).is_empty() && part(2) != "0" {
        let name = channel.name();
        tracing::warn!("{name}: Read: '{}' is no number of digits, 1 to {MOST_DIGITS}", part(2));
    }
    let options = Options::parse(part(3));
    warn_about(channel, "Read", &options.letters, "einst");
    if channel.state() != sidetone_pbx::channel::State::Up {
        if options.letters.contains('s') {
            channel.set("READSTATUS", "SKIPPED");
            return Ok(Flow::Next);
        }
        if !options.letters.contains('n') {
            answer::meet(channel).await?;
        }
    }
    let reading = Reading {
        prompt: part(1),
        tone: options.letters.contains('i'),
        most: most.unwrap_or(MOST_DIGITS),
        timeout: wait::seconds_of(channel, "Read", part(5)).filter(|time| !time.is_zero()),
        ends: options.ends,
        keeps_end: options.letters.contains('e'),
    };
    let attempts: u32 = part(4).parse().unwrap_or(1).clamp(1, 100);
    let mut digits = String::new();
    let mut outcome = Ok("TIMEOUT");
    for _ in 0..attempts {
        digits.clear();
        outcome = once(channel, &reading, &mut digits).await;
        if outcome != Ok("TIMEOUT") {
            break;
        }
    }
    // What was pressed before the end is there for `h`, and for where the channel is sent.
    let status = match &outcome {
        Ok(status) => status,
        Err(Stop::Hangup { .. }) => "HANGUP",
        Err(_) => "INTERRUPTED",
    };
    channel.set(variable, digits);
    channel.set("READSTATUS", status);
    outcome.map(|_| Flow::Next)
}

/// The letters of the options, and the digits of `t(…)`.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    letters: String,
    ends: String,
}

impl Options {
    fn parse(text: &str) -> Self {
        let (mut letters, mut ends) = (String::new(), "#".to_owned());
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
            letters.push(letter);
            let argument = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
            if letter == 't' {
                ends = argument.map_or(String::new(), |(digits, _)| digits.to_ascii_uppercase());
            }
            rest = argument.map_or(rest, |(_, rest)| rest);
        }
        Self { letters, ends }
    }
}

/// What to read.
#[derive(Debug)]
struct Reading<'a> {
    prompt: &'a str,
    /// The prompt is a tone.
    tone: bool,
    most: usize,
    timeout: Option<Duration>,
    ends: String,
    keeps_end: bool,
}

impl Reading<'_> {
    /// The result when this digit ended it.
    fn ended(&self, read: &mut String, digit: char) -> &'static str {
        if read.is_empty() && self.keeps_end {
            read.push(digit);
        }
        "OK"
    }
}

async fn once(
    channel: &mut Channel,
    reading: &Reading<'_>,
    read: &mut String,
) -> Result<&'static str, Stop> {
    if reading.tone {
        tones::start(channel, reading.prompt).await;
    } else if !reading.prompt.is_empty()
        && let Played::Digit(digit) =
            prompts::play(channel, reading.prompt, Digits::Interrupt).await?
    {
        if reading.ends.contains(digit) {
            return Ok(reading.ended(read, digit));
        }
        read.push(digit);
    }
    while read.len() < reading.most {
        let default =
            if read.is_empty() { digits::RESPONSE_TIMEOUT } else { digits::DIGIT_TIMEOUT };
        let until = channel.until(reading.timeout.unwrap_or(default));
        let digit = channel.read_digit(until).await?;
        if reading.tone {
            channel.stop_background().await;
        }
        match digit {
            Some(digit) if reading.ends.contains(digit) => return Ok(reading.ended(read, digit)),
            Some(digit) => read.push(digit),
            None => return Ok("TIMEOUT"),
        }
    }
    Ok("OK")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_letters_and_ends() {
        let parse = |text| {
            let Options { letters, ends } = Options::parse(text);
            (letters, ends)
        };
        assert_eq!(parse("sn"), ("sn".to_owned(), "#".to_owned()));
        assert_eq!(parse("t(*a)e"), ("te".to_owned(), "*A".to_owned()));
        assert_eq!(parse("t"), ("t".to_owned(), String::new()));
        assert_eq!(parse("t(x"), ("t(x".to_owned(), String::new()));
    }
}
