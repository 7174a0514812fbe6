//! `WaitExten`: the caller may dial an extension.

use sidetone_dialplan::{Doc, Flow, Host as _, Stop};
use sidetone_pbx::Channel;

use super::{digits, tones, wait};

pub(super) const DOC: Doc = Doc {
    name: "WaitExten",
    synopsis: "Wait for an extension to be dialled",
    syntax: "[seconds[,options]]",
    description: "Waits for digits and goes on at the extension they make; at `t` when none come.",
    arguments: &[("seconds", "How long the first digit may take; 10 by default")],
    options: &[("d(tone)", "Play a tone until the first digit; the dial tone without a name")],
    see_also: &["Background"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let (time, options) = args.split_once(',').unwrap_or((args, ""));
    let given = wait::seconds(time);
    let set = digits::seconds_of(channel, "TIMEOUT(response)");
    let until = channel.until(given.or(set).unwrap_or(digits::RESPONSE_TIMEOUT));
    let tone = tone_of(options);
    if let Some(tone) = tone {
        tones::start(channel, tone).await;
    }
    let first = channel.read_digit(until).await?;
    if tone.is_some() {
        channel.stop_background().await;
    }
    let Some(first) = first else {
        return Ok(Flow::Timeout);
    };
    let context = channel.position().context.to_string();
    let extension = digits::collect(channel, first, &context).await?;
    Ok(Flow::Dialled { context: None, extension })
}

/// The tone of option `d`.
fn tone_of(options: &str) -> Option<&str> {
    let named = options.split_once("d(").and_then(|(_, rest)| rest.split_once(')'));
    named.map(|(name, _)| name).or(options.contains('d').then_some("dial"))
}
