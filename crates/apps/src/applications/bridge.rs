//! `Bridge`: talk with a channel that is there already.

use std::time::Duration;

use sidetone_dialplan::{Doc, Flow, Host as _, Position, Stop};
use sidetone_pbx::bridge::{self, BridgeEnd};
use sidetone_pbx::channel::{Control, Redirect, Rights};
use sidetone_pbx::{Cause, Channel, transfer};

use super::dial::place;
use super::{answer, letters, wait};

pub(super) const DOC: Doc = Doc {
    name: "Bridge",
    synopsis: "Talk with a channel that is there already",
    syntax: "channel[,options]",
    description: "Takes the channel out of its call or application and joins it with this one. \
        Whoever it talked with is left alone. When the other side hangs up, the dialplan goes on \
        here; when this side leaves, the channel goes on after the application it was taken from.",
    arguments: &[("channel", "Its name, as core show channels prints it")],
    options: &[
        ("F([[context^]exten^]priority)", "When this side hangs up the channel goes on there"),
        ("H", "This side may hang up by the disconnect code of features.conf"),
        ("n", "Do not answer this side"),
        ("S(x)", "End after x seconds"),
        ("T", "This side may transfer by the codes of features.conf"),
    ],
    variables: &[("BRIDGERESULT", "SUCCESS, FAILURE, LOOP or NONEXISTENT")],
    see_also: &["Dial", "Pickup"],
};

/// Letters that are known and do nothing here.
const REFUSED: &str = "phKkLtwWx";

/// How long the other side may take to come.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
struct Options {
    gone: Option<String>,
    rights: Rights,
    no_answer: bool,
    stop_after: Option<Duration>,
}

fn options(text: &str, channel: &str) -> Options {
    let mut options = Options::default();
    for letter in letters::read(text) {
        match letter.letter {
            'F' => options.gone = Some(letter.argument.unwrap_or_default()),
            'H' => options.rights.disconnect = true,
            'T' => options.rights.transfer = true,
            'n' => options.no_answer = true,
            'S' => options.stop_after = wait::seconds(&letter.argument.unwrap_or_default()),
            known if REFUSED.contains(known) => {
                tracing::warn!("{channel}: Bridge: option {known} is ignored: not available yet");
            }
            other => tracing::warn!("{channel}: Bridge: there is no option '{other}'"),
        }
    }
    options
}

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    let (name, letters) = args.split_once(',').unwrap_or((args, ""));
    let options = options(letters, channel.name());
    let name = name.trim();
    let all = channel.exchange().live().all();
    let Some(target) = all.iter().find(|facts| facts.name.eq_ignore_ascii_case(name)) else {
        return Ok(result(channel, "NONEXISTENT"));
    };
    if target.id == channel.id() {
        return Ok(result(channel, "LOOP"));
    }
    if !options.no_answer {
        answer::answer(channel).await?;
        channel.settle().await?;
    }
    channel.set_rights(options.rights);
    if transfer::take(channel, target.id).is_err() {
        return Ok(result(channel, "FAILURE"));
    }
    let until = channel.until(PATIENCE);
    let end = match bridge::attend(channel, Some(until)).await {
        Ok(BridgeEnd::Time) if channel.peer().is_some() => {
            let until = options.stop_after.map(|time| channel.until(time));
            bridge::stay(channel, until).await
        }
        end => end,
    };
    match end {
        Ok(BridgeEnd::Refused) => Ok(result(channel, "FAILURE")),
        Ok(_) => {
            channel.leave(Cause::NORMAL).await;
            Ok(result(channel, "SUCCESS"))
        }
        Err(stop) => {
            result(channel, "SUCCESS");
            part(channel, &stop, &options).await;
            Err(stop)
        }
    }
}

/// This side leaves: the other goes where option `F` says.
async fn part(channel: &mut Channel, stop: &Stop, options: &Options) {
    let hung_up = matches!(stop, Stop::Hangup { .. });
    let to = options.gone.as_deref().filter(|_| hung_up).and_then(|text| match text {
        "" => Some(channel.position().following()),
        text => place::read(channel, text),
    });
    if let (Some(to), Some(peer)) = (to, channel.peer()) {
        peer.tell(redirect(to));
    }
    channel.leave(Cause::NORMAL).await;
}

fn redirect(to: Position) -> Control {
    Control::Redirect(Redirect { to, variables: Vec::new() })
}

fn result(channel: &mut Channel, words: &str) -> Flow {
    channel.set("BRIDGERESULT", words);
    Flow::Next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_act_or_are_named() {
        let read = options("F(a^b^1)HTnS(3)Lx", "test");
        assert_eq!(read.gone.as_deref(), Some("a^b^1"));
        assert!(read.rights.transfer && read.rights.disconnect && read.no_answer);
        assert_eq!(read.stop_after, Some(Duration::from_secs(3)));
    }
}
