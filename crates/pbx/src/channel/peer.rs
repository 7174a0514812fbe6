//! Step 8 of the INVITE walk, seen from one channel: whom it talks with. A channel is joined,
//! handed another peer, left, or sent elsewhere; each of these arrives as a [`Control`] and is
//! done here, in the channel's own task. What a bridge is made of stands in `bridge.rs`, who
//! may move whom in `transfer.rs`.
//!
//! The two sides of a bridge are equal: each knows its [`Peer`], and whoever leaves tells the
//! other. A message to a channel that is just ending is answered by [`Channel::give_up`], so that
//! nobody waits for the dead.

use std::fmt;

use sidetone_base::{ChannelId, LegId};
use sidetone_dialplan::{Host as _, Position, Stop};
use sidetone_events::Event;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use sidetone_sdp::attributes::Fax;

use super::{BranchEvent, Channel, ChannelEvent, Control, State, StreamFact};
use crate::Cause;
use crate::application::Execution;
use crate::bridge::{self, BridgeEnd};

/// The other side of a two-party bridge.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Which channel.
    pub channel: ChannelId,
    /// Its name.
    pub name: String,
    /// Its inbox.
    pub inbox: mpsc::Sender<ChannelEvent>,
    /// Its media leg.
    pub leg: LegId,
    /// Its streams.
    pub streams: Vec<StreamFact>,
    /// The class of music that the other side hears while it holds.
    pub music: String,
    /// Name of the bridge.
    pub bridge: String,
    /// The called end of a Local channel that is about to leave the way.
    pub passing: bool,
    /// What its party's fax says of itself, if that has taken the place of the voice.
    pub fax: Option<Fax>,
}

impl Peer {
    /// Tells it something. `false` when it is gone, or has no room ([`deliver`]).
    pub fn tell(&self, control: Control) -> bool {
        deliver(&self.inbox, control)
    }
}

/// Tells a channel something. `false` when it is gone, or so far behind that it has no room.
///
/// That somebody is gone or that the call is over is never lost, or the channel would wait for
/// ever: without room it is handed over as soon as there is some, by a task that waits for that.
/// There is at most one such task for each channel that ends.
pub(crate) fn deliver(inbox: &mpsc::Sender<ChannelEvent>, control: Control) -> bool {
    let is_end = matches!(control, Control::PeerGone { .. } | Control::Hangup(_));
    match inbox.try_send(control.into()) {
        Ok(()) => true,
        Err(TrySendError::Full(event)) if is_end => {
            tracing::warn!("a channel is behind with its events: the end of a call waits for it");
            let inbox = inbox.clone();
            let Ok(runtime) = tokio::runtime::Handle::try_current() else { return false };
            // It may end meanwhile by itself.
            runtime.spawn(async move { inbox.send(event).await.is_ok() });
            true
        }
        Err(_) => false,
    }
}

/// What a party may do during a bridge by pressing feature codes (`features.conf`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Send the other side elsewhere (Dial's `t` and `T`).
    pub transfer: bool,
    /// Hang up (`h` and `H`).
    pub disconnect: bool,
    /// Park the other side (`k` and `K`).
    pub park: bool,
    /// It is not shown when the other side changes (`I`).
    pub no_updates: bool,
}

/// Be joined with a peer that joined you already.
#[derive(Debug)]
pub struct Join {
    /// Which.
    pub peer: Peer,
    /// The peer it replaces; another one than this is not given up.
    pub instead_of: Option<ChannelId>,
    /// What this side may do from now on; `None` leaves it as it is.
    pub rights: Option<Rights>,
}

/// Give your place in a call to somebody else.
#[derive(Debug)]
pub struct HandOver {
    /// Who takes the place.
    pub to: Peer,
    /// Who asks; `to` is bridged with it until then, or is the one who asks.
    pub from: ChannelId,
    /// A place in the dialplan will do if there is no peer.
    pub anywhere: bool,
    /// Its inbox: hears [`Control::HandedOver`].
    pub reply: mpsc::Sender<ChannelEvent>,
}

impl HandOver {
    fn answer(&self, done: bool) -> bool {
        self.reply.try_send(Control::HandedOver(done).into()).is_ok()
    }

