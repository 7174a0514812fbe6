//! INVITEs that arrive: from the first 1xx to the ACK of the 2xx (RFC 3261 §13.3).

use std::time::Duration;

use sidetone_base::Flow;
use sidetone_sip::headers::{Contact, TypedHeader as _};
use sidetone_sip::{Essentials, Method, Name, Request, Response, Status, Text, Uri};

use super::{
    Answer, Dialog, DialogKey, Origin, Reach, Reliable, Session, Stage, Usages, record_routes,
};
use crate::api::{DialogId, Ended, Event, Reply, TransactionId};
use crate::stack::{Stack, Timer};
use crate::transaction::{MergeKey, ServerKey, ServerOwner};

/// How often a call that rings on is said to (RFC 3261 §13.3.1.1).
const RINGING_PAUSE: Duration = Duration::from_secs(60);

impl Stack {
    /// An INVITE outside any dialog.
    pub(crate) fn receive_invite(
        &mut self,
        flow: Flow,
        request: Request,
        essentials: &Essentials,
        keys: (ServerKey, Option<MergeKey>),
    ) {
        let id = DialogId(self.fresh_id());
        let request = Box::new(request);
        let event = request.clone();
        let owner = ServerOwner::Invite(id);
        let transaction = self.open_server(flow, request, essentials, keys, owner);
        let local_tag =
            self.servers.get(&transaction).map(|s| s.to_tag.clone()).unwrap_or_default();
        let timers = self.settings.session_timers;
        let session = Session::of_peer(timers, &event.headers);
        if let Some(response) = session.refusal(&event) {
            self.refuse_timers(transaction, &response.with_to_tag(&local_tag.to_str()));
            return;
        }
        self.respond_plain(transaction, Status::TRYING);
        let origin = Origin::Incoming(transaction);
        let dialog = incoming_dialog(&event, essentials, local_tag, origin, flow, session);
        self.insert_dialog(id, dialog);
        self.emit(Event::Invite { dialog: id, flow, request: event });
    }

