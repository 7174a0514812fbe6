//! `WaitExten`: the caller may dial an extension.

use sidetone_dialplan::{Doc, Flow, Host as _, Stop};
use sidetone_pbx::Channel;

use super::{digits, music_on_hold, tones, wait};

pub(super) const DOC: Doc = Doc {
    name: "WaitExten",
    synopsis: "Wait for an extension to be dialled",
    syntax: "[seconds[,options]]",
    description: "Waits for digits and goes on at the extension they make; at `t` when none come.",
    arguments: &[("seconds", "How long the first digit may take; 10 by default")],
    options: &[
        ("d(tone)", "Play a tone until the first digit; the dial tone without a name"),
        ("m(class)", "Play music until the first digit"),
    ],
    see_also: &["Background"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let (time, options) = args.split_once(',').unwrap_or((args, ""));
    let given = wait::seconds(time);
    let set = digits::seconds_of(channel, "TIMEOUT(response)");
    let until = channel.until(given.or(set).unwrap_or(digits::RESPONSE_TIMEOUT));
    let (tone, music) = (argument_of(options, 'd'), argument_of(options, 'm'));
    if let Some(tone) = tone {
        tones::start(channel, if tone.is_empty() { "dial" } else { tone }).await;
    } else if let Some(class) = music {
        music_on_hold::start(channel, class).await;
    }
    let first = channel.read_digit(until).await?;
    if tone.is_some() {
        channel.stop_background().await;
    } else if music.is_some() {
        channel.stop_music().await;
    }
    let Some(first) = first else {
        return Ok(Flow::Timeout);
    };
    let context = channel.position().context.to_string();
    let extension = digits::collect(channel, first, &context).await?;
    Ok(Flow::Dialled { context: None, extension })
}

/// What stands in brackets behind an option that is there.
fn argument_of(options: &str, option: char) -> Option<&str> {
    let mut rest = options;
    while let Some(letter) = rest.chars().next() {
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        let argument = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        if letter == option {
            return Some(argument.map_or("", |(argument, _)| argument));
        }
        rest = argument.map_or(rest, |(_, rest)| rest);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_brackets_are_no_options() {
        assert_eq!(argument_of("m(dance)", 'm'), Some("dance"));
        assert_eq!(argument_of("m(dance)", 'd'), None);
        assert_eq!(argument_of("d", 'd'), Some(""));
        assert_eq!(argument_of("m(x)d(busy)", 'd'), Some("busy"));
    }
}
