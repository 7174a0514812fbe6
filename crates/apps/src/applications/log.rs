//! `Log`: a line in the log.

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::Channel;

pub(super) const DOC: Doc = Doc {
    name: "Log",
    synopsis: "Write a line to the log",
    syntax: "level,message",
    description: "Writes the message to the log channels that take the level.",
    arguments: &[
        ("level", "ERROR, WARNING, NOTICE, DEBUG, VERBOSE or DTMF"),
        ("message", "The text"),
    ],
    see_also: &["Verbose"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let (level, message) = args.split_once(',').unwrap_or(("", args));
    let (name, at) = (channel.name(), dialplan_position(channel));
    match level.trim().to_ascii_uppercase().as_str() {
        "ERROR" => tracing::error!("{name} at {at}: {message}"),
        "WARNING" => tracing::warn!("{name} at {at}: {message}"),
        "NOTICE" => tracing::info!("{name} at {at}: {message}"),
        "DEBUG" => tracing::debug!("{name} at {at}: {message}"),
        "VERBOSE" => tracing::info!(target: "verbose", level = 0, "{name} at {at}: {message}"),
        "DTMF" => tracing::info!(target: "dtmf", "{name} at {at}: {message}"),
        other => tracing::warn!("{name} at {at}: Log: '{other}' is no level; text: {message}"),
    }
    Ok(Flow::Next)
}

fn dialplan_position(channel: &Channel) -> String {
    sidetone_dialplan::Host::position(channel).to_string()
}
