//! `Background`: prompts that a digit interrupts.

use sidetone_dialplan::{Doc, Flow, Host as _, Stop};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::State;

use super::prompts::{self, Digits, Played};
use super::{answer, digits, warn_about};

pub(super) const DOC: Doc = Doc {
    name: "BackGround",
    synopsis: "Play prompts while the caller may dial an extension",
    syntax: "filename[&filename2…][,options[,langoverride[,context]]]",
    description: "Plays the prompts; the first digit stops them and begins an extension, which is \
        then collected as long as more digits could lead somewhere. The dialplan goes on at that \
        extension.",
    arguments: &[
        ("filename", "Name of a prompt without extension"),
        ("langoverride", "Language of these prompts, instead of the channel's"),
        ("context", "Where the extension is looked up"),
    ],
    options: &[
        ("m", "Only a digit that is an extension of the context by itself stops the prompts"),
        ("n", "Do not answer the call first"),
        ("p", "Digits do not stop the prompts"),
        ("s", "Do nothing if the call is not answered"),
    ],
    variables: &[("BACKGROUNDSTATUS", "SUCCESS or FAILED")],
    see_also: &["Playback", "WaitExten"],
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let mut parts = args.split(',').map(str::trim);
    let names = parts.next().unwrap_or_default();
    let options = parts.next().unwrap_or_default();
    let language = parts.next().filter(|language| !language.is_empty());
    let context = parts.next().filter(|context| !context.is_empty()).map(str::to_owned);
    if channel.state() != State::Up {
        if options.contains('s') {
            return Ok(Flow::Next);
        }
        if !options.contains('n') {
            answer::meet(channel).await?;
        }
    }
    let looked_up = context.clone().unwrap_or_else(|| channel.position().context.to_string());
    let digits = if options.contains('p') {
        Digits::Keep
    } else if options.contains('m') {
        Digits::Extension(&looked_up)
    } else {
        Digits::Interrupt
    };
    warn_about(channel, "BackGround", options, "mnps");
    let played = prompts::play_in(channel, names, language, digits).await?;
    let status = if played == Played::Failed { "FAILED" } else { "SUCCESS" };
    channel.set("BACKGROUNDSTATUS", status);
    let Played::Digit(first) = played else {
        return Ok(Flow::Next);
    };
    let extension = match digits {
        Digits::Extension(_) => first.to_string(),
        _ => digits::collect(channel, first, &looked_up).await?,
    };
    Ok(Flow::Dialled { context, extension })
}
