//! `Playback`: prompts without interruption.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::State;

use super::answer;
use super::prompts::{self, Digits, Played};

pub(super) const DOC: Doc = Doc {
    name: "Playback",
    synopsis: "Play prompts",
    syntax: "filename[&filename2…][,options]",
    description: "Plays the prompts one after the other; digits do not interrupt. The call is \
        answered first unless an option says otherwise.",
    arguments: &[("filename", "Name of a prompt without extension")],
    options: &[
        ("noanswer", "Do not answer; play as early media"),
        ("skip", "Do nothing if the call is not answered"),
    ],
    variables: &[("PLAYBACKSTATUS", "SUCCESS or FAILED")],
    see_also: &["Background"],
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let (names, options) = args.split_once(',').unwrap_or((args, ""));
    let (mut skip, mut answers) = (false, true);
    for option in options.split([',', '|', '&']).map(|option| option.trim().to_ascii_lowercase()) {
        match option.as_str() {
            "" => {}
            "skip" => skip = true,
            "noanswer" => answers = false,
            "say" | "mix" => tracing::warn!(
                "{}: Playback: '{option}' has no effect: numbers and dates are not spoken here",
                channel.name()
            ),
            _ => tracing::warn!(
                "{}: Playback: there is no option '{option}', only skip and noanswer",
                channel.name()
            ),
        }
    }
    if channel.state() != State::Up {
        if skip {
            channel.set("PLAYBACKSTATUS", "SUCCESS");
            return Ok(Flow::Next);
        }
        if answers {
            answer::meet(channel).await?;
        } else if let Err(error) = channel.progress().await {
            tracing::warn!("{}: no early media: {error}", channel.name());
        } else {
            channel.settle().await?;
        }
    }
    let played = prompts::play(channel, names, Digits::Keep).await?;
    let status = if played == Played::Failed { "FAILED" } else { "SUCCESS" };
    channel.set("PLAYBACKSTATUS", status);
    Ok(Flow::Next)
}
