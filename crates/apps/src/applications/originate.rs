//! `Originate`: call somebody and run the dialplan or an application on them.

use std::time::Duration;

use sidetone_dialplan::{Doc, Flow, Position, Stop, arguments};
use sidetone_pbx::Channel;
use sidetone_pbx::channel::{BranchEvent, Happening, PartyId};
use sidetone_pbx::originate::{self, Originated, Then};

use super::dial::place::Subroutine;
use super::dial::{Calling, learn, resolve};
use super::{letters, wait};

pub(super) const DOC: Doc = Doc {
    name: "Originate",
    synopsis: "Call somebody and run the dialplan or an application on them",
    syntax: "tech_data,type,arg1[,arg2[,arg3[,timeout[,options]]]]",
    description: "Calls the destination and waits for the answer, this channel hearing nothing of \
        it. Whoever answers goes into the dialplan or runs the application and is hung up.",
    arguments: &[
        ("tech_data", "Whom to call, as for Dial"),
        ("type", "exten or app"),
        ("arg1", "The context, or the application"),
        ("arg2", "The extension, or the arguments of the application"),
        ("arg3", "The priority"),
        ("timeout", "Seconds to let it ring; 30 without"),
    ],
    options: &[
        ("a", "Do not wait: ORIGINATE_STATUS is SUCCESS at once"),
        (
            "b([[context^]exten^]priority[(args)])",
            "Run this subroutine on the called channel first",
        ),
        ("B([[context^]exten^]priority[(args)])", "Run this subroutine on this channel first"),
        ("c(number)", "Number of the caller shown"),
        ("n(name)", "Name of the caller shown"),
        ("v(variable=value[^…])", "Set these variables on the called channel"),
    ],
    variables: &[("ORIGINATE_STATUS", "SUCCESS, BUSY, CONGESTION, HANGUP, RINGING or FAILED")],
    see_also: &["Dial"],
};

/// Seconds to let it ring when none are given.
const RINGS: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
struct Options {
    at_once: bool,
    before_callee: Option<String>,
    before_caller: Option<String>,
    caller: PartyId,
    variables: Vec<(String, String)>,
}

fn options(text: &str, channel: &str) -> Options {
    let mut options = Options::default();
    for letter in letters::read(text) {
        let argument = letter.argument.unwrap_or_default();
        match letter.letter {
            'a' => options.at_once = true,
            'b' => options.before_callee = Some(argument),
            'B' => options.before_caller = Some(argument),
            'c' => options.caller.number = argument,
            'n' => options.caller.name = argument,
            'v' => {
                let pairs = argument.split('^').filter_map(|pair| pair.split_once('='));
                let pairs = pairs.map(|(name, value)| (name.trim().to_owned(), value.to_owned()));
                options.variables.extend(pairs);
            }
            'C' => tracing::warn!(
                "{channel}: Originate: option C is ignored: the endpoint's codecs are offered"
            ),
            other => tracing::warn!("{channel}: Originate: there is no option '{other}'"),
        }
    }
    options
}

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let mut parts = arguments::split_raw(args, ',', 7).into_iter();
    let mut part = || parts.next().unwrap_or_default().trim().to_owned();
    let (wanted, kind) = (part(), part());
    let (first, second, third) = (part(), part(), part());
    let timeout = wait::seconds_of(channel, "Originate", &part())
        .filter(|time| !time.is_zero())
        .unwrap_or(RINGS);
    let options = options(&part(), channel.name());
    let then = match kind.to_ascii_lowercase().as_str() {
        "app" if !first.is_empty() => {
            Then::Application { name: first, arguments: second.trim_matches('"').to_owned() }
        }
        "exten" if !first.is_empty() => {
            let exten = if second.is_empty() { "s" } else { &second };
            Then::Dialplan(Position::new(&first, exten, third.parse().unwrap_or(1)))
        }
        _ => {
            tracing::warn!("{}: Originate: tech_data,exten|app,arg1 is needed", channel.name());
            return Ok(status(channel, Originated::Failed));
        }
    };
    if let Some(text) = &options.before_caller
        && let Some(subroutine) = Subroutine::read(channel, text)
    {
        subroutine.run(channel).await?;
    }
    learn(channel.exchange(), &wanted).await;
    let outcome = start(channel, &wanted, timeout, then, &options);
    if options.at_once || !outcome {
        let result = if outcome { Originated::Success } else { Originated::Failed };
        return Ok(status(channel, result));
    }
    loop {
        if let Happening::Branch(from, BranchEvent::Done(words)) =
            channel.wait_keeping_digits(None).await?
            && from == channel.id()
        {
            channel.set("ORIGINATE_STATUS", words);
            return Ok(Flow::Next);
        }
    }
}

/// Calls; the outcome comes back as news of this channel to itself. `false` when there is nobody
/// to call.
fn start(
    channel: &Channel,
    wanted: &str,
    timeout: Duration,
    then: Then,
    options: &Options,
) -> bool {
    let destinations = resolve(channel.exchange(), wanted, channel.name());
    if destinations.is_empty() {
        return false;
    }
    let (owner, inbox) = originate::inbox();
    let mut calling = Calling { owner, linked_id: String::new(), ..Calling::of(channel) };
    calling.caller = options.caller.clone();
    // The two never talk with each other.
    (calling.beside, calling.streams) = (None, Vec::new());
    for (name, value) in &options.variables {
        calling.variables.set(name, Some(value.clone()));
    }
    let branches = destinations.iter().map(|destination| {
        let first = options.before_callee.as_deref().and_then(|text| {
            Subroutine::read(channel, text).map(|subroutine| subroutine.errand(None))
        });
        destination.call(channel.exchange(), calling.clone(), first)
    });
    let branches: Vec<_> = branches.collect();
    let (id, own) = (channel.id(), channel.inbox());
    tokio::spawn(async move {
        let result = originate::follow(branches, inbox, timeout, then).await;
        let news = BranchEvent::Done(result.word().to_owned());
        // The channel may be over, or may not have waited.
        let _ = own.try_send((id, news).into());
    });
    true
}

fn status(channel: &mut Channel, result: Originated) -> Flow {
    channel.set("ORIGINATE_STATUS", result.word());
    Flow::Next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let read = options("ac(100)n(Alarm)v(A=1^B=2)b(x^s^1)", "test");
        assert!(read.at_once);
        assert_eq!((read.caller.number.as_str(), read.caller.name.as_str()), ("100", "Alarm"));
        assert_eq!(read.variables[1], ("B".to_owned(), "2".to_owned()));
        assert_eq!(read.before_callee.as_deref(), Some("x^s^1"));
    }
}
