//! What a channel says to its peer over SIP: ringing, progress, answer, hangup, re-offers; and
//! what it answers to requests inside the dialog.

use std::time::Duration;

use sidetone_base::{Destination, Flow};
use sidetone_dialplan::Stop;
use sidetone_sdp::negotiation::Wish;
use sidetone_sdp::trickle::Fragment;
use sidetone_sip::headers::CSeq;
use sidetone_sip::{Method, Name, Request, Response};
use sidetone_ua::api::{
    Command, DialogId, DialogRequest, Failure, Reply, RequestId, TransactionId,
};

use super::media::AnswerIn;
use super::proposal::Outcome;
use super::{Channel, Control, MediaError, State, fax};
use crate::Cause;
use crate::bridge::BridgeEnd;
use crate::message::{self, ALLOW};
use crate::party::info::{InfoDigit, read_info};
use crate::shard::ShardInput;

/// How long the peer may take to answer a re-offer: timer B, 64 × T1.
const REOFFER_DEADLINE: Duration = Duration::from_secs(32);

/// How long an answered call may be without any stream (decision 59): as long as a proxy lets the
/// party ring that somebody else calls meanwhile (timer C, RFC 3261 §16.6).
const STREAMS_DEADLINE: Duration = Duration::from_secs(181);

/// How often an offer that met one of the peer is made again: about half a minute.
const MAX_GLARES: usize = 10;

/// How a re-offer of ours ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Reoffer {
    /// Agreed.
    Accepted,
    /// It met one of the peer's; how long to wait before the next.
    Glare(Duration),
    /// Refused, or not answered.
    #[default]
    Refused,
}

/// The response that says which of codec, profile, encryption or fingerprint kept media from being
/// agreed (FAQ-02): in words, and by the code of the Warning.
fn media_refusal(error: &MediaError) -> Reply {
    let code = match error {
        MediaError::Refused(reject) => reject.cause().warning_code(),
        MediaError::Leg(_) | MediaError::NoMedia => 399,
    };
    let mut reply = message::reply(error.status());
    reply.headers.push(("Warning".to_owned(), message::warning(code, &error.to_string())));
    reply
}

impl Channel {
    /// The peer registered again: if its old connection is gone, this call goes on over the new
    /// one (RFC 5626 §3.1), so that neither side loses the call to a change of networks.
    pub(super) async fn moved(&mut self, flow: Flow, contact: &str) {
        let (Some(old), Some(dialog)) = (self.signalling.flow, self.signalling.dialog) else {
            return;
        };
        let lost = self.exchange.net().flow(old.id).is_none();
        if old.id == flow.id || !lost || !message::same_contact(&self.signalling.peer, contact) {
            return;
        }
        tracing::info!("{}: goes on over a new connection from {}", self.name, flow.remote);
        self.signalling.flow = Some(flow);
        let destination = Destination::Flow(flow.id);
        self.signalling.shard.send(Command::Pin { dialog, destination }).await;
    }

    /// Says `180 Ringing`, once.
    pub async fn ring(&mut self) {
        self.tell_transfer(180);
        if self.state == State::Up || self.signalling.said >= 180 || self.is_stopped() {
            return;
        }
        self.signalling.said = 180;
        self.say(message::reply(180)).await;
        self.set_state(State::Ring);
    }