    /// It cannot be done. If nobody is there to hear it, whom it was for is alone.
    fn fail(&self) {
        if !self.answer(false) {
            self.to.tell(Control::PeerGone { channel: self.from, cause: Cause::NORMAL });
        }
    }
}

/// Leave whatever you do and go on in the dialplan.
#[derive(Debug)]
pub struct Redirect {
    /// Where.
    pub to: Position,
    /// Variables to set first.
    pub variables: Vec<(String, String)>,
}

/// Something that an application of one channel wants done on another, in that one's own task.
pub struct Errand(Box<Run>);

type Run = dyn for<'a> FnOnce(&'a mut Channel) -> Execution<'a> + Send + Sync;

impl Errand {
    /// Wraps what is to be done. It reports back by means of its own.
    pub fn new(
        run: impl for<'a> FnOnce(&'a mut Channel) -> Execution<'a> + Send + Sync + 'static,
    ) -> Self {
        Self(Box::new(run))
    }

    /// Does it.
    ///
    /// # Errors
    /// [`Stop`] when the channel is hung up meanwhile.
    pub async fn run(self, channel: &mut Channel) -> Result<(), Stop> {
        (self.0)(channel).await.map(|_| ())
    }
}

impl fmt::Debug for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Errand")
    }
}

/// What a channel knows of its bridge besides the peer.
#[derive(Debug, Default)]
pub(crate) struct Bridging {
    /// Its task is in a bridge, or waits to be joined.
    pub waits: bool,
    /// How the last bridge ended.
    pub end: Option<BridgeEnd>,
    /// The peer that is put in place of the application that runs, once that has ended.
    pub taken: Option<Box<Peer>>,
    /// Where it was sent.
    pub redirect: Option<Position>,
    /// Whom it wants to hand over, until it is done or refused.
    pub handing: Option<Peer>,
    /// Whom it keeps waiting while it talks with somebody else (consultation).
    pub held: Option<Peer>,
    /// What its party may do.
    pub rights: Rights,
    /// What is to be done on it.
    pub errand: Option<Errand>,
    /// Only `h` runs now, on a channel that is over.
    pub over: bool,
    /// It has a place in the dialplan, and so an `h` extension.
    pub in_dialplan: bool,
    /// Its application waits for those it called, and takes whoever comes in their place.
    pub dials: bool,
    /// Unanswered, it gave its place to somebody: whoever comes after that is too late.
    pub given_away: bool,
    /// Who called it.
    pub owner: Option<mpsc::Sender<ChannelEvent>>,
}

impl Channel {
    /// The other side of the bridge.
    #[must_use]
    pub fn peer(&self) -> Option<&Peer> {
        self.peer.as_ref()
    }

    /// What its party may do by feature codes.
    #[must_use]
    pub fn rights(&self) -> Rights {
        self.bridging.rights
    }

    /// Whether keys of its party may be feature codes: it has rights, or `DYNAMIC_FEATURES`.
    pub(crate) fn has_features(&self) -> bool {
        self.rights() != Rights::default() || self.variable("DYNAMIC_FEATURES").is_some()
    }

    /// Gives the channel a place in the dialplan, whose `h` extension runs in the end.
    pub fn place(&mut self, position: &Position) {
        self.set_position(position);
        self.bridging.in_dialplan = true;
    }

    /// Changes what its party may do.
    pub fn set_rights(&mut self, rights: Rights) {
        self.bridging.rights = rights;
    }

    /// Why the channel must leave what it does, if it must.
    pub(super) fn check_stop(&self) -> Result<(), Stop> {
        if let Some(stop) = &self.stop {
            return Err(stop.clone());
        }
        if let Some(to) = &self.bridging.redirect {
            return Err(Stop::Redirect(to.clone()));
        }
        if self.bridging.taken.is_some() { Err(Stop::Detached) } else { Ok(()) }
    }