    /// [`crate::api::Command::RespondInvite`].
    pub(crate) fn command_respond_invite(&mut self, id: DialogId, reply: &Reply, reliable: bool) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let Origin::Incoming(transaction) = dialog.origin else {
            return;
        };
        if dialog.stage != Stage::Early || dialog.closing.is_some() {
            return;
        }
        dialog.learn_contact(&reply.headers);
        if (101..200).contains(&reply.status) {
            dialog.told = Some((reply.status, reliable && dialog.reliable.peer_supports));
            self.timers.set(Timer::RingingRepeat(id), self.now + RINGING_PAUSE);
        }
        match reply.status {
            100 => {}
            101..=199 if reliable && dialog.reliable.peer_supports => {
                self.respond_reliably(id, transaction, reply);
            }
            101..=199 => self.respond_with(transaction, reply),
            200..=299 if dialog.reliable.holds_final() => {
                dialog.reliable.hold(reply.clone());
            }
            200..=299 => self.accept(id, transaction, reply),
            _ => {
                self.respond_with(transaction, reply);
                self.end_dialog(id);
            }
        }
    }

    /// A call that is not answered yet is said to ring on, lest a proxy take it for lost
    /// (RFC 3261 §13.3.1.1). What must arrive is another response each time (RFC 3262 §3).
    pub(crate) fn ring_on(&mut self, id: DialogId) {
        let Some(dialog) = self.dialogs.get(&id) else {
            return;
        };
        let Origin::Incoming(transaction) = dialog.origin else {
            return;
        };
        let Some((status, reliable)) = dialog.told.filter(|_| dialog.stage == Stage::Early) else {
            return;
        };
        self.timers.set(Timer::RingingRepeat(id), self.now + RINGING_PAUSE);
        if !reliable {
            self.repeated_request(transaction);
        } else if dialog.reliable.is_idle() {
            let reply = Reply { status, ..Reply::default() };
            self.respond_reliably(id, transaction, &reply);
        }
    }

    fn respond_with(&mut self, transaction: TransactionId, reply: &Reply) {
        let Some(server) = self.servers.get(&transaction) else {
            return;
        };
        let response = self.response(&server.request, reply, &server.to_tag.to_str());
        self.respond(transaction, &response);
    }

    /// Sends a 2xx to an INVITE, inside a dialog or making one, and repeats it until ACK
    /// (RFC 3261 §13.3.1.4).
    pub(crate) fn accept(&mut self, id: DialogId, transaction: TransactionId, reply: &Reply) {
        let Some(server) = self.servers.get(&transaction) else {
            return;
        };
        let mut response = self.response(&server.request, reply, &server.to_tag.to_str());
        let invite = server.request.clone();
        let local = server.flow;
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        dialog.complete_answer(&invite, &mut response, local);
        dialog.stage = Stage::Confirmed;
        dialog.reliable.stop();
        dialog.refresh_target(&invite.headers);
        self.timers.cancel(&Timer::ReliableRepeat(id));
        self.timers.cancel(&Timer::ReliableGiveUp(id));
        self.timers.cancel(&Timer::RingingRepeat(id));
        let Some((destination, bytes)) = self.respond(transaction, &response) else {
            return;
        };
        let cseq = invite.headers.typed::<sidetone_sip::headers::CSeq>().ok().flatten();
        let cseq = cseq.map_or(0, |cseq| cseq.number);
        let pause = self.settings.t1;
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.answer = Some(Answer { cseq, bytes, destination, pause });
        }
        self.timers.set(Timer::AnswerRepeat(id), self.now + pause);
        self.timers.set(Timer::AnswerGiveUp(id), self.now + self.settings.patience());
        self.start_session(id);
    }

    /// The 2xx again: at T1, 2·T1 … up to T2, over any transport.
    pub(crate) fn repeat_answer(&mut self, id: DialogId) {
        let t2 = self.settings.t2;
        let answer = self.dialogs.get_mut(&id).and_then(|dialog| dialog.answer.as_mut());
        let Some(answer) = answer else { return };
        answer.pause = answer.pause.saturating_mul(2).min(t2);
        let (pause, destination, bytes) = (answer.pause, answer.destination, answer.bytes.clone());
        self.timers.set(Timer::AnswerRepeat(id), self.now + pause);
        self.retransmitted_total += 1;
        self.send(destination, bytes);
    }

    /// No ACK in 64·T1: the call is over (RFC 3261 §13.3.1.4).
    pub(crate) fn give_up_answer(&mut self, id: DialogId) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        match dialog.closing.take() {
            Some(headers) => self.hang_up(id, &headers),
            None => self.end_with(id, Ended::NoAck),
        }
    }

    /// An ACK that belongs to no transaction: that of a 2xx.
    pub(crate) fn receive_ack(&mut self, flow: Flow, request: Request, essentials: &Essentials) {
        let local = essentials.to.tag().cloned().unwrap_or_default();
        let remote = essentials.from.tag().cloned().unwrap_or_default();
        let id = self.find_dialog(&essentials.call_id.0, &local, &remote);
        let awaited = id.filter(|id| {
            let answer = self.dialogs.get(id).and_then(|dialog| dialog.answer.as_ref());
            answer.is_some_and(|answer| answer.cseq == essentials.cseq.number)
        });
        let Some(id) = awaited else {
            // A repeated ACK, or a stray one.
            self.dropped_total += 1;
            return;
        };
        self.timers.cancel(&Timer::AnswerRepeat(id));
        self.timers.cancel(&Timer::AnswerGiveUp(id));
        self.attach_dialog(id, flow);
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        dialog.answer = None;
        match dialog.closing.take() {
            Some(headers) => self.hang_up(id, &headers),
            None => self.emit(Event::Acked { dialog: id, ack: Box::new(request) }),
        }
    }

    /// A SUBSCRIBE or REFER outside dialogs was accepted: it makes one (RFC 6665 §4.4.1).
    pub(crate) fn open_subscription(&mut self, transaction: TransactionId, reply: &Reply) {
        let Some(server) = self.servers.get(&transaction) else {
            return;
        };
        let Ok(essentials) = Essentials::read(&server.request) else {
            return;
        };
        let session = Session::off();
        let origin = Origin::Subscription;
        let tag = server.to_tag.clone();
        let mut dialog =
            incoming_dialog(&server.request, &essentials, tag, origin, server.flow, session);
        dialog.stage = Stage::Confirmed;
        dialog.learn_contact(&reply.headers);
        self.insert_dialog(DialogId(transaction.0), dialog);
    }
}

