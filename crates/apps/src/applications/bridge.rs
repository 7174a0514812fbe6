//! `Bridge`: talk with a channel that is there already.

use std::time::Duration;

use sidetone_dialplan::{Doc, Flow, Host as _, Position, Stop};
use sidetone_pbx::bridge::{self, BridgeEnd};
use sidetone_pbx::channel::{Control, Redirect, Rights};
use sidetone_pbx::{Cause, Channel, transfer};

use super::dial::{self, Clock, Limit, place};
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
        ("h", "The other side may hang up by it"),
        ("K", "This side may park the other by the code of features.conf"),
        ("k", "The other side may park this one by it"),
        ("L(x[:y[:z]])", "End after x ms; warn when y ms are left, and every z ms from then on"),
        ("n", "Do not answer this side"),
        ("S(x)", "End after x seconds"),
        ("T", "This side may transfer by the codes of features.conf"),
        ("t", "The other side may transfer by them"),
    ],
    variables: &[
        ("BRIDGERESULT", "SUCCESS, FAILURE, LOOP or NONEXISTENT"),
        ("LIMIT_PLAYAUDIO_CALLER, LIMIT_PLAYAUDIO_CALLEE", "Who hears of a limit (read)"),
        ("LIMIT_CONNECT_FILE, LIMIT_WARNING_FILE, LIMIT_TIMEOUT_FILE", "Prompts of it (read)"),
    ],
    see_also: &["Dial", "Pickup"],
};

/// Letters that are known and do nothing here, with the reason.
const REFUSED: &[(char, &str)] = &[
    ('p', "there is no courtesy tone yet"),
    ('W', "there is no recording by feature codes yet"),
    ('w', "there is no recording by feature codes yet"),
    ('X', "there is no recording by feature codes yet"),
    ('x', "there is no recording by feature codes yet"),
];

/// How long the other side may take to come.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
struct Options {
    gone: Option<String>,
    rights: Rights,
    their_rights: Rights,
    limit: Option<Limit>,
    no_answer: bool,
    stop_after: Option<Duration>,
}

fn options(text: &str, channel: &str) -> Options {
    let mut options = Options::default();
    for letter in letters::read(text) {
        match letter.letter {
            'F' => options.gone = Some(letter.argument.unwrap_or_default()),
            'H' => options.rights.disconnect = true,
            'h' => options.their_rights.disconnect = true,
            'K' => options.rights.park = true,
            'k' => options.their_rights.park = true,
            'T' => options.rights.transfer = true,
            't' => options.their_rights.transfer = true,
            'L' => {
                options.limit = Limit::read(&letter.argument.unwrap_or_default());
                if options.limit.is_none() {
                    tracing::warn!(
                        "{channel}: Bridge: option L: write milliseconds, as L(60000:10000:5000)"
                    );
                }
            }
            'n' => options.no_answer = true,
            'S' => options.stop_after = wait::seconds(&letter.argument.unwrap_or_default()),
            other => match REFUSED.iter().find(|(known, _)| *known == other) {
                Some((_, why)) => {
                    tracing::warn!("{channel}: Bridge: option {other} is ignored: {why}");
                }
                None => tracing::warn!("{channel}: Bridge: there is no option '{other}'"),
            },
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
    let end = match bridge::expect(channel, until).await {
        Ok(None) => {
            grant(channel, options.their_rights);
            let now = channel.exchange().now();
            let mut clock = Clock::start(now, options.limit, options.stop_after);
            dial::stay(channel, &mut clock).await
        }
        Ok(Some(_)) => Ok(BridgeEnd::Refused),
        Err(stop) => Err(stop),
    };
    match end {
        Ok(BridgeEnd::Refused) => Ok(result(channel, "FAILURE")),
        Ok(_) => {
            channel.leave(Cause::NORMAL).await;
            let next = result(channel, "SUCCESS");
            Ok(channel.after_bridge().await?.map_or(next, Flow::Goto))
        }
        Err(stop) => {
            result(channel, "SUCCESS");
            part(channel, &stop, &options).await;
            Err(stop)
        }
    }
}

/// Lets the other side use feature codes.
fn grant(channel: &Channel, rights: Rights) {
    if rights == Rights::default() {
        return;
    }
    if let Some(peer) = channel.peer() {
        peer.tell(Control::Rights(rights));
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
        let read = options("F(a^b^1)HTnS(3)hL(9000:1000)xk", "test");
        assert!(read.their_rights.park && !read.rights.park);
        assert!(read.their_rights.disconnect && !read.their_rights.transfer);
        assert_eq!(read.limit, Limit::read("9000:1000"));
        assert_eq!(read.gone.as_deref(), Some("a^b^1"));
        assert!(read.rights.transfer && read.rights.disconnect && read.no_answer);
        assert_eq!(read.stop_after, Some(Duration::from_secs(3)));
    }
}