    /// Leaves the peer and tells it so.
    pub async fn leave(&mut self, cause: Cause) {
        if let Some(peer) = self.peer.as_ref().filter(|_| self.bridging.handing.is_none()) {
            peer.tell(Control::PeerGone { channel: self.id, cause });
        }
        if let Some(held) = self.bridging.held.take() {
            held.tell(Control::PeerGone { channel: self.id, cause });
        }
        self.part().await;
    }

    /// Keeps the peer waiting, with music or as it is, so that the channel may do something else
    /// or be joined with somebody else meanwhile.
    pub async fn hold_peer(&mut self, music: bool) {
        if music {
            self.let_wait(true);
        }
        self.bridging.held = self.peer.clone();
        self.part().await;
    }

    /// The peer that waits, if it still does.
    #[must_use]
    pub fn held_peer(&self) -> Option<&Peer> {
        self.bridging.held.as_ref()
    }

    /// Leaves whoever it talks with and goes back to the peer that waits.
    pub async fn leave_for_held(&mut self) {
        let held = self.bridging.held.take();
        self.leave(Cause::NORMAL).await;
        if let Some(held) = held {
            self.join(held).await;
            self.let_wait(false);
        }
    }

    /// Talks with the peer that waits, while the one it talked with waits.
    pub async fn swap_with_held(&mut self) {
        if let Some(held) = self.bridging.held.take() {
            self.hold_peer(true).await;
            self.join(held).await;
            self.let_wait(false);
        }
    }

    /// Lets the peer hear music, as if the party held the call; or no more.
    pub fn let_wait(&self, waits: bool) {
        let mut streams = self.streams();
        if waits {
            streams.iter_mut().for_each(|stream| stream.hears = false);
        }
        if let Some(peer) = &self.peer {
            peer.tell(Control::PeerStreams { channel: self.id, streams });
        }
    }

    /// Gives the peer that waits to the one the channel talks with now; then it is done.
    /// `false` when one of them is gone.
    pub async fn give_held_peer(&mut self) -> bool {
        let (Some(held), Some(peer)) = (self.bridging.held.clone(), self.peer.clone()) else {
            return false;
        };
        let to = Peer { bridge: bridge::name(&self.exchange), ..held };
        if !peer.tell(Control::TakePeer { peer: to, instead_of: Some(self.id) }) {
            return false;
        }
        self.bridging.held = None;
        self.release(BridgeEnd::Transferred).await;
        true
    }

    /// Leaves the peer that waits to an errand of its own, and is done with it.
    pub fn leave_held_to(&mut self, errand: Errand) {
        if let Some(held) = self.bridging.held.take() {
            held.tell(Control::Errand(errand));
        }
    }

    /// Sends the peer that waits on in the dialplan.
    pub fn send_held_peer(&mut self, to: Position) {
        if let Some(held) = self.bridging.held.take() {
            held.tell(Control::Redirect(Redirect { to, variables: Vec::new() }));
        }
    }

    /// Leaves the peer, which goes on elsewhere and needs to hear nothing.
    pub(crate) async fn release(&mut self, end: BridgeEnd) {
        self.part().await;
        self.bridging.handing = None;
        self.bridging.end = Some(end);
    }

    /// Whether it is called and has not answered.
    fn is_called(&self) -> bool {
        matches!(self.state, State::Down | State::Ringing)
    }

    pub(super) async fn joined(&mut self, join: Join) {
        let Join { peer, instead_of, rights } = join;
        let old = self.peer.as_ref().map(|old| old.channel);
        let expected = old.is_none_or(|old| old == peer.channel || Some(old) == instead_of);
        if self.stop.is_some() || !(self.is_called() || self.bridging.waits && expected) {
            peer.tell(Control::PeerGone { channel: self.id, cause: self.cause });
            return;
        }
        if let Some(old) = self.peer.take().filter(|old| old.channel != peer.channel) {
            old.tell(Control::PeerGone { channel: self.id, cause: Cause::NORMAL });
        }
        if instead_of.is_some() {
            // Its picture of our streams came by way of somebody else.
            let (channel, streams) = (self.id, self.streams());
            peer.tell(Control::PeerStreams { channel, streams });
            peer.tell(Control::Connected(Box::new(self.caller.clone())));
        }
        self.bridging.rights = rights.unwrap_or(self.bridging.rights);
        self.join(peer).await;
    }