/// The dialog a request of the peer makes (RFC 3261 §12.1.1). Peers of RFC 2543 send no Contact:
/// then From is where they are.
fn incoming_dialog(
    request: &Request,
    essentials: &Essentials,
    local_tag: Text,
    origin: Origin,
    flow: Flow,
    session: Session,
) -> Dialog {
    let contact = request.headers.typed::<Contact>().ok().flatten();
    let target: Uri = contact
        .and_then(|contact| contact.uri().cloned())
        .unwrap_or_else(|| essentials.from.uri.clone())
        .without_headers();
    let mut to = essentials.to.clone();
    to.0.params.set("tag", Some(local_tag.clone()));
    let remote_tag = essentials.from.tag().cloned().unwrap_or_default();
    let call_id = essentials.call_id.0.clone();
    Dialog {
        key: DialogKey { call_id, local_tag, remote_tag },
        local: to.to_text(),
        remote: request.headers.value(Name::From).cloned().unwrap_or_default(),
        local_seq: 0,
        remote_seq: Some(essentials.cseq.number),
        target,
        routes: record_routes(&request.headers, false),
        contact: None,
        sent_by: Text::from(flow.local.to_string()),
        reach: Reach { flow: Some(flow), first: None, pinned: None },
        stage: Stage::Early,
        origin,
        answer: None,
        ack: None,
        unacknowledged: None,
        reliable: Reliable::of_peer(&request.headers, essentials.cseq.number),
        session,
        requests: Vec::new(),
        pending: Vec::new(),
        closing: None,
        told: None,
        usages: Usages::default(),
        proof: None,
        ack_credentials: Vec::new(),
    }
}

impl Dialog {
    /// Takes our address from the Contact the owner wrote: it is what the peer may see.
    pub(crate) fn learn_contact(&mut self, headers: &[(String, String)]) {
        let value =
            headers.iter().find(|(name, _)| Name::lookup(name.as_bytes()) == Some(Name::Contact));
        let Some((_, value)) = value else { return };
        let value = Text::from(value.as_str());
        let parsed = Contact::parse(&value).ok();
        if let Some(uri) = parsed.as_ref().and_then(Contact::uri).and_then(Uri::as_sip) {
            let mut sent_by = Vec::new();
            uri.host.write(&mut sent_by);
            if let Some(port) = uri.port {
                sent_by.extend_from_slice(format!(":{port}").as_bytes());
            }
            self.sent_by = Text::from(sent_by);
        }
        self.contact = Some(value);
    }

    /// What every 2xx of ours to INVITE and UPDATE has: Contact and the session interval.
    pub(crate) fn complete_answer(
        &mut self,
        request: &Request,
        response: &mut Response,
        flow: Flow,
    ) {
        if !response.headers.has(Name::Contact) {
            let transport = flow.transport.param_name();
            let contact = self.contact.clone().unwrap_or_else(|| {
                Text::from(format!("<sip:{};transport={transport}>", flow.local))
            });
            response.headers.push(Name::Contact, contact);
        }
        if matches!(request.method, Method::Invite | Method::Update) {
            self.session.answer(&request.headers, response);
        }
    }
}
