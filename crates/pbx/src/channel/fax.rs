//! A fax (T.38) in a call: the machine of one side wants it, by a re-INVITE that turns the voice
//! into an image, and is answered once the other side's machine has been asked. Both sides change
//! or neither does; back to the voice goes whoever wants to, and the other side follows. A call
//! that begins with a fax offers it to whoever is called, and is answered as that one answers.

use std::time::{Duration, Instant};

use sidetone_base::ChannelId;
use sidetone_sdp::attributes::Fax;
use sidetone_sdp::negotiation::{Cause, Fault, Reject, Wish};
use sidetone_sdp::plan::{MediaKind, StreamState};
use sidetone_sdp::{Negotiation, Session};
use sidetone_sip::{Method, Request};
use sidetone_ua::api::TransactionId;

use super::proposal::Proposal;
use super::{Channel, Control, MediaError, State};

/// How long the other side may take: an offer there has 32 seconds, and some more for the way.
const MAX_WAIT: Duration = Duration::from_secs(35);
/// Between the end of a bridge and the voice for whoever stays: most calls end within it.
const ALONE: Duration = Duration::from_secs(1);

/// Why a call that begins with a fax is refused.
pub(super) const NOBODY: &str = "nobody on the other side takes a fax (T.38)";

/// What the two sides of a bridge tell each other of a fax.
#[derive(Debug)]
pub enum FaxNews {
    /// My party wants a fax: ask yours.
    Wanted {
        /// Which channel asks.
        channel: ChannelId,
        /// What its machine says of itself.
        fax: Fax,
    },
    /// What your question came to.
    Answered {
        /// Which channel answers.
        channel: ChannelId,
        /// What its machine says of itself; `None` when it takes no fax.
        fax: Option<Fax>,
    },
    /// My party wants the voice again.
    Over {
        /// Which channel says so.
        channel: ChannelId,
    },
}

impl FaxNews {
    /// Who tells it.
    pub(crate) fn teller(&mut self) -> &mut ChannelId {
        match self {
            Self::Wanted { channel, .. }
            | Self::Answered { channel, .. }
            | Self::Over { channel } => channel,
        }
    }
}

/// A fax of this channel.
#[derive(Debug, Default)]
pub(crate) struct Faxing {
    /// The call begins with it and is not answered: what the caller's machine says of itself.
    first: Option<Fax>,
    /// Such a call was answered on the other side: what that machine says of itself.
    met: Option<Fax>,
    /// The offer of our party that waits for the other side.
    waiting: Option<Box<Waiting>>,
    /// What was wanted of media before the fax.
    pub(super) voice: Option<Box<Wish>>,
}

#[derive(Debug)]
struct Waiting {
    transaction: TransactionId,
    request: Request,
    /// Who was asked.
    asked: ChannelId,
    until: Instant,
}

/// What an offer of the party means.
enum Meaning {
    Begins(Fax),
    Ends,
    Nothing,
}

fn image(negotiation: &Negotiation) -> Option<&Fax> {
    let mut streams = negotiation.plan().streams.iter();
    let active = |kind, state| kind == MediaKind::Image && state == StreamState::Active;
    streams.find(|stream| active(stream.kind, stream.state)).and_then(|stream| stream.fax.as_ref())
}

impl Channel {
    /// Whether a fax has taken the place of the voice.
    #[must_use]
    pub fn is_faxing(&self) -> bool {
        self.media.as_ref().is_some_and(|media| image(&media.negotiation).is_some())
    }

