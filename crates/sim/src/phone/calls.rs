//! The calls of a phone: what it says and does between INVITE and BYE.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use sidetone_base::LegId;
use sidetone_media::Route;
use sidetone_sdp::negotiation::{KindWish, Wish};
use sidetone_sdp::plan::Direction;
use sidetone_sip::headers::Headers;
use sidetone_sip::{Method, Name, Request, Response};
use sidetone_ua::api::{
    Body, Command, DialogId, DialogRequest, Event, Failure, InviteId, OutgoingRequest, Reply,
    RequestId, TransactionId,
};
use tokio::time::Instant;

use super::device::Device;
use super::media::{Media, ear, machine, new_leg, only, voice_of};
use super::{CallState, CallView, Hold, Manner, Offer, Saying};
use crate::Line;
use crate::building::EXCHANGE;
use crate::configuration::PASSWORD;

/// Challenges to one call that are answered.
const MAX_CHALLENGES: u8 = 2;
/// How long a key is held.
const KEY_PRESS: Duration = Duration::from_millis(100);

/// One call, beside its [`CallView`].
pub(super) struct Call {
    invite: Option<InviteId>,
    dialog: Option<DialogId>,
    /// The dialog of the last provisional response.
    early: Option<DialogId>,
    /// Our INVITE, to repeat it with credentials.
    request: Option<OutgoingRequest>,
    challenges: u8,
    /// The owner hung up before it was answered.
    given_up: bool,
    /// The caller's offer, until we answer.
    offered: Bytes,
    contact: String,
    wish: Wish,
    media: Option<Media>,
    answer_at: Option<Instant>,
    /// The answer that a 183 took to the caller.
    said_early: Option<String>,
    reoffer: Option<RequestId>,
    /// When an offer that met one of the exchange is made again.
    reoffer_at: Option<Instant>,
    holds: Option<Hold>,
    /// Our re-INVITE without offer waits for the exchange's.
    asks_for_offer: bool,
    /// Requests of the story that wait for their answer.
    saying: Vec<RequestId>,
}

impl Call {
    pub(super) fn leg_id(&self) -> Option<LegId> {
        self.media.as_ref().map(|media| media.leg.id())
    }
}