    /// Another peer instead of the one there is, or of the application that runs.
    pub(super) async fn take_peer(&mut self, peer: Peer, instead_of: Option<ChannelId>) {
        if !self.bridging.waits && self.stop.is_none() && self.state == State::Up {
            // The application cleans up first.
            self.bridging.taken = Some(Box::new(peer));
            return;
        }
        self.be_joined(peer, instead_of).await;
    }

    /// Leaves the peer there is for another one, and tells that one.
    pub(crate) async fn be_joined(&mut self, peer: Peer, instead_of: Option<ChannelId>) {
        let own = self.as_peer(&peer.bridge).filter(|_| self.state == State::Up);
        let Some(own) = own.filter(|_| self.stop.is_none()) else {
            let channel = instead_of.unwrap_or(self.id);
            peer.tell(Control::PeerGone { channel, cause: self.cause });
            return;
        };
        if let Some(old) = self.peer.take() {
            old.tell(Control::PeerGone { channel: self.id, cause: Cause::NORMAL });
        }
        let there = peer.tell(Control::Join(Join { peer: own, instead_of, rights: None }));
        peer.tell(Control::Connected(Box::new(self.caller.clone())));
        let bridged = Event::Bridged { caller: peer.channel, callee: self.id };
        self.join(peer).await;
        if !there {
            self.release(BridgeEnd::Peer(Cause::NORMAL)).await;
            return;
        }
        self.exchange.bus().publish(bridged);
    }

    pub(crate) async fn peer_gone(&mut self, channel: ChannelId, cause: Cause) {
        let held = self.bridging.held.take_if(|held| held.channel == channel);
        match &self.peer {
            None if held.is_some() => self.bridging.end = Some(BridgeEnd::Peer(cause)),
            Some(peer) if peer.channel == channel => {
                self.told_mut().hung_up_by = peer.name.clone();
                self.release(BridgeEnd::Peer(cause)).await;
            }
            None if self.bridging.waits => {
                self.bridging.end.get_or_insert(BridgeEnd::Refused);
            }
            _ => {}
        }
    }

    /// Keeps an errand until nothing else runs. Whoever sends one waits for it to be done before
    /// the next, so that a second one is a fault of ours.
    pub(super) fn errand(&mut self, errand: Errand) {
        if self.bridging.errand.replace(errand).is_some() {
            tracing::error!("{}: an errand was dropped for another", self.name);
        }
    }

    pub(super) fn redirected(&mut self, redirect: Redirect) {
        if self.stop.is_some() || self.is_called() {
            tracing::info!("{}: cannot go to {} now", self.name, redirect.to);
            return;
        }
        for (name, value) in redirect.variables {
            self.assign(&name, &value);
        }
        self.bridging.redirect = Some(redirect.to);
    }

    /// Gives its place to somebody else: the peer, the ringing, or the place in the dialplan.
    pub(super) async fn hand_over(&mut self, hand_over: HandOver) {
        if self.stop.is_some() {
            hand_over.fail();
            return;
        }
        if self.is_called() && self.bridging.given_away {
            hand_over.fail();
            return;
        }
        if self.is_called() {
            let news = BranchEvent::Replaced(Box::new(hand_over.to.clone()));
            let owner = self.bridging.owner.as_ref();
            let told = owner.is_some_and(|owner| owner.try_send((self.id, news).into()).is_ok());
            if told {
                self.bridging.given_away = true;
                hand_over.answer(true);
            } else {
                hand_over.fail();
            }
            return;
        }
        let talks = self.state == State::Up && self.bridging.waits;
        if let Some(peer) = self.peer.clone().filter(|_| talks) {
            hand_over.answer(true);
            let HandOver { to, from, .. } = hand_over;
            let orphan = to.clone();
            if !peer.tell(Control::TakePeer { peer: to, instead_of: Some(from) }) {
                orphan.tell(Control::PeerGone { channel: from, cause: Cause::NORMAL });
            }
            self.release(BridgeEnd::Transferred).await;
        } else if self.bridging.in_dialplan && hand_over.anywhere {
            hand_over.answer(true);
            let variables = transfer_variables(&self.name, "");
            let redirect = Redirect { to: self.position(), variables };
            hand_over.to.tell(Control::Redirect(redirect));
            self.note_stop(Cause::NORMAL);
        } else {
            hand_over.fail();
        }
    }