    /// The state of the fax, in the words of `CHANNEL(pjsip,t38state)`.
    #[must_use]
    pub fn fax_state(&self) -> &'static str {
        match self.is_faxing() {
            true => "ENABLED",
            false if self.is_waiting_for_fax() => "REMOTE_REINVITE",
            false if self.proposes_fax() => "LOCAL_REINVITE",
            false => "DISABLED",
        }
    }

    pub(super) fn is_waiting_for_fax(&self) -> bool {
        self.faxing.waiting.is_some()
    }

    /// When [`Self::stop_waiting_for_fax`] is due: in time, or at once when nobody can answer.
    pub(super) fn fax_due(&self) -> Option<Instant> {
        let waiting = self.faxing.waiting.as_ref()?;
        let there = self.peer.as_ref().is_some_and(|peer| peer.channel == waiting.asked);
        Some(if there { waiting.until } else { self.exchange.now() })
    }

    pub(super) fn first_fax(&self) -> Option<&Fax> {
        self.faxing.first.as_ref()
    }

    /// Notes that the call begins with a fax.
    pub(crate) fn begin_with_fax(&mut self, fax: Option<Fax>) {
        self.faxing.first = fax;
    }

    /// Whether an offer has a fax and nothing else, which our party may have.
    pub(super) fn begins_with_fax(&mut self, body: &[u8]) -> bool {
        let offer = Session::parse(body).ok().filter(|_| self.endpoint.fax.udptl);
        let mut wanted = offer.iter().flat_map(|it| &it.media).filter(|it| it.line.port != 0);
        let fax = wanted.next().filter(|media| Fax::is_in(media)).map(Fax::of);
        self.faxing.first = fax.filter(|_| wanted.next().is_none()).map(|fax| self.told(fax));
        self.faxing.first.is_some()
    }

    /// Somebody answered: if the call begins with a fax, this is who takes it.
    pub fn meet_fax(&mut self, fax: Option<Fax>) {
        self.faxing.met = fax.filter(|_| self.faxing.first.is_some() || self.far_end.is_some());
    }

    /// What the machine of our party, or behind the far end, says of itself.
    pub(super) fn own_fax(&self) -> Option<Fax> {
        let own = self.media.as_ref().and_then(|media| image(&media.negotiation)).cloned();
        own.map(|fax| self.told(fax)).or_else(|| self.faxing.met.clone())
    }

    fn take_met(&mut self) -> Result<Fax, MediaError> {
        let fault = Fault { line: None, cause: Cause::Unwanted, text: NOBODY.to_owned() };
        let refused = || MediaError::Refused(Reject { status: 488, faults: vec![fault] });
        self.faxing.met.take().ok_or_else(refused)
    }

    /// Answers the INVITE that begins with a fax.
    pub(super) async fn answer_first_fax(&mut self) -> Result<String, MediaError> {
        let met = self.take_met()?;
        let request = self.signalling.request.clone().ok_or(MediaError::NoMedia)?;
        self.begin_fax(met);
        let sdp = self.answer_offer(&request.body, &self.wish.clone()).await?;
        self.faxing.first = None;
        Ok(sdp)
    }

    /// The same of an end that runs the dialplan: the other end hears who takes the fax.
    pub(super) fn pass_first_fax(&mut self) -> Result<(), MediaError> {
        if self.faxing.first.is_some() {
            let fax = Some(self.take_met()?);
            self.faxing.first = None;
            self.tell_far_end(Control::Fax(FaxNews::Answered { channel: self.id, fax }));
        }
        Ok(())
    }

    fn meaning(&self, request: &Request) -> Meaning {
        let faxes = self.is_faxing();
        let names_images =
            request.body.windows(7).any(|word| word.eq_ignore_ascii_case(b"m=image"));
        if !faxes && !names_images {
            return Meaning::Nothing;
        }
        let Ok(offer) = Session::parse(&request.body) else {
            return Meaning::Nothing;
        };
        let offered = offer.media.iter().find(|media| media.line.port != 0 && Fax::is_in(media));
        match (offered, faxes) {
            (Some(media), false) => Meaning::Begins(self.told(Fax::of(media))),
            (None, true) => Meaning::Ends,
            (Some(_), true) | (None, false) => Meaning::Nothing,
        }
    }

    /// What others are told of our party's machine (`t38_udptl_maxdatagram`).
    fn told(&self, fax: Fax) -> Fax {
        match self.endpoint.fax.max_datagram {
            0 => fax,
            bytes => fax.with_max_datagram(bytes),
        }
    }

    /// Whether an offer of the party is answered later, once the other side was asked for a fax.
    /// One that ends a fax is answered at once, and the other side told.
    pub(super) fn waits_for_fax(&mut self, transaction: TransactionId, request: &Request) -> bool {
        let fax = match self.meaning(request) {
            Meaning::Nothing => return false,
            Meaning::Ends => {
                self.fax_is_over();
                if let Some(peer) = &self.peer {
                    peer.tell(Control::Fax(FaxNews::Over { channel: self.id }));
                }
                return false;
            }
            Meaning::Begins(fax) => fax,
        };
        let may = self.endpoint.fax.udptl && self.state == State::Up && !self.is_offering();
        let Some(peer) = self.peer.as_ref().filter(|_| may && request.method == Method::Invite)
        else {
            return false;
        };
        if !peer.tell(Control::Fax(FaxNews::Wanted { channel: self.id, fax })) {
            return false;
        }
        self.faxing.waiting = Some(Box::new(Waiting {
            transaction,
            request: request.clone(),
            asked: peer.channel,
            until: self.exchange.now() + MAX_WAIT,
        }));
        true
    }

    pub(super) async fn fax_news(&mut self, news: FaxNews) {
        if self.far_end.is_some() {
            return self.relay_fax(news);
        }
        match news {
            // Both machines asked at once: each question is the answer to the other.
            FaxNews::Wanted { channel, fax } if self.has_asked(channel) => {
                Box::pin(self.answer_waiting(Some(fax))).await;
            }
            FaxNews::Wanted { channel, fax } => self.fax_wanted(channel, fax),
            FaxNews::Answered { channel, fax } => {
                let peer = self.peer.as_ref().filter(|peer| peer.channel == channel);
                if self.has_asked(channel) {
                    Box::pin(self.answer_waiting(fax)).await;
                } else if let Some(peer) = peer.filter(|_| fax.is_some() && !self.is_faxing()) {
                    // Our party took its wish back meanwhile.
                    peer.tell(Control::Fax(FaxNews::Over { channel: self.id }));
                }
            }
            FaxNews::Over { channel } => {
                let faxes = self.is_faxing() || self.proposes_fax();
                if faxes && self.peer.as_ref().is_some_and(|peer| peer.channel == channel) {
                    self.give_voice_back();
                }
            }
        }
    }

    fn has_asked(&self, channel: ChannelId) -> bool {
        self.faxing.waiting.as_ref().is_some_and(|waiting| waiting.asked == channel)
    }

    fn fax_wanted(&mut self, channel: ChannelId, fax: Fax) {
        let known = self.media.as_ref().and_then(|media| image(&media.negotiation)).cloned();
        if known.is_some() {
            let known = known.map(|fax| self.told(fax));
            return self.tell_of_fax(channel, known);
        }
        let may = self.endpoint.fax.udptl && self.state == State::Up;
        if !may || self.signalling.dialog.is_none() || self.is_waiting_for_fax() {
            return self.tell_of_fax(channel, None);
        }
        self.propose(Proposal::Fax { fax, asked_by: channel }, self.exchange.now());
    }

    /// Answers whoever asked for a fax, if it is still there.
    pub(super) fn tell_of_fax(&self, asked_by: ChannelId, fax: Option<Fax>) {
        if let Some(peer) = self.peer.as_ref().filter(|peer| peer.channel == asked_by) {
            peer.tell(Control::Fax(FaxNews::Answered { channel: self.id, fax }));
        }
    }

    /// Our party took the fax that was offered to it.
    pub(super) fn fax_taken(&mut self, ours: Fax, asked_by: ChannelId) {
        self.begin_fax(ours);
        let theirs = self.media.as_ref().and_then(|media| image(&media.negotiation)).cloned();
        let theirs = theirs.map(|fax| self.told(fax));
        self.tell_of_fax(asked_by, theirs);
    }

    pub(crate) fn begin_fax(&mut self, ours: Fax) {
        let voice = std::mem::replace(&mut self.wish, Wish::fax(ours));
        self.faxing.voice.get_or_insert(Box::new(voice));
    }

    /// The fax is over, or did not come to be: what was wanted before holds again.
    pub(super) fn fax_is_over(&mut self) {
        if let Some(voice) = self.faxing.voice.take() {
            self.wish = *voice;
        }
    }

    /// Answers the offer that waits.
    async fn answer_waiting(&mut self, fax: Option<Fax>) {
        let Some(waiting) = self.faxing.waiting.take() else {
            return;
        };
        let taken = fax.is_some();
        if let Some(fax) = fax {
            self.begin_fax(fax);
        }
        let reply = self.reoffered(&waiting.request).await;
        if taken && !self.is_faxing() {
            self.fax_is_over();
            if let Some(peer) = &self.peer {
                peer.tell(Control::Fax(FaxNews::Over { channel: self.id }));
            }
        }
        self.signalling.shard.respond(waiting.transaction, reply).await;
    }

    /// The party cancelled its offer: whatever the other side says, the voice stays.
    pub(super) fn fax_withdrawn(&mut self, offer: TransactionId) {
        self.faxing.waiting.take_if(|waiting| waiting.transaction == offer);
    }

    /// Nobody will say any more whether a fax is taken: it is not.
    pub(super) async fn stop_waiting_for_fax(&mut self) {
        self.answer_waiting(None).await;
    }

    /// Offers the party the voice again.
    pub(super) fn give_voice_back(&mut self) {
        self.propose(Proposal::Voice, self.exchange.now());
    }

    /// The new peer has a voice and no fax: so shall our party.
    pub(super) fn fax_joined(&mut self) {
        let has = |kind| self.peer.iter().flat_map(|peer| &peer.streams).any(|s| s.kind == kind);
        let may = self.is_faxing() || self.far_end.is_some();
        if may && has(MediaKind::Audio) && !has(MediaKind::Image) {
            self.give_voice_back();
        }
    }

    /// The peer is gone: whoever stays wants to hear something, unless the call ends too.
    pub(super) fn fax_parted(&mut self) {
        if self.is_faxing() || self.far_end.is_some() {
            self.propose(Proposal::Voice, self.exchange.now() + ALONE);
        }
    }
}
