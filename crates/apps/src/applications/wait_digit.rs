//! `WaitDigit`: one digit.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;

use super::{digits, wait};

pub(super) const DOC: Doc = Doc {
    name: "WaitDigit",
    synopsis: "Wait for one digit",
    syntax: "[seconds[,digits]]",
    description: "Waits until one of the digits is pressed; others are ignored.",
    arguments: &[
        ("seconds", "How long; fractions are allowed; 10 without"),
        ("digits", "The digits that count; all without"),
    ],
    variables: &[
        ("WAITDIGITSTATUS", "ERROR, DTMF, TIMEOUT or CANCEL"),
        ("WAITDIGITRESULT", "The digit, if the status is DTMF"),
    ],
    see_also: &["Read", "WaitExten", "SendDTMF"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let (time, wanted) = args.split_once(',').unwrap_or((args, ""));
    let (time, wanted) = (time.trim(), wanted.trim().to_ascii_uppercase());
    channel.set("WAITDIGITRESULT", "");
    let limit = match time {
        "" => Some(digits::RESPONSE_TIMEOUT),
        time => wait::seconds(time),
    };
    let Some(limit) = limit else {
        tracing::warn!("{}: WaitDigit: '{time}' is no number of seconds", channel.name());
        channel.set("WAITDIGITSTATUS", "ERROR");
        return Ok(Flow::Next);
    };
    // What `h` finds when the channel ends meanwhile.
    channel.set("WAITDIGITSTATUS", "CANCEL");
    let until = channel.until(limit);
    loop {
        match channel.read_digit(until).await? {
            Some(digit) if wanted.is_empty() || wanted.contains(digit) => {
                channel.set("WAITDIGITRESULT", digit.to_string());
                channel.set("WAITDIGITSTATUS", "DTMF");
                return Ok(Flow::Next);
            }
            Some(_) => {}
            None => {
                channel.set("WAITDIGITSTATUS", "TIMEOUT");
                return Ok(Flow::Next);
            }
        }
    }
}
