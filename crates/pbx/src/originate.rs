//! Calls that nobody makes: the exchange calls somebody and, once it is answered, runs an
//! application on it or sends it into the dialplan. `Originate` of the dialplan, and whoever else
//! starts calls from outside.

use std::time::Duration;

use sidetone_dialplan::{Flow, Host as _, Position, Stop};
use tokio::sync::mpsc;

use crate::Cause;
use crate::channel::{
    BranchEvent, CHANNEL_INBOX, Channel, ChannelEvent, Control, Errand, Redirect, turn_away,
};
use crate::outgoing::Branch;

/// What becomes of the one who answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// It runs the dialplan from here.
    Dialplan(Position),
    /// It runs this application and is hung up.
    Application {
        /// Its name.
        name: String,
        /// Its arguments.
        arguments: String,
    },
}

/// How it went, in the words of `ORIGINATE_STATUS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Originated {
    /// It answered.
    Success,
    /// It is busy.
    Busy,
    /// There is no room, here or there.
    Congestion,
    /// It refused.
    Hangup,
    /// It rang and nobody answered.
    Ringing,
    /// It could not be called.
    Failed,
}

impl Originated {
    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Busy => "BUSY",
            Self::Congestion => "CONGESTION",
            Self::Hangup => "HANGUP",
            Self::Ringing => "RINGING",
            Self::Failed => "FAILED",
        }
    }
}

/// The inbox by which an originated call is followed: its sender is the owner of the branches.
#[must_use]
pub fn inbox() -> (mpsc::Sender<ChannelEvent>, mpsc::Receiver<ChannelEvent>) {
    mpsc::channel(CHANNEL_INBOX)
}

/// Follows branches that were called with `inbox` as owner until one answers, which then does
/// what is wanted; the others are ended.
pub async fn follow(
    branches: Vec<Branch>,
    mut inbox: mpsc::Receiver<ChannelEvent>,
    timeout: Duration,
    then: Then,
) -> Originated {
    let result = until_answered(&branches, &mut inbox, timeout, then).await;
    // Whoever came in the place of one just now is told that it is too late.
    inbox.close();
    while let Ok(event) = inbox.try_recv() {
        if let ChannelEvent::Branch(from, event) = event {
            turn_away(from, *event, Cause::NORMAL);
        }
    }
    result
}

async fn until_answered(
    branches: &[Branch],
    inbox: &mut mpsc::Receiver<ChannelEvent>,
    timeout: Duration,
    then: Then,
) -> Originated {
    let until = tokio::time::Instant::now() + timeout;
    let mut left: Vec<_> = branches.iter().map(|branch| branch.channel).collect();
    let mut result = Originated::Failed;
    let mut rang = false;
    let end = |except: Option<sidetone_base::ChannelId>, cause| {
        for branch in branches.iter().filter(|branch| Some(branch.channel) != except) {
            branch.tell(Control::Hangup(cause));
        }
    };
    while !left.is_empty() {
        let event = tokio::select! {
            biased;
            event = inbox.recv() => event,
            () = tokio::time::sleep_until(until) => None,
        };
        let Some(event) = event else {
            end(None, Cause::NORMAL);
            return if rang { Originated::Ringing } else { Originated::Failed };
        };
        let ChannelEvent::Branch(from, event) = event else { continue };
        match *event {
            BranchEvent::Ringing => rang = true,
            BranchEvent::Answered(peer) => {
                end(Some(from), Cause::ANSWERED_ELSEWHERE);
                peer.tell(next(then));
                return Originated::Success;
            }
            BranchEvent::Replaced(peer) => {
                end(None, Cause::ANSWERED_ELSEWHERE);
                peer.tell(next(then));
                return Originated::Success;
            }
            BranchEvent::Gone { cause, .. } => {
                left.retain(|channel| *channel != from);
                result = of_cause(cause);
            }
            BranchEvent::Progress(_) | BranchEvent::Done(_) => {}
        }
    }
    result
}

fn of_cause(cause: Cause) -> Originated {
    match cause.0 {
        17 => Originated::Busy,
        18 | 19 => Originated::Ringing,
        21 | 16 => Originated::Hangup,
        34 | 38 | 41 | 42 => Originated::Congestion,
        _ => Originated::Failed,
    }
}

fn next(then: Then) -> Control {
    match then {
        Then::Dialplan(to) => Control::Redirect(Redirect { to, variables: Vec::new() }),
        Then::Application { name, arguments } => Control::Errand(Errand::new(move |channel| {
            Box::pin(async move { run(channel, &name, &arguments).await })
        })),
    }
}

/// Runs one application on a channel that has nothing else to do.
async fn run(channel: &mut Channel, name: &str, arguments: &str) -> Result<Flow, Stop> {
    channel.show_application(name, arguments);
    let position = channel.position();
    match sidetone_dialplan::execute(channel, name, arguments, &position).await? {
        Flow::Goto(to) => Err(Stop::Redirect(to)),
        _ => Err(Stop::NORMAL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_have_words() {
        assert_eq!(of_cause(Cause::BUSY).word(), "BUSY");
        assert_eq!(of_cause(Cause(21)).word(), "HANGUP");
        assert_eq!(of_cause(Cause::CONGESTION).word(), "CONGESTION");
        assert_eq!(of_cause(Cause::NO_ANSWER).word(), "RINGING");
        assert_eq!(of_cause(Cause::SUBSCRIBER_ABSENT).word(), "FAILED");
    }
}
