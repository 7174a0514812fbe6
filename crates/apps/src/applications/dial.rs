//! `Dial`: call somebody and connect. Step 7 of the INVITE walk begins here.
//!
//! Each contact of each destination is a called channel of its own (`pbx/outgoing`); the first
//! that answers is joined with the caller (`pbx/bridge`), the others hear that the call was
//! answered elsewhere.

use std::time::Instant;

use sidetone_dialplan::{Doc, Flow, Stop};
use sidetone_pbx::bridge::{self, BridgeEnd};
use sidetone_pbx::channel::{BranchEvent, Control, Happening, Join, Peer, Rights, State};
use sidetone_pbx::outgoing::{self, Branch, Call};
use sidetone_pbx::{Cause, Channel};

use super::answer;

mod destinations;
mod options;

use destinations::{Destination, resolve};
use options::Options;

pub(super) const DOC: Doc = Doc {
    name: "Dial",
    synopsis: "Call somebody and connect",
    syntax: "Technology/Resource[&…][,timeout[,options]]",
    description: "Calls all destinations at once and connects the caller with the first that \
        answers. PJSIP/name calls every reachable contact of the endpoint; PJSIP/number@name calls \
        the number through it. The dialplan goes on when nobody answers, or, with option g, when \
        the callee hangs up.",
    arguments: &[
        ("Technology/Resource", "PJSIP/endpoint, PJSIP/number@endpoint or PJSIP/endpoint/sip:uri"),
        ("timeout", "Seconds to let it ring; for ever without"),
    ],
    options: options::DOC,
    variables: &[
        ("DIALSTATUS", "ANSWER, BUSY, NOANSWER, CANCEL, CONGESTION or CHANUNAVAIL"),
        ("DIALEDPEERNAME", "The channel that answered"),
        ("DIALEDPEERNUMBER", "What was dialled of it"),
        ("DIALEDTIME", "Seconds from dialling to the end"),
        ("ANSWEREDTIME", "Seconds of conversation"),
    ],
    see_also: &["Answer", "Hangup"],
};

pub(super) async fn run(channel: &mut Channel, args: &str) -> Result<Flow, Stop> {
    tracing::debug!(target: "walk", step = 7, "apps/dial");
    let mut parts = args.splitn(3, ',').map(str::trim);
    let wanted = parts.next().unwrap_or_default();
    let timeout = super::wait::seconds(parts.next().unwrap_or_default());
    let options = Options::read(parts.next().unwrap_or_default(), channel.name());
    for name in ["DIALSTATUS", "DIALEDPEERNAME", "DIALEDPEERNUMBER", "DIALEDTIME", "ANSWEREDTIME"] {
        channel.set(name, "");
    }
    let destinations = resolve(channel.exchange(), wanted, channel.name());
    if destinations.is_empty() {
        return Ok(status(channel, "CHANUNAVAIL", Cause::SUBSCRIBER_ABSENT));
    }
    let mut dial = Dialling::start(channel, &destinations);
    let until = timeout.filter(|time| !time.is_zero()).map(|time| channel.until(time));
    if options.ring {
        channel.ring().await;
    }
    let outcome = dial.until_answered(channel, until, &options).await;
    let begun = dial.begun;
    let flow = match outcome {
        Ok(Outcome::Answered(place, peer)) => {
            dial.end_others(place);
            talk(channel, *peer, &options).await
        }
        Ok(Outcome::Nobody(words, cause)) => {
            dial.end_all(Cause::NORMAL);
            Ok(status(channel, words, cause))
        }
        Err(stop) => {
            dial.end_all(Cause::NORMAL);
            channel.set("DIALSTATUS", "CANCEL");
            Err(stop)
        }
    };
    let dialled = channel.exchange().now().saturating_duration_since(begun);
    channel.set("DIALEDTIME", dialled.as_secs().to_string());
    flow
}

/// Notes how it went and lets the dialplan go on.
fn status(channel: &mut Channel, words: &str, cause: Cause) -> Flow {
    channel.set("DIALSTATUS", words);
    channel.set("~HANGUPCAUSE", cause.0.to_string());
    Flow::Next
}

/// Connects the caller with whom it reached, until one of them hangs up.
async fn talk(channel: &mut Channel, peer: Peer, options: &Options) -> Result<Flow, Stop> {
    channel.set("DIALSTATUS", "ANSWER");
    channel.set("DIALEDPEERNAME", peer.name.clone());
    let number = peer.name.split('/').nth(1).unwrap_or_default();
    let number = number.rsplit_once('-').map_or(number, |(number, _)| number).to_owned();
    channel.set("DIALEDPEERNUMBER", number);
    if channel.state() != State::Up
        && let Err(stop) = answer::answer(channel).await
    {
        peer.tell(Control::Hangup(Cause::INCOMPATIBLE));
        return Err(stop);
    }
    let answered = channel.exchange().now();
    bridge::join(channel, peer, Rights::default(), Rights::default()).await;
    let end = bridge::stay(channel, None).await;
    channel.leave(channel.cause()).await;
    let talked = channel.exchange().now().saturating_duration_since(answered);
    channel.set("ANSWEREDTIME", talked.as_secs().to_string());
    match end {
        Ok(BridgeEnd::Peer(cause)) => {
            channel.set("~HANGUPCAUSE", cause.0.to_string());
            if options.go_on { Ok(Flow::Next) } else { Err(Stop::Hangup { cause: cause.0.into() }) }
        }
        Ok(BridgeEnd::Time) => Ok(Flow::Next),
        Ok(BridgeEnd::Transferred) => Err(Stop::NORMAL),
        Err(stop) => Err(stop),
    }
}

