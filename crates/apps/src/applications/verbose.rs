//! `Verbose`: a line on the console.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;

pub(super) const DOC: Doc = Doc {
    name: "Verbose",
    synopsis: "Write a line to the console",
    syntax: "[level,]message",
    description: "Writes the message to the verbose log channels whose verbosity (`verbose` of \
        asterisk.conf, `core set verbose`) is at least the level.",
    arguments: &[
        ("level", "0 to 4; 0, which is always written, when left out"),
        ("message", "The text"),
    ],
    see_also: &["Log"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let given = args.split_once(',');
    let given =
        given.and_then(|(level, message)| Some((level.trim().parse::<u64>().ok()?, message)));
    let (level, message) = given.unwrap_or((0, args));
    tracing::info!(target: "verbose", level, "{}: {message}", channel.name());
    Ok(Flow::Next)
}
