//! An attended transfer whose transferer hung up while the target rang: the target goes on
//! ringing for the party that was to be transferred. When it does not answer, the transferer is
//! called back, then the target once more, as `atxfercallbackretries` says. Step 8 of the INVITE
//! walk, from `features`, in the task of the party that waits.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use sidetone_config::objects::features::Features;
use sidetone_dialplan::{Flow, Stop};
use sidetone_pbx::channel::{
    BranchEvent, ChannelEvent, Control, Errand, Happening, Join, Peer, Rights,
};
use sidetone_pbx::outgoing::Branch;
use sidetone_pbx::{Cause, Channel};
use tokio::sync::mpsc;

use super::dial::{Calling, Destination, learn, resolve};
use super::tones;

/// News of the target that wait: it has four (ringing, progress, the answer, the end).
const NEWS: usize = 8;

/// Hands the news of a called channel to whoever waits for it now.
#[derive(Clone, Debug)]
pub(super) struct Relay(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    to: mpsc::Sender<ChannelEvent>,
    answered: Option<Peer>,
    gone: bool,
}

impl Relay {
    /// The owner to call with; its news go to `to` for now.
    pub(super) fn new(to: mpsc::Sender<ChannelEvent>) -> (mpsc::Sender<ChannelEvent>, Self) {
        let (owner, mut news) = mpsc::channel(NEWS);
        let relay = Self(Arc::new(Mutex::new(State { to, answered: None, gone: false })));
        let own = relay.clone();
        // It ends with the called channel, which has the other side of it.
        tokio::spawn(async move {
            while let Some(event) = news.recv().await {
                let to = own.note(&event);
                // Whoever waited may be gone.
                let _ = to.send(event).await;
            }
        });
        (owner, relay)
    }

    fn note(&self, event: &ChannelEvent) -> mpsc::Sender<ChannelEvent> {
        let mut state = self.0.lock();
        if let ChannelEvent::Branch(_, event) = event {
            match &**event {
                BranchEvent::Answered(peer) => state.answered = Some(peer.clone()),
                BranchEvent::Gone { .. } => state.gone = true,
                _ => {}
            }
        }
        state.to.clone()
    }
}

/// What the transferer leaves behind.
#[derive(Debug)]
pub(super) struct Left {
    /// The name of its channel.
    pub transferer: String,
    /// What it could do by keys.
    pub rights: Rights,
    /// features.conf as it was for it.
    pub features: Features,
    /// The target.
    pub destination: Destination,
    /// Its channel, which rings.
    pub branch: Branch,
    /// What its news come by.
    pub relay: Relay,
}

impl Left {
    /// What the party does that was to be transferred, whose inbox this is.
    pub(super) fn errand(self, inbox: mpsc::Sender<ChannelEvent>) -> Errand {
        self.relay.0.lock().to = inbox;
        Errand::new(move |channel| {
            Box::pin(async move {
                channel.part().await;
                if self.settle(channel).await? { Ok(Flow::Next) } else { Err(Stop::NORMAL) }
            })
        })
    }

    /// Whether somebody answered, who is joined then.
    async fn settle(self, channel: &mut Channel) -> Result<bool, Stop> {
        let Self { transferer, rights, features, destination, branch, relay } = self;
        let (answered, gone) = {
            let mut state = relay.0.lock();
            (state.answered.take(), state.gone)
        };
        if let Some(peer) = answered {
            meet(channel, &branch, peer, None).await;
            return Ok(true);
        }
        let ringing = if gone { Vec::new() } else { vec![branch] };
        if ring(channel, ringing, &features, None).await? {
            return Ok(true);
        }
        let retries = if features.drop_call { 0 } else { features.callback_retries };
        // PJSIP/alice-00000001 was a channel of PJSIP/alice.
        let device = transferer.rsplit_once('-').map_or("", |(device, _)| device);
        for left in (0..retries).rev() {
            tracing::info!("{}: nobody took the transfer: {device} is called back", channel.name());
            learn(channel.exchange(), device).await;
            let back = resolve(channel.exchange(), device, channel.name());
            if ring(channel, call(channel, &back), &features, Some(rights)).await? {
                return Ok(true);
            }
            if left > 0 {
                channel.pause(features.loop_delay).await?;
                let again = call(channel, std::slice::from_ref(&destination));
                if ring(channel, again, &features, None).await? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

fn call(channel: &Channel, whom: &[Destination]) -> Vec<Branch> {
    let call = |to: &Destination| to.call(channel.exchange(), Calling::of(channel), None);
    whom.iter().map(call).collect()
}

/// Lets the party hear ringing until one of them answers and is joined; `false` when nobody does
/// in the time for it.
async fn ring(
    channel: &mut Channel,
    branches: Vec<Branch>,
    features: &Features,
    rights: Option<Rights>,
) -> Result<bool, Stop> {
    let until = channel.until(features.no_answer_timeout);
    tones::start(channel, "ring").await;
    let answered = until_answered(channel, &branches, until).await;
    channel.stop_background().await;
    let who = match &answered {
        Ok(Some((who, _))) => Some(who.channel),
        _ => None,
    };
    for other in branches.iter().filter(|branch| Some(branch.channel) != who) {
        other.tell(Control::Hangup(Cause::NORMAL));
    }
    match answered? {
        Some((branch, peer)) => {
            meet(channel, branch, peer, rights).await;
            Ok(true)
        }
        None => Ok(false),
    }
}

async fn until_answered<'b>(
    channel: &mut Channel,
    branches: &'b [Branch],
    until: Instant,
) -> Result<Option<(&'b Branch, Peer)>, Stop> {
    let mut left: Vec<&Branch> = branches.iter().collect();
    while !left.is_empty() {
        match channel.wait(Some(until)).await? {
            Happening::Deadline => return Ok(None),
            Happening::Branch(from, event) => {
                let Some(at) = left.iter().position(|branch| branch.channel == from) else {
                    continue;
                };
                match event {
                    BranchEvent::Answered(peer) => {
                        return Ok(left.get(at).map(|branch| (*branch, peer)));
                    }
                    BranchEvent::Gone { .. } => {
                        left.swap_remove(at);
                    }
                    _ => {}
                }
            }
            Happening::Digit(_) | Happening::Played(_) => {}
        }
    }
    Ok(None)
}

async fn meet(channel: &mut Channel, branch: &Branch, peer: Peer, rights: Option<Rights>) {
    if let Some(own) = channel.as_peer("") {
        branch.tell(Control::Join(Join { peer: own, instead_of: None, rights }));
    }
    channel.join(peer).await;
}