pub(super) fn method_of(name: &str) -> Method {
    Method::parse(&sidetone_sip::Text::from(name)).expect("the story names a method")
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn sdp(text: String) -> Body {
    Body { content_type: "application/sdp".to_owned(), bytes: text.into() }
}

fn reasons(headers: &Headers) -> Vec<String> {
    let lines = headers.lines(Name::Reason);
    lines.map(|line| line.to_str().into_owned()).collect()
}

impl Device {
    fn add(&mut self, call: Call, state: CallState) -> usize {
        self.calls.push(call);
        self.view.borrow_mut().calls.push(CallView {
            state,
            reasons: Vec::new(),
            heard: 0,
            heard_at: None,
            digits: String::new(),
            streams: 0,
            reoffered: 0,
            reoffer_status: None,
            invite: String::new(),
            tag: String::new(),
            answers: Vec::new(),
            asked: Vec::new(),
            told: Vec::new(),
        });
        self.calls.len() - 1
    }

    fn show(&self, place: usize, change: impl FnOnce(&mut CallView)) {
        change(&mut self.view.borrow_mut().calls[place]);
    }

    fn state(&self, place: usize) -> CallState {
        self.view.borrow().calls[place].state
    }

    fn over(&mut self, place: usize, status: u16, reasons: Vec<String>) {
        let call = &mut self.calls[place];
        (call.invite, call.dialog, call.media) = (None, None, None);
        self.show(place, |view| {
            view.state = CallState::Over(status);
            view.reasons = reasons;
        });
    }

    fn by_dialog(&self, dialog: DialogId) -> Option<usize> {
        let found = |call: &Call| call.dialog == Some(dialog);
        self.calls.iter().position(found)
    }

    fn by_invite(&self, invite: InviteId) -> Option<usize> {
        let found = |call: &Call| call.invite == Some(invite);
        self.calls.iter().position(found)
    }

    /// Whether packets should be counted.
    pub(super) fn is_busy(&self) -> bool {
        self.calls.iter().any(|call| call.media.is_some())
    }

    /// When a call wants to be answered or to offer again.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let times = |call: &Call| [call.answer_at, call.reoffer_at];
        self.calls.iter().flat_map(times).flatten().min()
    }

    pub(super) async fn do_due(&mut self) {
        for place in 0..self.calls.len() {
            let due = self.calls[place].answer_at;
            if due.is_some_and(|due| due <= Instant::now()) {
                self.calls[place].answer_at = None;
                self.answer(place).await;
            }
            if self.calls[place].reoffer_at.take_if(|at| *at <= Instant::now()).is_some() {
                self.reoffer_again(place).await;
            }
        }
    }

    /// Looks how many packets came.
    pub(super) async fn glance(&mut self) {
        for place in 0..self.calls.len() {
            let Some(media) = &self.calls[place].media else {
                continue;
            };
            let (heard, streams) = (media.heard().await, media.streams());
            self.show(place, |view| {
                // A stream that began anew counts from nothing.
                if heard != view.heard {
                    (view.heard, view.heard_at) = (heard, Some(Instant::now()));
                }
                view.streams = streams;
            });
        }
    }

    async fn open_media(&mut self) -> Media {
        let events = self.leg_events.clone();
        let (line, random) = (self.line, &mut self.random);
        let manners = (self.keys, self.shows.clone());
        let opened = Media::open(line, &self.engine, &self.capabilities, random, manners, events);
        let mut media = opened.await;
        media.sound(voice_of(&self.name), self.forged);
        if self.silent {
            media.mute();
        }
        if self.repeats {
            media.repeat();
        }
        media
    }

    pub(super) async fn dial(&mut self, number: &str, offer: Offer) {
        let uri = if number.starts_with("tel:") {
            number.to_owned()
        } else {
            format!("sip:{number}@{EXCHANGE}")
        };
        let mut request = self.request(Method::Invite, uri).await;
        request.headers.clone_from(&self.says);
        let token = sidetone_base::Random::token(&mut self.random, 20);
        request.call_id = Some(token);
        let mut wish = match offer {
            Offer::AudioAndVideo => Wish::audio_and_video(),
            Offer::AudioAndText => Wish { text: KindWish::both_ways(1), ..Wish::audio_only() },
            Offer::Audio | Offer::Nothing => Wish::audio_only(),
            Offer::Fax => Wish::fax(machine()),
        };
        wish.audio.comfort_noise = self.capabilities.comfort_noise;
        let mut media = self.open_media().await;
        if offer != Offer::Nothing {
            let text = media.offer(&wish, &mut self.random).await;
            request.body = Some(sdp(text.expect("a first offer is always possible")));
        }
        let call = Call {
            invite: None,
            dialog: None,
            early: None,
            contact: request.contact.clone().unwrap_or_default(),
            request: Some(request),
            challenges: 0,
            given_up: false,
            offered: Bytes::new(),
            wish,
            media: Some(media),
            answer_at: None,
            said_early: None,
            reoffer: None,
            reoffer_at: None,
            holds: None,
            asks_for_offer: false,
            saying: Vec::new(),
        };
        let place = self.add(call, CallState::Calling);
        self.send_invite(place);
    }

    fn send_invite(&mut self, place: usize) {
        let invite = InviteId(self.id());
        let call = &mut self.calls[place];
        call.invite = Some(invite);
        let request = call.request.clone().expect("we call");
        self.command(Command::Invite { invite, request: Box::new(request) });
    }

    pub(super) async fn call_event(&mut self, event: Event) {
        match event {
            Event::Invite { dialog, request, .. } => self.called(dialog, &request).await,
            Event::Provisional { invite, dialog, response } => {
                if let Some(place) = self.by_invite(invite) {
                    self.calls[place].early = dialog;
                }
                self.note_answer(invite, &response);
                self.provisional(invite, &response).await
            }
            Event::Answered { invite, dialog, response } => {
                self.note_answer(invite, &response);
                self.answered(invite, dialog, &response).await
            }
            Event::Rejected { invite, response } => {
                self.note_answer(invite, &response);
                self.rejected(invite, &response);
            }
            Event::InviteFailed { invite, why } => {
                if let Some(place) = self.by_invite(invite) {
                    let status = match why {
                        Failure::Cancelled => 487,
                        Failure::Timeout => 408,
                        _ => 503,
                    };
                    self.over(place, status, Vec::new());
                }
            }
            Event::Bye { dialog, request } => {
                self.note_asked(dialog, &request);
                self.ended(dialog, 200, reasons(&request.headers));
            }
            Event::Cancelled { dialog, request } => {
                self.note_asked(dialog, &request);
                self.ended(dialog, 487, reasons(&request.headers));
            }
            Event::Ended { dialog, why } => self.ended(dialog, 408, vec![format!("{why:?}")]),
            Event::DialogRequest { dialog, transaction, request } => {
                self.note_asked(dialog, &request);
                self.asked(dialog, transaction, &request).await
            }
            // Phones answer a re-INVITE at once.
            Event::RequestCancelled { .. } => {}
            Event::Acked { dialog, ack } => {
                if let Some(place) = self.by_dialog(dialog)
                    && !ack.body.is_empty()
                    && let Some(media) = &mut self.calls[place].media
                {
                    media.accept(&ack.body).await;
                }
            }
            Event::Pracked { .. }
            | Event::RefreshDue { .. }
            | Event::Request { .. }
            | Event::RequestFailed { .. }
            | Event::InviteMoved { .. }
            | Event::RequestMoved { .. }
            | Event::Response { .. } => {}
        }
    }

    fn ended(&mut self, dialog: DialogId, status: u16, reasons: Vec<String>) {
        if let Some(place) = self.by_dialog(dialog) {
            self.over(place, status, reasons);
        }
    }

    fn note_answer(&self, invite: InviteId, response: &Response) {
        let challenge = matches!(response.status.code(), 401 | 407);
        if let Some(place) = self.by_invite(invite).filter(|_| !challenge) {
            self.show(place, |view| view.answers.push(text_of(&response.to_bytes())));
        }
    }

    fn note_asked(&self, dialog: DialogId, request: &Request) {
        if let Some(place) = self.by_dialog(dialog) {
            self.show(place, |view| view.asked.push(text_of(&request.to_bytes())));
        }
    }

    /// A request of the story inside a call.
    pub(super) fn ask(&mut self, place: usize, saying: Saying) {
        let call = self.calls.get(place);
        let Some(dialog) = call.and_then(|call| call.dialog.or(call.early)) else {
            return;
        };
        let request_id = RequestId(self.id());
        self.calls[place].saying.push(request_id);
        let Saying { method, headers, body } = saying;
        let request = Box::new(DialogRequest {
            method: method_of(&method),
            headers,
            body: body.map(|(content_type, text)| Body { content_type, bytes: text.into() }),
        });
        self.command(Command::InDialog { request_id, dialog, request });
    }

    /// Whether a response belongs to a request of the story; then it is noted.
    pub(super) fn told(&mut self, request: RequestId, status: u16) -> bool {
        let found = |call: &Call| call.saying.contains(&request);
        let Some(place) = self.calls.iter().position(found) else {
            return false;
        };
        if status >= 200 {
            self.calls[place].saying.retain(|own| *own != request);
            self.show(place, |view| view.told.push(status));
        }
        true
    }

    async fn called(&mut self, dialog: DialogId, request: &Request) {
        if let Some(challenge) = self.challenge(request) {
            let reply = Box::new(challenge);
            self.command(Command::RespondInvite { dialog, reply, reliable: false });
            return;
        }
        let contact = self.request(Method::Invite, "sip:nobody".to_owned()).await;
        let contact = contact.contact.unwrap_or_default();
        let answer_at = match self.manner {
            Manner::Answer(after) | Manner::SpeakThenAnswer(after) => Some(Instant::now() + after),
            Manner::Ring | Manner::Refuse(_) | Manner::Forward(_) | Manner::Ignore => None,
        };
        let images = text_of(&request.body).contains("m=image");
        let call = Call {
            invite: None,
            dialog: Some(dialog),
            early: None,
            request: None,
            challenges: 0,
            given_up: false,
            offered: request.body.clone(),
            contact,
            wish: if images { Wish::fax(machine()) } else { Wish::call() },
            media: None,
            answer_at,
            said_early: None,
            reoffer: None,
            reoffer_at: None,
            holds: None,
            asks_for_offer: false,
            saying: Vec::new(),
        };
        let place = self.add(call, CallState::Alerted);
        let tag = self.stack.identity(dialog).map(|identity| identity.local_tag.to_string());
        self.show(place, |view| {
            view.invite = text_of(&request.to_bytes());
            view.tag = tag.unwrap_or_default();
        });
        match self.manner {
            Manner::Refuse(status) => self.refuse(place, status),
            Manner::Forward(exten) => self.forward(place, exten),
            Manner::SpeakThenAnswer(_) => self.speak_early(place).await,
            _ => self.respond(place, 180, None),
        }
    }

    fn respond(&mut self, place: usize, status: u16, body: Option<Body>) {
        let call = &self.calls[place];
        let Some(dialog) = call.dialog else { return };
        let mut headers = vec![("Contact".to_owned(), call.contact.clone())];
        headers.extend(self.says.iter().cloned());
        let reply = Box::new(Reply { status, reason: None, headers, body });
        self.command(Command::RespondInvite { dialog, reply, reliable: false });
    }

    /// Answers the offer before the call.
    async fn speak_early(&mut self, place: usize) {
        let mut media = self.open_media().await;
        let (offered, wish) = {
            let call = &self.calls[place];
            (call.offered.clone(), call.wish.clone())
        };
        match media.answer(&offered, &wish, &mut self.random).await {
            Ok(text) => {
                self.calls[place].media = Some(media);
                self.calls[place].said_early = Some(text.clone());
                self.respond(place, 183, Some(sdp(text)));
            }
            Err(status) => self.refuse(place, status),
        }
    }

    async fn answer(&mut self, place: usize) {
        if self.state(place) != CallState::Alerted {
            return;
        }
        if let Some(text) = self.calls[place].said_early.take() {
            self.show(place, |view| view.state = CallState::Talking);
            self.respond(place, 200, Some(sdp(text)));
            return;
        }
        let mut media = self.open_media().await;
        let (offered, wish) = {
            let call = &self.calls[place];
            (call.offered.clone(), call.wish.clone())
        };
        let said = if offered.is_empty() {
            let offer = media.offer(&wish, &mut self.random).await;
            Ok(offer.expect("a first offer is always possible"))
        } else {
            media.answer(&offered, &wish, &mut self.random).await
        };
        match said {
            Ok(text) => {
                self.calls[place].media = Some(media);
                self.show(place, |view| view.state = CallState::Talking);
                self.respond(place, 200, Some(sdp(text)));
            }
            Err(status) => self.refuse(place, status),
        }
    }

    fn refuse(&mut self, place: usize, status: u16) {
        self.respond(place, status, None);
        self.over(place, status, Vec::new());
    }

    fn forward(&mut self, place: usize, exten: &str) {
        if let Some(dialog) = self.calls[place].dialog {
            let is_uri = exten.contains(':');
            let uri = if is_uri { exten.to_owned() } else { format!("sip:{exten}@{EXCHANGE}") };
            let contact = format!("<{uri}>");
            let headers = vec![("Contact".to_owned(), contact)];
            let reply = Box::new(Reply { status: 302, headers, ..Reply::default() });
            self.command(Command::RespondInvite { dialog, reply, reliable: false });
        }
        self.over(place, 302, Vec::new());
    }

    async fn provisional(&mut self, invite: InviteId, response: &Response) {
        let Some(place) = self.by_invite(invite) else {
            return;
        };
        self.show(place, |view| view.state = CallState::Ringing);
        if !response.body.is_empty()
            && let Some(media) = &mut self.calls[place].media
        {
            media.accept(&response.body).await;
        }
    }

    async fn answered(&mut self, invite: InviteId, dialog: DialogId, response: &Response) {
        let place = self.by_invite(invite);
        let taken = place.is_none_or(|place| self.calls[place].dialog.is_some());
        let Some(place) = place.filter(|_| !taken) else {
            self.command(Command::Ack { dialog, body: None });
            let headers = Vec::new();
            self.command(Command::Bye { dialog, headers });
            return;
        };
        let call = &mut self.calls[place];
        call.dialog = Some(dialog);
        let we_offered = call.request.as_ref().is_some_and(|sent| sent.body.is_some());
        let mut body = None;
        if let Some(media) = &mut call.media {
            if we_offered {
                media.accept(&response.body).await;
            } else {
                let wish = call.wish.clone();
                let answer = media.answer(&response.body, &wish, &mut self.random).await;
                body = Some(sdp(answer.expect("the exchange offers what we speak")));
            }
        }
        self.command(Command::Ack { dialog, body });
        self.show(place, |view| view.state = CallState::Talking);
    }

    fn rejected(&mut self, invite: InviteId, response: &Response) {
        let Some(place) = self.by_invite(invite) else {
            return;
        };
        let status = response.status.code();
        let call = &self.calls[place];
        let challenged = matches!(status, 401 | 407) && call.challenges < MAX_CHALLENGES;
        let again = challenged && !call.given_up;
        if let Some(mut request) = self.calls[place].request.take_if(|_| again) {
            self.calls[place].challenges += 1;
            self.sign(&mut request, response, PASSWORD);
            self.calls[place].request = Some(request);
            self.send_invite(place);
            return;
        }
        self.over(place, status, reasons(&response.headers));
    }

    async fn asked(&mut self, dialog: DialogId, transaction: TransactionId, request: &Request) {
        let mut reply = Reply { status: 200, ..Reply::default() };
        if request.method == Method::Refer {
            reply.status = 202;
        }
        if let Some(place) = self.by_dialog(dialog) {
            if request.method == Method::Info {
                let text = String::from_utf8_lossy(&request.body);
                let key = text.strip_prefix("Signal=").and_then(|rest| rest.chars().next());
                self.show(place, |view| view.digits.extend(key));
            }
            let call = &mut self.calls[place];
            let contact = ("Contact".to_owned(), call.contact.clone());
            reply.headers.push(contact);
            let is_invite = request.method == Method::Invite;
            let images = text_of(&request.body).contains("m=image");
            let mut wish = call.wish.clone();
            if images {
                wish = Wish::fax(machine());
            } else if let (Some(_), Some(media)) = (&wish.image, &call.media) {
                wish = media.wish();
            }
            if let Some(media) = &mut call.media
                && matches!(request.method, Method::Invite | Method::Update)
            {
                let said = if !request.body.is_empty() {
                    let answer = media.answer(&request.body, &wish, &mut self.random).await;
                    answer.map(Some)
                } else if is_invite {
                    Ok(media.offer(&wish, &mut self.random).await)
                } else {
                    Ok(None)
                };
                match said {
                    Ok(text) => reply.body = text.map(sdp),
                    Err(status) => reply.status = status,
                }
                if reply.body.is_some() {
                    self.show(place, |view| view.reoffered += 1);
                }
            }
        } else {
            reply.status = 481;
        }
        let reply = Box::new(reply);
        self.command(Command::Respond { transaction, reply });
    }

    fn last(&self) -> Option<usize> {
        self.calls.len().checked_sub(1)
    }

    pub(super) async fn answer_last(&mut self) {
        if let Some(place) = self.last() {
            self.answer(place).await;
        }
    }

    pub(super) fn refuse_last(&mut self, status: u16) {
        if let Some(place) = self.last()
            && self.state(place) == CallState::Alerted
        {
            self.refuse(place, status);
        }
    }

    pub(super) fn hang_up_last(&mut self) {
        if let Some(place) = self.last() {
            self.hang_up(place);
        }
    }

    pub(super) fn hang_up_all(&mut self) {
        for place in 0..self.calls.len() {
            self.hang_up(place);
        }
    }

    fn hang_up(&mut self, place: usize) {
        let headers = Vec::new();
        match self.state(place) {
            CallState::Calling | CallState::Ringing => {
                self.calls[place].given_up = true;
                if let Some(invite) = self.calls[place].invite {
                    self.command(Command::Cancel { invite, headers });
                }
            }
            CallState::Alerted => self.refuse(place, 603),
            CallState::Talking => {
                if let Some(dialog) = self.calls[place].dialog {
                    self.command(Command::Bye { dialog, headers });
                }
                self.over(place, 200, Vec::new());
            }
            CallState::Over(_) => {}
        }
    }

    /// All calls go on from another network: ICE restarts.
    pub(super) async fn restart_calls(&mut self) {
        for place in 0..self.calls.len() {
            if let Some(media) = &mut self.calls[place].media {
                if self.line == Line::WebSocket {
                    media.move_on().await;
                } else {
                    let events = self.leg_events.clone();
                    let manners = (self.keys, self.shows.clone());
                    let form = (self.line, self.capabilities.ice);
                    media.rebind(new_leg(form, &self.engine, manners, events).await);
                }
                let holds = self.calls[place].holds;
                self.hold(place, holds).await;
            }
        }
    }

    pub(super) async fn hold_last(&mut self, hold: Option<Hold>) {
        match (hold, self.last()) {
            (Some(Hold::WithoutOffer), _) => self.ask_for_an_offer(Direction::SendOnly),
            (hold, Some(place)) => self.hold(place, hold).await,
            (_, None) => {}
        }
    }

    /// Every call on hold goes on, as when the phone joins its parties.
    pub(super) async fn resume_all(&mut self) {
        for place in 0..self.calls.len() {
            if self.calls[place].holds.is_some() {
                self.hold(place, None).await;
            }
        }
    }

    /// A re-INVITE without offer; the exchange's is answered in this direction.
    pub(super) fn ask_for_an_offer(&mut self, direction: Direction) {
        let Some(place) = self.last() else { return };
        let call = &mut self.calls[place];
        let (Some(dialog), Some(media)) = (call.dialog, &mut call.media) else {
            return;
        };
        call.wish = media.wish().directed(direction);
        self.send_without_offer(place, dialog);
    }

    fn send_without_offer(&mut self, place: usize, dialog: DialogId) {
        self.calls[place].asks_for_offer = true;
        let request_id = RequestId(self.id());
        self.calls[place].reoffer = Some(request_id);
        self.show(place, |view| view.reoffer_status = None);
        let request =
            Box::new(DialogRequest { method: Method::Invite, headers: Vec::new(), body: None });
        self.command(Command::InDialog { request_id, dialog, request });
    }

    async fn hold(&mut self, place: usize, hold: Option<Hold>) {
        let call = &mut self.calls[place];
        call.holds = hold;
        let (Some(dialog), Some(media)) = (call.dialog, &call.media) else {
            return;
        };
        let direction = match hold {
            Some(Hold::SendOnly | Hold::WithoutOffer) => Direction::SendOnly,
            Some(Hold::Inactive) => Direction::Inactive,
            Some(Hold::ZeroAddress) | None => Direction::SendRecv,
        };
        // What there is stays, in another direction.
        let wish = media.wish().directed(direction);
        let zero = hold == Some(Hold::ZeroAddress);
        self.reoffer(place, dialog, wish, zero).await;
    }

    /// Offers the last call again with these codecs only.
    pub(super) async fn change_last(&mut self, codecs: &[String]) {
        let Some(place) = self.last() else { return };
        let call = &self.calls[place];
        if let (Some(dialog), Some(media)) = (call.dialog, &call.media) {
            let mut wish = media.wish();
            wish.audio.codecs = only(codecs);
            self.reoffer(place, dialog, wish, false).await;
        }
    }

    /// The machine of the last call wants a fax.
    pub(super) async fn fax_last(&mut self) {
        let Some(place) = self.last() else { return };
        if let Some(dialog) = self.calls[place].dialog {
            self.reoffer(place, dialog, Wish::fax(machine()), false).await;
        }
    }

    /// Where a stream of the last call goes from and to.
    pub(super) fn ends_of_last(&self, stream: usize) -> Option<(SocketAddr, SocketAddr)> {
        self.calls.last()?.media.as_ref()?.ends_of(stream)
    }

    /// Offers the last call again with its media protected as the phone now wants it.
    pub(super) async fn secure_last(&mut self) {
        let Some(place) = self.last() else { return };
        let call = &mut self.calls[place];
        if let (Some(dialog), Some(media)) = (call.dialog, &mut call.media) {
            media.secure(&self.capabilities, &mut self.random);
            let wish = media.wish();
            self.reoffer(place, dialog, wish, false).await;
        }
    }

    /// Sends what the last call hears to an address too, until it is told otherwise.
    pub(super) async fn listen(&mut self, to: Option<SocketAddr>) {
        let call = self.calls.last().and_then(|call| call.media.as_ref());
        match (to, call) {
            (Some(at), Some(media)) => {
                let random = &mut self.random;
                self.ear = Some(ear(&self.engine, &media.leg, at, random).await);
            }
            (_, Some(media)) => {
                media.leg.route(0, Route::Discard).await.expect("the call has audio");
                self.ear = None;
            }
            (_, None) => self.ear = None,
        }
    }

    /// Offers the last call again, with a picture.
    pub(super) async fn show_pictures(&mut self) {
        let Some(place) = self.last() else { return };
        let dialog = self.calls[place].dialog;
        if let Some(dialog) = dialog {
            self.reoffer(place, dialog, Wish::audio_and_video(), false).await;
        }
    }

    /// What crossed an offer of the peer's, once more.
    async fn reoffer_again(&mut self, place: usize) {
        let call = &self.calls[place];
        let Some(dialog) = call.dialog else { return };
        if call.asks_for_offer {
            self.send_without_offer(place, dialog);
        } else if call.wish.image.is_some() {
            self.reoffer(place, dialog, Wish::fax(machine()), false).await;
        } else {
            // Of what there is now, which may be more than it was.
            self.hold(place, call.holds).await;
        }
    }

    async fn reoffer(&mut self, place: usize, dialog: DialogId, wish: Wish, zero_address: bool) {
        let call = &mut self.calls[place];
        call.wish = wish.clone();
        let Some(media) = &mut call.media else { return };
        let Some(mut offer) = media.offer(&wish, &mut self.random).await else {
            return;
        };
        if zero_address {
            offer = offer.replace(&format!("c=IN IP4 {}", self.ip), "c=IN IP4 0.0.0.0");
        }
        let request_id = RequestId(self.id());
        self.calls[place].reoffer = Some(request_id);
        self.show(place, |view| view.reoffer_status = None);
        let request = Box::new(DialogRequest {
            method: Method::Invite,
            headers: Vec::new(),
            body: Some(sdp(offer)),
        });
        self.command(Command::InDialog { request_id, dialog, request });
    }

    pub(super) async fn reoffer_answered(&mut self, request: RequestId, response: &Response) {
        let found = |call: &Call| call.reoffer == Some(request);
        let status = response.status.code();
        let Some(place) = self.calls.iter().position(found).filter(|_| status >= 200) else {
            return;
        };
        let call = &mut self.calls[place];
        call.reoffer = None;
        let dialog = call.dialog;
        let mut in_ack = None;
        let (asked, wish) = (std::mem::take(&mut call.asks_for_offer), call.wish.clone());
        if let Some(media) = &mut call.media {
            if status < 300 && asked {
                let answer = media.answer(&response.body, &wish, &mut self.random).await;
                in_ack = answer.ok().map(sdp);
            } else if status < 300 {
                media.accept(&response.body).await;
            } else {
                media.roll_back();
            }
        }
        if let Some(dialog) = dialog.filter(|_| status < 300) {
            self.command(Command::Ack { dialog, body: in_ack });
        }
        self.show(place, |view| view.reoffer_status = Some(status));
    }

    pub(super) fn reoffer_failed(&mut self, request: RequestId, why: Failure) {
        let found = |call: &Call| call.reoffer == Some(request);
        if let Some(place) = self.calls.iter().position(found) {
            let call = &mut self.calls[place];
            call.reoffer = None;
            if let Some(media) = &mut call.media {
                media.roll_back();
            }
            if let Failure::Glare { again_after } = why {
                call.reoffer_at = Some(Instant::now() + again_after);
                return;
            }
            self.show(place, |view| view.reoffer_status = Some(408));
        }
    }

    pub(super) async fn press(&mut self, digit: char) {
        if let Some(place) = self.last()
            && let Some(media) = &self.calls[place].media
        {
            // Before the answer there is no stream yet, and the key is not heard.
            let _ = media.leg.send_dtmf(0, digit, KEY_PRESS).await;
        }
    }
}