    /// The answer to a hand-over that this channel asked for.
    pub(super) async fn handed_over(&mut self, done: bool) {
        if let Some(watch) = self.sip.watch.take() {
            watch.tell(if done { 200 } else { 603 });
        }
        let handed = self.bridging.handing.take();
        match handed {
            Some(_) if done => self.release(BridgeEnd::Transferred).await,
            // Refused, and we have left meanwhile.
            Some(peer) if self.peer.is_none() => {
                peer.tell(Control::PeerGone { channel: self.id, cause: self.cause });
            }
            None if !done && self.bridging.waits && self.peer.is_none() => {
                self.bridging.end.get_or_insert(BridgeEnd::Refused);
            }
            _ => {}
        }
    }

    /// The channel ends: whoever counts on it, or just asks something of it, hears so.
    pub(super) fn give_up(&mut self) {
        self.inbox.close();
        let gone = |channel| Control::PeerGone { channel, cause: self.cause };
        while let Ok(event) = self.inbox.try_recv() {
            let control = match event {
                ChannelEvent::Control(control) => control,
                ChannelEvent::Branch(from, event) => {
                    turn_away(from, *event, self.cause);
                    continue;
                }
                ChannelEvent::Sip(_) => continue,
            };
            match *control {
                Control::Join(join) => {
                    join.peer.tell(gone(self.id));
                }
                Control::TakePeer { peer, instead_of } => {
                    peer.tell(gone(instead_of.unwrap_or(self.id)));
                }
                Control::HandOver(hand_over) => hand_over.fail(),
                Control::HandedOver(false) => {
                    if let Some(peer) = self.bridging.handing.take() {
                        peer.tell(gone(self.id));
                    }
                }
                _ => {}
            }
        }
        let peer = self.peer.take().filter(|_| self.bridging.handing.is_none());
        let taken = self.bridging.taken.as_deref();
        for peer in peer.iter().chain(&self.bridging.held).chain(taken) {
            peer.tell(gone(self.id));
        }
    }
}

/// Who transferred a channel, after a consultation or without one: the last one counts.
pub(crate) fn transfer_variables(attended: &str, blind: &str) -> Vec<(String, String)> {
    [("ATTENDEDTRANSFER", attended), ("BLINDTRANSFER", blind)]
        .map(|(name, by)| (name.to_owned(), by.to_owned()))
        .to_vec()
}

/// News of a called channel that nobody waits for any more. Whoever came in its place hears that
/// there is nobody to talk with.
pub fn turn_away(from: ChannelId, event: BranchEvent, cause: Cause) {
    if let BranchEvent::Replaced(peer) = event {
        tracing::info!("{}: too late: whom it called in place of another is gone", peer.name);
        peer.tell(Control::PeerGone { channel: from, cause });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_inbox_loses_no_end_of_a_call() {
        let (inbox, mut events) = mpsc::channel(1);
        assert!(deliver(&inbox, Control::Readdress));
        assert!(!deliver(&inbox, Control::ShowConnected), "there is no room for it");
        let channel = ChannelId(7);
        assert!(deliver(&inbox, Control::PeerGone { channel, cause: Cause::NORMAL }));
        assert!(deliver(&inbox, Control::Hangup(Cause::BUSY)));
        let mut seen = Vec::new();
        for _ in 0..3 {
            let Some(ChannelEvent::Control(control)) = events.recv().await else {
                panic!("there is one more")
            };
            seen.push(match *control {
                Control::Readdress => "readdress",
                Control::PeerGone { .. } => "peer gone",
                Control::Hangup(_) => "hangup",
                other => panic!("{other:?}"),
            });
        }
        seen.sort_unstable();
        assert_eq!(seen, ["hangup", "peer gone", "readdress"]);
        drop(events);
        assert!(!deliver(&inbox, Control::Hangup(Cause::BUSY)), "it is gone");
    }
}
