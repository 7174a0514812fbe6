//! What a channel offers its party on behalf of the other side of the bridge, in the middle of a
//! call: a fax instead of the voice, the voice again, a hold that is passed on, pictures. The offer
//! goes out as soon as it can and nobody waits for the answer; one that meets an offer of the party
//! is made again.

use std::time::{Duration, Instant};

use sidetone_base::ChannelId;
use sidetone_sdp::attributes::Fax;
use sidetone_sdp::plan::Direction;
use sidetone_ua::api::DialogRequest;

use super::{Channel, Control, FaxNews, State, signal};
use crate::message::{self, ALLOW};

/// While another offer is open, ours waits.
const POSTPONED: Duration = Duration::from_millis(500);
/// How often it waits or is made again: half a minute, as long as an offer takes at most.
const MAX_TRIES: u8 = 60;

/// What is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Proposal {
    /// A fax instead of the voice.
    Fax {
        /// What the other side's fax says of itself.
        fax: Fax,
        /// Who wants to know whether it is taken.
        asked_by: ChannelId,
    },
    /// The voice instead of a fax.
    Voice,
    /// The other side holds the call, or no more.
    Hold(bool),
    /// The other side shows pictures for which the party has no stream.
    Pictures,
}

/// How an offer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Agreed.
    Accepted,
    /// Refused, or not answered: everything is as it was.
    Refused,
    /// The party said 200 and an answer that leaves nothing: it believes the media gone.
    Unusable,
    /// It met an offer of the party; how long to wait before the next.
    Glare(Duration),
}

/// The offer that is due, and the one that is open.
#[derive(Debug, Default)]
pub(crate) struct Proposing {
    due: Option<Box<(Instant, Proposal)>>,
    tries: u8,
    open: Option<Box<Proposal>>,
    /// The other side holds the call, and the party is to know.
    held: bool,
}

impl Channel {
    /// Offers this as soon as it can be, not before a moment. Replaces what was due.
    pub(super) fn propose(&mut self, proposal: Proposal, at: Instant) {
        self.proposing.tries = 0;
        if let Some(dropped) = self.proposing.due.replace(Box::new((at, proposal))) {
            // What takes its place may be over soon, and then the pictures are still there.
            self.pictures.wanted |= dropped.1 == Proposal::Pictures;
            self.proposal_failed(&dropped.1);
        }
    }

    /// Passes on that the other side holds the call, or holds it no more (`moh_passthrough`).
    pub(super) fn pass_hold(&mut self, held: bool) {
        if self.proposing.held != held {
            self.proposing.held = held;
            self.propose(Proposal::Hold(held), self.exchange.now());
        }
    }

    /// When [`Self::keep_proposed`] has something to do.
    pub(super) fn proposal_due(&self) -> Option<Instant> {
        self.proposing.due.as_ref().map(|due| due.0)
    }

    /// Whether a fax is offered to the party, or about to be.
    pub(super) fn proposes_fax(&self) -> bool {
        let due = self.proposing.due.as_ref().map(|due| &due.1);
        let mut both = due.into_iter().chain(self.proposing.open.as_deref());
        both.any(|proposal| matches!(proposal, Proposal::Fax { .. }))
    }

    /// Offers what is due; called whenever the channel wakes.
    pub(super) async fn keep_proposed(&mut self) {
        let now = self.exchange.now();
        let is_idle = self.proposing.due.is_none() && self.proposing.open.is_none();
        if is_idle && std::mem::take(&mut self.pictures.wanted) {
            self.propose(Proposal::Pictures, now);
        }
        if let Some(due) = self.proposing.due.take_if(|due| due.0 <= now) {
            // Rare, and large: a channel's future must not hold it all the time.
            Box::pin(self.offer_proposal(due.1)).await;
        }
        if self.fax_due().is_some_and(|due| due <= now) {
            Box::pin(self.stop_waiting_for_fax()).await;
        }
    }

    async fn offer_proposal(&mut self, proposal: Proposal) {
        if proposal == Proposal::Voice && self.far_end.is_some() {
            return self.tell_far_end(Control::Fax(FaxNews::Over { channel: self.id }));
        }
        let dialog = self.signalling.dialog.filter(|_| self.media.is_some());
        let Some(dialog) = dialog.filter(|_| self.is_news(&proposal)) else {
            return self.proposal_failed(&proposal);
        };
        if self.state != State::Up || self.is_offering() || self.is_waiting_for_fax() {
            return self.propose_again(proposal, POSTPONED);
        }
        let wish = match &proposal {
            Proposal::Fax { fax, .. } => sidetone_sdp::Wish::fax(fax.clone()),
            Proposal::Voice => self.faxing.voice.as_deref().unwrap_or(&self.wish).clone(),
            Proposal::Hold(true) => self.standing_wish().directed(Direction::SendOnly),
            Proposal::Hold(false) => self.standing_wish().directed(Direction::SendRecv),
            Proposal::Pictures => self.wish_for_pictures(),
        };
        let offer = match self.make_offer(&wish, None).await {
            Ok(offer) => offer,
            Err(error) => {
                tracing::warn!("{}: cannot offer {proposal:?}: {error}", self.name);
                return self.proposal_failed(&proposal);
            }
        };
        let headers = vec![("Allow".to_owned(), ALLOW.to_owned())];
        let body = Some(message::sdp_body(offer));
        let method = sidetone_sip::Method::Invite;
        let request = DialogRequest { method, headers, body };
        self.reoffer = signal::Reoffer::Refused;
        self.proposing.open = Some(Box::new(proposal));
        self.signalling.shard.in_dialog(dialog, request, self.own_inbox.clone()).await;
    }

    /// Whether there is something left to offer.
    fn is_news(&self, proposal: &Proposal) -> bool {
        let faxes = self.is_faxing();
        match proposal {
            Proposal::Fax { .. } | Proposal::Hold(_) => !faxes,
            Proposal::Voice => faxes,
            Proposal::Pictures => !faxes && self.lacks_pictures(),
        }
    }

    fn propose_again(&mut self, proposal: Proposal, after: Duration) {
        self.proposing.tries += 1;
        if self.proposing.tries > MAX_TRIES || self.proposing.due.is_some() {
            return self.proposal_failed(&proposal);
        }
        self.proposing.due = Some(Box::new((self.exchange.now() + after, proposal)));
    }

    /// An offer of ours ended; if it was one of these, what follows from it.
    pub(super) fn proposal_ended(&mut self, outcome: Outcome) {
        let Some(proposal) = self.proposing.open.take() else {
            return;
        };
        match outcome {
            Outcome::Glare(after) => {
                if *proposal == Proposal::Pictures {
                    self.pictures_unseen();
                }
                self.propose_again(*proposal, after);
            }
            Outcome::Refused | Outcome::Unusable => {
                self.proposal_failed(&proposal);
                if outcome == Outcome::Unusable && matches!(*proposal, Proposal::Fax { .. }) {
                    self.give_voice_back();
                }
            }
            Outcome::Accepted => match *proposal {
                Proposal::Fax { fax, asked_by } => self.fax_taken(fax, asked_by),
                Proposal::Voice => self.fax_is_over(),
                Proposal::Hold(held) => {
                    let direction = if held { Direction::SendOnly } else { Direction::SendRecv };
                    self.wish = self.wish.clone().directed(direction);
                }
                // The plan changed, and with it what is passed on.
                Proposal::Pictures => {}
            },
        }
    }

    fn proposal_failed(&mut self, proposal: &Proposal) {
        if let Proposal::Fax { asked_by, .. } = proposal {
            self.tell_of_fax(*asked_by, None);
        }
    }
}