enum Outcome {
    /// This branch answered, or somebody in its place.
    Answered(Option<usize>, Box<Peer>),
    /// Nobody did; the word for `DIALSTATUS` and the cause.
    Nobody(&'static str, Cause),
}

struct Running {
    branch: Branch,
    over: Option<Cause>,
}

/// The called channels of one Dial.
struct Dialling {
    branches: Vec<Running>,
    begun: Instant,
}

impl Dialling {
    fn start(channel: &Channel, destinations: &[Destination]) -> Self {
        let exchange = channel.exchange();
        let branches = destinations.iter().map(|destination| {
            let call = Call {
                endpoint: destination.endpoint.clone(),
                aor: destination.aor.clone(),
                contact: destination.contact.clone(),
                caller: channel.caller().clone(),
                dialled: channel.dialled().to_owned(),
                variables: channel.variables().inherited(),
                linked_id: channel.linked_id().to_owned(),
                beside: channel.leg_id(),
                streams: channel.streams(),
                inherited: channel.inheritance(),
                owner: channel.inbox(),
            };
            Running { branch: outgoing::call(exchange, call), over: None }
        });
        Self { branches: branches.collect(), begun: exchange.now() }
    }

    fn place(&self, channel: sidetone_base::ChannelId) -> Option<usize> {
        self.branches.iter().position(|running| running.branch.channel == channel)
    }

    async fn until_answered(
        &mut self,
        channel: &mut Channel,
        until: Option<Instant>,
        options: &Options,
    ) -> Result<Outcome, Stop> {
        loop {
            let (from, event) = match channel.wait_keeping_digits(until).await? {
                Happening::Branch(from, event) => (from, event),
                Happening::Deadline => return Ok(Outcome::Nobody("NOANSWER", Cause::NO_ANSWER)),
                Happening::Digit(_) | Happening::Played(_) => continue,
            };
            let Some(place) = self.place(from) else {
                continue;
            };
            match event {
                BranchEvent::Ringing => channel.ring().await,
                BranchEvent::Progress(peer) => self.early(channel, place, peer, options).await,
                BranchEvent::Answered(peer) => {
                    return Ok(Outcome::Answered(Some(place), Box::new(peer)));
                }
                BranchEvent::Replaced(peer) => return Ok(Outcome::Answered(None, peer)),
                BranchEvent::Done(_) => {}
                BranchEvent::Gone { cause, .. } => {
                    self.branches[place].over = Some(cause);
                    if self.branches.iter().all(|running| running.over.is_some()) {
                        return Ok(self.nobody());
                    }
                }
            }
        }
    }

    /// Early media of a single callee reaches the caller; of several, nobody could say whose.
    async fn early(&self, channel: &mut Channel, place: usize, peer: Peer, options: &Options) {
        if options.ring || self.branches.len() > 1 {
            channel.ring().await;
            return;
        }
        if channel.progress().await.is_ok() {
            if let Some(own) = channel.as_peer("") {
                let join = Join { peer: own, instead_of: None, rights: None };
                self.branches[place].branch.tell(Control::Join(join));
            }
            channel.join(peer).await;
        }
    }

    /// The most telling of the reasons: busy before congestion before absence.
    fn nobody(&self) -> Outcome {
        let causes = || self.branches.iter().filter_map(|running| running.over);
        let has = |wanted: &[u8]| causes().find(|cause| wanted.contains(&cause.0));
        if let Some(cause) = has(&[17]) {
            return Outcome::Nobody("BUSY", cause);
        }
        if let Some(cause) = has(&[18, 19]) {
            return Outcome::Nobody("NOANSWER", cause);
        }
        if let Some(cause) = has(&[20]) {
            return Outcome::Nobody("CHANUNAVAIL", cause);
        }
        Outcome::Nobody("CONGESTION", causes().next().unwrap_or(Cause::CONGESTION))
    }

    fn end_others(&self, answered: Option<usize>) {
        for (place, running) in self.branches.iter().enumerate() {
            if Some(place) != answered && running.over.is_none() {
                running.branch.tell(Control::Hangup(Cause::ANSWERED_ELSEWHERE));
            }
        }
    }

    fn end_all(&self, cause: Cause) {
        for running in self.branches.iter().filter(|running| running.over.is_none()) {
            running.branch.tell(Control::Hangup(cause));
        }
    }
}
