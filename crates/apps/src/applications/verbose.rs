//! `Verbose`: a line on the console.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;

pub(super) const DOC: Doc = Doc {
    name: "Verbose",
    synopsis: "Write a line to the console",
    syntax: "[level,]message",
    description: "Writes the message to the verbose log channels. The level is accepted; every \
        level is written.",
    arguments: &[("level", "0 to 4"), ("message", "The text")],
    see_also: &["Log"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let message = match args.split_once(',') {
        Some((level, message)) if level.trim().parse::<u8>().is_ok() => message,
        _ => args,
    };
    tracing::info!(target: "verbose", "{}: {message}", channel.name());
    Ok(Flow::Next)
}
