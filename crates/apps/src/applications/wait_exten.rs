//! `WaitExten`: the caller may dial an extension.

use sidetone_dialplan::{Doc, Flow, Host as _, Stop};
use sidetone_pbx::Channel;

use super::{digits, wait};

pub(super) const DOC: Doc = Doc {
    name: "WaitExten",
    synopsis: "Wait for an extension to be dialled",
    syntax: "[seconds]",
    description: "Waits for digits and goes on at the extension they make; at `t` when none come.",
    arguments: &[("seconds", "How long the first digit may take; 10 by default")],
    see_also: &["Background"],
    ..Doc::EMPTY
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let given = args.split(',').next().and_then(wait::seconds);
    let set = digits::seconds_of(channel, "TIMEOUT(response)");
    let until = channel.until(given.or(set).unwrap_or(digits::RESPONSE_TIMEOUT));
    let Some(first) = channel.read_digit(until).await? else {
        return Ok(Flow::Timeout);
    };
    let context = channel.position().context.to_string();
    let extension = digits::collect(channel, first, &context).await?;
    Ok(Flow::Dialled { context: None, extension })
}