    /// Whether the peer hears what we play: answered, or early media.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.state == State::Up || self.signalling.said == 183
    }

    /// Says `183 Session Progress` with our description, once: the peer hears us before answer.
    ///
    /// # Errors
    /// When the offer cannot be agreed to.
    pub async fn progress(&mut self) -> Result<(), MediaError> {
        self.tell_transfer(183);
        if self.state == State::Up || self.signalling.said == 183 || self.is_stopped() {
            return Ok(());
        }
        if self.first_fax().is_some() {
            return Err(MediaError::NoMedia);
        }
        let mut reply = message::reply(183);
        let sdp = match self.local_sdp() {
            None if self.may_offer_early() => Some(self.offer_early(&Wish::audio_only()).await?),
            sdp => sdp,
        };
        reply.body = sdp.map(message::sdp_body);
        self.signalling.said = 183;
        self.say(reply).await;
        Ok(())
    }

    /// Whether the INVITE had no offer, and a provisional response of ours may have one: only a
    /// reliable one may (RFC 3261 §13.2.1).
    fn may_offer_early(&self) -> bool {
        let asked = self.request().is_some_and(|request| request.body.is_empty());
        asked && self.signalling.reliable && self.signalling.dialog.is_some()
    }

    /// A PRACK: it carries the answer to an offer in our 183.
    pub(super) async fn pracked(&mut self, body: &[u8]) {
        if !self.awaits(AnswerIn::Prack) {
            return;
        }
        if let Err(error) = self.take_answer(body).await {
            tracing::warn!("{}: the answer in the PRACK is unusable: {error}", self.name);
            self.hang_up(Cause::INCOMPATIBLE).await;
        }
    }

    /// Answers the offer of the INVITE, so that a call without common media is refused at once.
    /// That of a fax is answered when whoever is called has answered it.
    pub(crate) async fn plan_media(&mut self) -> Result<(), MediaError> {
        let Some(request) = self.signalling.request.clone() else {
            return Ok(());
        };
        self.note_info_packages(&request.headers);
        if self.begins_with_fax(&request.body) {
            return Ok(());
        }
        self.answer_offer(&request.body, &self.wish.clone()).await.map(|_| ())
    }

    /// Refuses the INVITE because media cannot be set up, and says why (FAQ-02).
    pub(crate) async fn refuse_media(&mut self, error: &MediaError) {
        self.note_stop(Cause::INCOMPATIBLE);
        let Some(dialog) = self.signalling.dialog.take() else {
            return;
        };
        let mut reply = media_refusal(error);
        reply.headers.extend(self.reason_headers(Cause::INCOMPATIBLE));
        self.signalling.shard.respond_invite(dialog, reply, false).await;
    }

    /// Answers the call; nothing happens when it is answered, or when it is over: an `h` extension
    /// must not answer what is about to be refused.
    ///
    /// # Errors
    /// When media cannot be set up; the caller hears why.
    pub async fn answer(&mut self) -> Result<(), MediaError> {
        if self.state == State::Up {
            self.tell_transfer(200);
        }
        if self.state == State::Up || self.is_stopped() {
            return Ok(());
        }
        if self.far_end.is_some() {
            self.pass_first_fax()?;
            self.signalling.said = 200;
            self.say_locally(200);
            self.set_state(State::Up);
            return Ok(());
        }
        if self.signalling.dialog.is_none() {
            return Ok(());
        }
        let sdp = match self.local_sdp() {
            // What went out reliably is not said again: it would be another offer.
            _ if self.has_offered_early() => None,
            Some(sdp) => Some(sdp),
            None if self.first_fax().is_some() => Some(self.answer_first_fax().await?),
            // The INVITE had no offer: ours goes into the 200, the answer comes with the ACK.
            None => Some(self.offer_in_answer(&Wish::audio_only()).await?),
        };
        let mut reply = message::reply(200);
        reply.body = sdp.map(message::sdp_body);
        self.signalling.said = 200;
        self.say(reply).await;
        self.set_state(State::Up);
        Ok(())
    }

    /// Ends the call on this side: BYE, CANCEL or the final response of the cause.
    pub(crate) async fn hang_up(&mut self, cause: Cause) {
        self.note_stop(cause);
        self.hang_up_locally(self.cause);
        self.tell_transfer_failed(cause);
        if let Some(invite) = self.signalling.invite.take() {
            let headers = self.reason_headers(cause);
            self.signalling.shard.send(Command::Cancel { invite, headers }).await;
        }
        let Some(dialog) = self.signalling.dialog.take() else {
            return;
        };
        if self.state == State::Up || self.signalling.said == 0 && self.is_ours() {
            self.say_goodbye(dialog, cause).await;
            return;
        }
        let status = self.sip.refusal.unwrap_or_else(|| self.status_of(cause));
        let mut reply = message::reply(status);
        reply.headers.extend(self.reason_headers(cause));
        if status == 488 && self.first_fax().is_some() {
            reply.headers.push(("Warning".to_owned(), message::warning(304, fax::NOBODY)));
        }
        self.signalling.shard.respond_invite(dialog, reply, false).await;
    }

    /// The status that tells a cause. Of the callee itself that it declined (6xx) is told as that
    /// (RFC 3398 §7.2.4.1: the location is the user).
    fn status_of(&self, cause: Cause) -> u16 {
        let mut latest = self.sip.causes.iter().rev();
        let told = latest.find(|branch| branch.cause == cause);
        let declined = told.is_some_and(|branch| branch.tech.starts_with("SIP 6"));
        if cause == Cause::REJECTED && declined { 603 } else { cause.status() }
    }

    /// BYE; after a transfer behind the news of it, whose task is handed the headers.
    async fn say_goodbye(&mut self, dialog: DialogId, cause: Cause) {
        let mut headers = self.reason_headers(cause);
        let transferred = self.bridging.end == Some(BridgeEnd::Transferred);
        if let Some(farewell) = self.sip.farewell.take().filter(|_| transferred) {
            match farewell.send(headers) {
                Ok(()) => return,
                Err(unsaid) => headers = unsaid,
            }
        }
        self.signalling.shard.send(Command::Bye { dialog, headers }).await;
    }

    /// What is left to do when a fault ends the channel's task: the other side learns that the call
    /// is over. Nothing waits here, because a task that unwinds cannot.
    pub(super) fn abandon(&mut self) {
        let shard = self.signalling.shard.clone();
        let tell = |command| {
            // A shard that is behind ends the dialog at its next event: nobody owns it any more.
            let _ = shard.offer(ShardInput::Command { command: Box::new(command), owner: None });
        };
        if let Some(invite) = self.signalling.invite.take() {
            tell(Command::Cancel { invite, headers: Vec::new() });
        }
        let Some(dialog) = self.signalling.dialog.take() else {
            return;
        };
        if self.state == State::Up || self.signalling.said == 0 && self.is_ours() {
            tell(Command::Bye { dialog, headers: Vec::new() });
        } else {
            let reply = Box::new(message::refusal(500, "internal fault"));
            tell(Command::RespondInvite { dialog, reply, reliable: false });
        }
    }

    /// When the call is ended before its answer, refuses it with this status, whatever the cause.
    pub fn refuse_with(&mut self, status: u16) {
        self.sip.refusal = (400..700).contains(&status).then_some(status);
    }

    /// Whether we sent the INVITE.
    fn is_ours(&self) -> bool {
        matches!(self.state, State::Down | State::Ringing)
    }

    pub(super) async fn say(&mut self, mut reply: Reply) {
        let Some(dialog) = self.signalling.dialog else {
            self.say_locally(reply.status);
            return;
        };
        let contact = self.signalling.contact.clone();
        reply.headers.insert(0, ("Contact".to_owned(), contact));
        reply.headers.push(("Allow".to_owned(), ALLOW.to_owned()));
        reply.headers.extend(self.connected_headers());
        reply.headers.extend(self.info_packages());
        if reply.status >= 200 {
            reply.headers.push(self.supported());
        }
        let reliable = self.signalling.reliable && (101..200).contains(&reply.status);
        self.signalling.shard.respond_invite(dialog, reply, reliable).await;
    }

    /// Offers the peer something else and waits for its answer: more or fewer streams, hold.
    ///
    /// # Errors
    /// [`Stop`] when the channel is hung up meanwhile. A refused offer is no error: what was
    /// agreed before stands, and `false` comes back.
    pub async fn reoffer(&mut self, wish: &Wish) -> Result<bool, Stop> {
        let Some(dialog) = self.signalling.dialog else {
            return Ok(false);
        };
        let before = std::mem::replace(&mut self.wish, wish.clone());
        for _ in 0..MAX_GLARES {
            match self.offer_once(dialog, wish).await? {
                Reoffer::Accepted => return Ok(true),
                Reoffer::Glare(again_after) => self.pause(again_after).await?,
                Reoffer::Refused => break,
            }
        }
        self.wish = before;
        Ok(false)
    }

    /// One offer and its answer.
    async fn offer_once(&mut self, dialog: DialogId, wish: &Wish) -> Result<Reoffer, Stop> {
        let offer = match self.make_offer(wish, None).await {
            Ok(offer) => offer,
            Err(error) => {
                tracing::warn!("{}: cannot offer: {error}", self.name);
                return Ok(Reoffer::Refused);
            }
        };
        let request = DialogRequest {
            method: Method::Invite,
            headers: vec![("Allow".to_owned(), ALLOW.to_owned())],
            body: Some(message::sdp_body(offer)),
        };
        self.reoffer = Reoffer::Refused;
        self.signalling.shard.in_dialog(dialog, request, self.own_inbox.clone()).await;
        self.settle().await?;
        Ok(std::mem::take(&mut self.reoffer))
    }

    /// Waits until an offer of ours has its answer: of a re-offer, or of an INVITE without offer,
    /// whose answer comes with the ACK. Only then does the channel know its streams. A peer that
    /// offered none is waited for, too. For applications that wait for nothing else meanwhile.
    ///
    /// # Errors
    /// [`Stop`] when the channel is hung up meanwhile, or the peer never offered a stream.
    pub async fn settle(&mut self) -> Result<(), Stop> {
        let until = self.until(REOFFER_DEADLINE);
        while self.is_offering() {
            match self.turn(Some(until)).await? {
                Some(super::Happening::Digit(digit)) => self.keep_digit(digit),
                Some(super::Happening::Deadline) => self.offer_refused(),
                _ => {}
            }
        }
        let until = self.until(STREAMS_DEADLINE);
        while self.state == State::Up && self.is_bare() {
            match self.turn(Some(until)).await? {
                Some(super::Happening::Digit(digit)) => self.keep_digit(digit),
                Some(super::Happening::Deadline) => {
                    tracing::info!("{}: ended, the peer never offered any media", self.name);
                    return Err(Stop::Hangup { cause: Cause::INCOMPATIBLE.0.into() });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The response to a request of ours inside the dialog.
    pub(super) async fn responded(&mut self, id: RequestId, response: &Response) {
        let status = response.status.code();
        if self.was_asked(id, status >= 200) {
            self.refer_answered(id, response);
            return;
        }
        // Of what a channel asks inside its dialog only offers wait for their answer.
        let cseq = response.headers.typed::<CSeq>().ok().flatten();
        if cseq.is_none_or(|cseq| cseq.method != Method::Invite) {
            return;
        }
        if status < 300 {
            self.learn_identity(&response.headers);
        }
        // A 2xx that comes after we gave up wants its ACK all the same.
        if (200..300).contains(&status)
            && let Some(dialog) = self.signalling.dialog
        {
            self.signalling.shard.send(Command::Ack { dialog, body: None }).await;
        }
        if status < 200 || !self.is_offering() {
            return;
        }
        if status >= 300 {
            tracing::info!("{}: the peer refused our offer with {status}", self.name);
            self.offer_refused();
            self.addresses_offered(None);
            self.proposal_ended(Outcome::Refused);
            return;
        }
        self.addresses_offered(None);
        if let Err(error) = self.take_answer(&response.body).await {
            tracing::warn!("{}: the peer's answer is unusable: {error}", self.name);
            self.offer_refused();
            self.proposal_ended(Outcome::Unusable);
        } else {
            self.reoffer = Reoffer::Accepted;
            self.proposal_ended(Outcome::Accepted);
        }
    }

    pub(super) fn request_failed(&mut self, id: RequestId, why: Failure) {
        if self.was_asked(id, true) {
            self.refer_failed(id);
        } else if self.is_offering() {
            self.show_again(why);
            tracing::info!("{}: our offer was not answered: {why:?}", self.name);
            let glare = match why {
                Failure::Glare { again_after } => Some(again_after),
                _ => None,
            };
            if let Some(again_after) = glare {
                self.reoffer = Reoffer::Glare(again_after);
            }
            self.addresses_offered(glare);
            self.offer_refused();
            self.proposal_ended(glare.map_or(Outcome::Refused, Outcome::Glare));
        }
    }

    /// An ACK: it may carry the answer to an offer in our 200.
    pub(super) async fn acked(&mut self, body: &[u8]) {
        if !self.awaits(AnswerIn::Ack) {
            return;
        }
        if let Err(error) = self.take_answer(body).await {
            tracing::warn!("{}: the answer in the ACK is unusable: {error}", self.name);
            self.hang_up(Cause::INCOMPATIBLE).await;
        }
    }

    /// A fork answered after another one was taken: it is acknowledged and ended.
    pub(super) async fn refuse_late_fork(&mut self, dialog: DialogId) {
        if self.signalling.dialog == Some(dialog) {
            return;
        }
        self.signalling.shard.send(Command::Ack { dialog, body: None }).await;
        let headers = self.reason_headers(Cause::ANSWERED_ELSEWHERE);
        self.signalling.shard.send(Command::Bye { dialog, headers }).await;
    }

    /// Whether `modules.conf` leaves out a module.
    pub(super) fn lacks(&self, module: &str) -> bool {
        self.exchange.config().modules.is_off(module)
    }

    /// A request inside the dialog. Returns a digit if it carried one.
    pub(super) async fn in_dialog(
        &mut self,
        transaction: TransactionId,
        request: &Request,
    ) -> Option<InfoDigit> {
        let mut digit = None;
        let reply = match request.method {
            Method::Invite | Method::Update if self.waits_for_fax(transaction, request) => {
                return None;
            }
            Method::Invite | Method::Update | Method::Prack => self.reoffered(request).await,
            Method::Info => {
                let kind = message::text_of(request, Name::ContentType);
                if kind.eq_ignore_ascii_case(Fragment::CONTENT_TYPE) {
                    let reply = self.trickled(&request.body).await;
                    self.signalling.shard.respond(transaction, reply).await;
                    return None;
                }
                if !self.lacks("res_pjsip_dtmf_info") {
                    digit = read_info(&kind, &request.body);
                }
                let package = message::values_of(request, "Info-Package");
                if digit.is_none() && !package.is_empty() {
                    // RFC 6086 §4.2.2; without Recv-Info there is none.
                    let mut reply = message::refusal(469, "no such package of INFO");
                    let none = ("Recv-Info".to_owned(), String::new());
                    reply.headers.push(self.info_packages().unwrap_or(none));
                    reply
                } else if digit.is_none() && !request.body.is_empty() {
                    message::refusal(415, "INFO carries digits or ICE candidates only")
                } else {
                    message::reply(200)
                }
            }
            Method::Message => {
                let kind = message::text_of(request, Name::ContentType);
                let text = String::from_utf8_lossy(&request.body).into_owned();
                if let Some(peer) = self.peer() {
                    peer.tell(Control::Text(kind, text.clone()));
                }
                self.set("MESSAGE_TEXT", text);
                message::reply(200)
            }
            Method::Options => message::abilities(200, &self.supported().1),
            Method::Refer if !self.lacks("res_pjsip_refer") => {
                self.referred(transaction, request).await;
                return None;
            }
            Method::Notify => self.notified(request),
            _ => message::not_allowed(request),
        };
        self.signalling.shard.respond(transaction, reply).await;
        digit
    }

    /// The peer offers something else, or refreshes the session.
    pub(super) async fn reoffered(&mut self, request: &Request) -> Reply {
        let early = self.signalling.dialog.is_none() || self.awaits(AnswerIn::Prack);
        if message::has_sdp(request) && early && self.is_offering() {
            // RFC 3311 §5.2: our own offer, in the INVITE or the 183, has no answer yet.
            return message::reply(491);
        }
        self.learn_identity(&request.headers);
        self.note_info_packages(&request.headers);
        let contact = ("Contact".to_owned(), self.signalling.contact.clone());
        let mut reply = message::reply(200);
        reply.headers.push(contact);
        reply.headers.push(("Allow".to_owned(), ALLOW.to_owned()));
        reply.headers.push(self.supported());
        if message::has_sdp(request) {
            return match self.answer_offer(&request.body, &self.wish.clone()).await {
                Ok(sdp) => {
                    reply.body = Some(message::sdp_body(sdp));
                    reply
                }
                Err(error) => {
                    tracing::info!("{}: a re-offer was refused: {error}", self.name);
                    media_refusal(&error)
                }
            };
        }
        if request.method == Method::Invite {
            // RFC 3261 §14.2: a re-INVITE without offer asks for ours.
            return match self.offer_in_answer(&self.standing_wish()).await {
                Ok(sdp) => {
                    reply.body = Some(message::sdp_body(sdp));
                    reply
                }
                Err(error) => message::refusal(error.status(), &error.to_string()),
            };
        }
        reply
    }
}

impl Channel {
    /// `Reason` headers that tell the peer why (RFC 3326).
    fn reason_headers(&self, cause: Cause) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        if cause == Cause::ANSWERED_ELSEWHERE {
            let text = "SIP;cause=200;text=\"Call completed elsewhere\"";
            headers.push(("Reason".to_owned(), text.to_owned()));
        }
        if !self.endpoint.speech.suppress_q850_reason_headers {
            let text = format!("Q.850;cause={};text=\"{}\"", cause.0, cause.words());
            headers.push(("Reason".to_owned(), text));
        }
        headers
    }
}
